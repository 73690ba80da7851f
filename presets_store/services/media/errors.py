"""Refusals of files. Each text says what would be right."""

from presets_store.errors import CuelightError, Kind


class AddressRefused(CuelightError):
    """The address of a file is over, is for something else, or was not made here."""

    code = "address_refused"
    kind = Kind.FORBIDDEN
    template = (
        "This address does not allow that, or no more. One to fetch a file comes from GET /v1/file/{{id}}, one to send "
        "a file to from POST /v1/file."
    )


class AddressUnknown(CuelightError):
    """Addresses of files cannot be made: where this store is reached was never said."""

    code = "public_url_unknown"
    kind = Kind.UNAVAILABLE
    template = "Where this store is reached is not known, so it can give no address of a file: set public_url."


class UploadsOff(CuelightError):
    """The store was given no place for files."""

    code = "uploads_off"
    kind = Kind.UNAVAILABLE
    template = "This store takes no files: its settings name neither a folder nor a bucket for them."


class BucketUnsupported(CuelightError):
    """What speaks to buckets is not installed."""

    code = "bucket_unsupported"
    kind = Kind.UNAVAILABLE
    template = "Files cannot go to a bucket, because {missing} is not installed: install cuelight with the extra `hub`."


class FileTooLarge(CuelightError):
    """More bytes than were announced, or than one file may have."""

    code = "file_too_large"
    kind = Kind.TOO_LARGE
    template = "{what} may have at most {limit} bytes; {reason}."


class BytesDiffer(CuelightError):
    """The bytes are not those that were announced; they were thrown away."""

    code = "bytes_differ"
    kind = Kind.UNPROCESSABLE
    template = (
        "What was sent as file {key} is not what was announced: {difference}. Send it again, or announce it anew."
    )


class OffsetDiffers(CuelightError):
    """A sending is to go on where none has ended."""

    code = "upload_offset_differs"
    kind = Kind.CONFLICT
    template = (
        "File {key} cannot go on at byte {offset}, as {there} are here: ask with HEAD for `Upload-Offset`, or PUT the "
        "whole."
    )


class Superseded(CuelightError):
    """The sender of a file has begun anew."""

    code = "upload_superseded"
    kind = Kind.CONFLICT
    template = "File {key} is being sent by a later request: this one was ended."


class RangeUnusable(CuelightError):
    """A part of a file that cannot be taken."""

    code = "content_range_unusable"
    kind = Kind.INVALID
    template = (
        "`Content-Range: {given}` cannot be taken: give `bytes <first>-{last}/{size}`, from a byte that is to be the "
        "next one, to the end."
    )


class NotUploaded(CuelightError):
    """The bytes of an announced file are not here yet."""

    code = "not_uploaded"
    kind = Kind.CONFLICT
    template = "The bytes of file {key} are not here yet: PUT them to its fileLocation, then say so."


class FileGone(CuelightError):
    """The bytes of a file are not there any more, or not yet."""

    code = "file_gone"
    kind = Kind.NOT_FOUND
    template = "File {key} cannot be fetched: {reason}."


class FileKept(CuelightError):
    """A protected recording is not removed."""

    code = "file_protected"
    kind = Kind.CONFLICT
    template = "{file} is protected: end that first, with PUT /v1/clip/{key} or `cuelight clip unprotect {key}`."


class RecordingHeld(CuelightError):
    """Recordings of a device are removed by the device itself."""

    code = "recording_held"
    kind = Kind.CONFLICT
    template = "{file} lies in the media folder of a device, and only the agent of that device can remove it."


class NoRoom(CuelightError):
    """The disk for files is full."""

    code = "no_room"
    kind = Kind.UNAVAILABLE
    template = "There is no room for {size} bytes more: {free} are free, and {keep} of them are kept free."


class TooManyTransfers(CuelightError):
    """All places for uploads are taken."""

    code = "too_many_uploads"
    kind = Kind.LIMITED
    template = "All places for uploads are taken; try again in some seconds."


class StoreFailed(CuelightError):
    """The disk or bucket for files could not do its part."""

    code = "file_store_unavailable"
    kind = Kind.UNAVAILABLE
    template = "The place for files cannot be used now: {reason}"


class MediaTokenMissing(CuelightError):
    """A media server asks about somebody who showed nothing."""

    code = "media_token_missing"
    kind = Kind.UNAUTHENTICATED
    template = (
        "A token is needed: as a bearer token, as `token` in the query, or as the password of the user `token`. One to "
        "publish comes from POST /v1/token/mediarouter/publish, one to read from POST /v1/token/mediarouter/read."
    )


class MediaRefused(CuelightError):
    """The token is over, is for another path or action, or was not made here."""

    code = "media_refused"
    kind = Kind.FORBIDDEN
    template = "The token does not allow that, or no more: each is for one path, to publish or to read, for 5 minutes."
