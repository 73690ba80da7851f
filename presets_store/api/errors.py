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


class LocalOnly(CuelightError):
    """The route answers peers on the Unix socket only, whom the permissions of its file let in."""

    code = "local_only"
    kind = Kind.FORBIDDEN
    template = "Only a peer on the Unix socket of the device may do this: use the command line there."


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


class TooManyListeners(CuelightError):
    """The limit of live listeners is reached."""

    code = "too_many_listeners"
    kind = Kind.LIMITED
    template = "All places for live listeners are taken; close one, or try again later."
