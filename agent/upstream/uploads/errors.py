"""Why a file is not sent or fetched."""

from agent.errors import ActionError
from presets_store.errors import Kind


class FileUnsendable(ActionError):
    """A file that cannot be sent as it was recorded."""

    code = "file_unsendable"
    kind = Kind.CONFLICT
    template = "{file} cannot be sent: {reason}"


class NoUpload(ActionError):
    """Uploads to the upstream are not possible on this device at all."""

    code = "no_upload"
    kind = Kind.CONFLICT
    template = "nothing is sent: {reason}"


class UnknownFile(ActionError):
    """Nothing that this device took goes by that name."""

    code = "unknown_file"
    kind = Kind.NOT_FOUND
    template = "this device has no {what}"


class GivenUp(ActionError):
    """Somebody cleared the queue of uploads."""

    code = "upload_given_up"
    kind = Kind.CONFLICT
    template = "{file} is not sent: the queue of uploads was cleared"


class TransferTooLong(ActionError):
    """It took longer than its event allows."""

    code = "transfer_too_long"
    template = "not done after {seconds:g} s, the time that maxTimeToTryInSeconds gives it"


class Unfetchable(ActionError):
    """A file that cannot be fetched."""

    code = "file_unfetchable"
    kind = Kind.CONFLICT
    template = "{url} cannot be fetched: {reason}"
