"""Refusals that only the HTTP edge knows. Each text says what would be right and shows no secret."""

from presets_store.errors import CuelightError, Kind


class NonceUsed(CuelightError):
    """The nonce was seen before."""

    code = "nonce_used"
    kind = Kind.UNAUTHENTICATED
    template = "This X-Nonce was used before; a request, even a repeated one, needs a new nonce and signature."


class NonceMemoryFull(CuelightError):
    """More signed requests within the window than can be remembered."""

    code = "too_many_requests"
    kind = Kind.LIMITED
    template = "Too many requests within the time window of signatures; try again in a few minutes."


class SignatureHeaderRepeated(CuelightError):
    """Two values for one header of the signature: a proxy and this server might read different ones."""

    code = "signature_header_repeated"
    kind = Kind.UNAUTHENTICATED
    template = "The header {header} occurs more than once; a signed request has it once."


class NotByProxy(CuelightError):
    """Plain HTTP, and not by one of the proxies that the settings name."""

    code = "not_by_proxy"
    kind = Kind.FORBIDDEN
    template = "This server is asked through its proxy only: use its public address."


class LinkRefused(CuelightError):
    """The token of a link is over, is for another camera, or was made before the device's agent was started."""

    code = "link_refused"
    kind = Kind.UNAUTHENTICATED
    template = "This link does not open that, or no more; ask for a new one: POST /v1/camera/{{camera}}/viewlink."


class InvalidIdempotencyKey(CuelightError):
    """The header has no usable form."""

    code = "invalid_idempotency_key"
    kind = Kind.INVALID
    template = "Idempotency-Key must be 1 to 128 printable ASCII characters without blanks, such as a UUID."


class InvalidHeader(CuelightError):
    """A header of ours has no usable form."""

    code = "invalid_header"
    kind = Kind.INVALID
    template = "{header} must be at most 128 printable ASCII characters without blanks."


class NotOffered(CuelightError):
    """A route of the contract that this product leaves out on purpose."""

    code = "not_implemented"
    kind = Kind.UNSUPPORTED
    template = "cuelight does not offer {what}."


class QueryNotOffered(NotOffered):
    """The query asks for something of the contract that this product leaves out on purpose."""


class TooManyListeners(CuelightError):
    """The limit of live listeners is reached."""

    code = "too_many_listeners"
    kind = Kind.LIMITED
    template = "All places for live listeners are taken; close one, or try again later."
