"""Refusals of the services. Each text says what would be right."""

from presets_store.errors import CuelightError, Kind

_LISTS = {
    "event preset": " The presets of a device: GET /v1/eventpreset/list/device/{deviceID}, or `cuelight preset list`.",
    "device": " The devices that there are: GET /v1/device/list.",
    "device group": " The device groups that there are: GET /v1/devicegroup/list.",
    "user": " The users that there are: GET /v1/user/list, or `cuelight user list`.",
    "enrolment": " The enrolments that there are: GET /v1/enrolment/list.",
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
    template = "A device with the serial number {serial} exists already (key {key}{archived})."

    def __init__(self, *, serial: str, key: int, archived: bool = False) -> None:
        said = f", archived: PATCH /v1/device/{key} with isArchived false brings it back" if archived else ""
        super().__init__(serial=serial, key=key, archived=said)


class GroupNameTaken(CuelightError):
    """Another device group has the name."""

    code = "group_name_taken"
    kind = Kind.CONFLICT
    template = "There is a device group named {name!r} already; POST /v1/devicegroup/name shows it."


class GroupInUse(CuelightError):
    """Presets target the device group, or users are scoped to it."""

    code = "group_in_use"
    kind = Kind.CONFLICT
    template = "Device group {key} cannot be deleted: {uses}. Change or delete those first."


class GroupEmpty(CuelightError):
    """The device group of a preset has no devices to run it."""

    code = "group_empty"
    kind = Kind.CONFLICT
    template = (
        "Device group {key} has no devices; add one with POST /v1/devicegroup/{key}/device/{{deviceID}}, or name "
        "devices in data."
    )


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


class TooManyPolls(CuelightError):
    """The limit of waiting long-polls is reached."""

    code = "too_many_polls"
    kind = Kind.LIMITED
    template = "{limit} requests wait for the events of {what} already; try again later, or let one of them end."


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
