"""Refusals about users, sessions and enrolment."""

from presets_store.errors import CuelightError, Kind


class UserNameTaken(CuelightError):
    """Another user has the name."""

    code = "user_name_taken"
    kind = Kind.CONFLICT
    template = "There is a user named {name!r} already; `cuelight user list` or GET /v1/user/list shows all."


class LastAdmin(CuelightError):
    """Nobody would be left who may manage users."""

    code = "last_admin"
    kind = Kind.CONFLICT
    template = "{name!r} is the last active administrator of all devices: make another one first."


class SignInRefused(CuelightError):
    """No active user of that name with that password."""

    code = "sign_in_refused"
    kind = Kind.UNAUTHENTICATED
    template = "The user name or the password is wrong."


class TooManySignIns(CuelightError):
    """More passwords are being checked than this process can at once."""

    code = "too_many_sign_ins"
    kind = Kind.LIMITED
    template = "Too many users sign in at this moment; try again in a few seconds."


class SessionOver(CuelightError):
    """The session has expired or was ended, or there never was one of this token."""

    code = "session_over"
    kind = Kind.EXPIRED
    template = "This session is over: sign in again with POST /v1/session."


class TooManySessions(CuelightError):
    """The user has as many sessions as one may have. `session_id`: the oldest, which may be ended for a new one."""

    code = "too_many_sessions"
    kind = Kind.EXPIRED
    template = "{limit} sessions of this user are open: repeat it with session_id {session_id}, which ends that one."

    def __init__(self, *, limit: int, session_id: int) -> None:
        self.session_id = session_id
        super().__init__(limit=limit, session_id=session_id)


class EnrolmentRefused(CuelightError):
    """The token was used, has expired, was withdrawn, or there never was one."""

    code = "enrolment_refused"
    kind = Kind.FORBIDDEN
    template = (
        "This enrolment token opens nothing: it was used, is over, is for another device, or never was. "
        "Ask for a new one."
    )


class SerialEnrolled(CuelightError):
    """The device is known, and the token makes a new one."""

    code = "serial_enrolled"
    kind = Kind.CONFLICT
    template = "A device with this serial number is known already: ask for a token that is made for it (its deviceID)."


class KeyMissing(CuelightError):
    """A request about the caller's own keys that none of them signs: from a session, or a trusted peer."""

    code = "key_missing"
    kind = Kind.INVALID
    template = "This is about the access key that signs the request: sign it with one."


class TooManyKeys(CuelightError):
    """A user who makes further keys for himself has as many as that takes."""

    code = "too_many_keys"
    kind = Kind.CONFLICT
    template = (
        "{name!r} has {count} active access keys, and needs no more than {limit} to change from one to another: "
        "DELETE /v1/apikey/own/others revokes those that do not sign."
    )
