"""Refusals of those who have not yet shown who they are."""

from presets_store.errors import CuelightError, Kind


class TooManyFailures(CuelightError):
    """Too many wrong signatures, tokens or passwords of late, from one address, for one key or user or unknown ones."""

    code = "too_many_failures"
    kind = Kind.LIMITED
    template = (
        "Too many wrong {what} from this address; try again in {retry_after} s. Other addresses are not affected."
    )


class NotPrivate(CuelightError):
    """Secrets would go through a network for all to read."""

    code = "not_private"
    kind = Kind.FORBIDDEN
    template = "Passwords, sessions and enrolment tokens are taken over TLS only, or from this computer: use https://."


class CredentialsMissing(CuelightError):
    """No user name and password in the form of HTTP Basic."""

    code = "credentials_missing"
    kind = Kind.UNAUTHENTICATED
    template = "Authorization must be 'Basic ' and the base64 of USER:PASSWORD in UTF-8, at most {limit} characters."


class TokenMissing(CuelightError):
    """A request of the scripts API with neither a token nor a signature."""

    code = "token_missing"
    kind = Kind.UNAUTHENTICATED
    template = "Send 'Authorization: Bearer TOKEN' with a token of POST /api/v1/token, or sign the request."
