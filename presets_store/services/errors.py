"""Refusals of the services. Each text says what would be right."""

from presets_store.errors import CuelightError, Kind

_LISTS = {
    "event preset": " The presets of a device: GET /v1/eventpreset/list/device/{deviceID}, or `cuelight preset list`.",
    "device": " The devices that there are: GET /v1/device/list.",
    "access key": " The access keys that there are: GET /v1/apikey/list, or `cuelight key list`.",
}


class NotFound(CuelightError):
    """No such record. The text says how to list those that there are."""

    code = "not_found"
    kind = Kind.NOT_FOUND
    template = "There is no {what} {name}.{hint}"

    def __init__(self, *, what: str, name: object) -> None:
        super().__init__(what=what, name=name, hint=_LISTS.get(what, ""))


class InvalidInput(CuelightError):
    """The values do not fit together."""

    code = "invalid_input"
    kind = Kind.INVALID
    template = "{reason}"


class SerialTaken(CuelightError):
    """Another device has the serial number."""

    code = "serial_taken"
    kind = Kind.CONFLICT
    template = "A device with the serial number {serial} exists already (key {key})."


class ClipGone(CuelightError):
    """There is no file left to protect."""

    code = "clip_gone"
    kind = Kind.CONFLICT
    template = "The clip {key} is {state}: there is no file left to protect."


class KeyRevoked(CuelightError):
    """The access key was revoked; that is for good."""

    code = "key_revoked"
    kind = Kind.CONFLICT
    template = (
        "The access key {key} is revoked, for good; make a new one with POST /v1/apikey or `cuelight key create`."
    )


class RecordDiffers(CuelightError):
    """An event was recorded before under the same UUID, with another outcome."""

    code = "record_differs"
    kind = Kind.CONFLICT
    template = "The event {uuid} was recorded before with other values; a repeat must be identical."


class NonceSpent(CuelightError):
    """The nonce of a write was used before."""

    code = "nonce_used"
    kind = Kind.UNAUTHENTICATED
    template = "This X-Nonce was used before; a request, even a repeated one, needs a new nonce and signature."


class IdempotencyMismatch(CuelightError):
    """The idempotency key belongs to another request."""

    code = "idempotency_key_reused"
    kind = Kind.UNPROCESSABLE
    template = "This Idempotency-Key was used for a different request within 24 hours; use a new key for a new request."


class KeyUnknown(CuelightError):
    """No active access key of this name. At the edge it looks like a wrong signature."""

    code = "not_authenticated"
    kind = Kind.UNAUTHENTICATED
    template = "The access key or the signature is wrong."


class AnsweredBefore(CuelightError):
    """Not a failure: this write was carried out earlier; `body` is the answer it got then. The edge gives it again."""

    code = "answered_before"
    kind = Kind.CONFLICT
    template = "This request was answered before."

    def __init__(self, body: str) -> None:
        self.body = body
        super().__init__()
