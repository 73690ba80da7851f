"""Errors of the device's enrolment."""

from presets_store.errors import CuelightError, Kind


class EnrolmentOverruled(CuelightError):
    """The settings say what an enrolment would."""

    code = "enrolment_overruled"
    kind = Kind.CONFLICT
    template = "{setting} of [upstream] is in the settings, which win: {remedy}"


class NotEnrolled(CuelightError):
    """There is no sealed key pair to change."""

    code = "not_enrolled"
    kind = Kind.CONFLICT
    template = "this device has no key pair from an enrolment ({reason}); get one with: cuelight enroll URL TOKEN"


class ChangeNotOffered(CuelightError):
    """The upstream is another server than ours, or an older one."""

    code = "key_change_not_offered"
    kind = Kind.UNSUPPORTED
    template = "{url} offers no change of a device's key; enroll the device anew instead"


class NewKeyRefused(CuelightError):
    """The new pair opens nothing; the one before goes on being used."""

    code = "new_key_refused"
    kind = Kind.CONFLICT
    template = "{url} does not take the new key that it gave; the old one stays: {text}"


class SocketOnly(CuelightError):
    """A request that only a peer on the device's Unix socket may make."""

    code = "socket_only"
    kind = Kind.FORBIDDEN
    template = "this is done at the device itself, over its Unix socket: cuelight enroll, cuelight key"


class AddressRefused(CuelightError):
    """What is no address of an upstream."""

    code = "address_refused"
    kind = Kind.INVALID
    template = "this is no address of an upstream: {problem}"


class StateOfAnother(CuelightError):
    """What this command would write, the agent could not read."""

    code = "state_of_another"
    kind = Kind.FORBIDDEN
    template = "{folder} belongs to another user (id {owner}): be that user or root, or start the agent first"
