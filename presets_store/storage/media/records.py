"""Rows of uploaded media. Times are integer microseconds since the Unix epoch (UTC); 0 means never."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from presets_store.protocol.statuses import MediaStatus


class Place(StrEnum):
    """Where the bytes of a file are."""

    DISK = "disk"
    """In the hub's folder for uploads."""
    BUCKET = "bucket"
    MEDIA = "media"
    """In the media folder of the device on which this store runs, where it was recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file that a device announced, or recorded. `path` is relative to its place; `expires` 0: kept until deleted.

    `sha256` and `size` are what was announced and what the bytes must be. `uploaded` 0: the bytes are not here yet.
    `status` is ANNOUNCED, TRANSFERRING (the bytes are here, and their sender has not said so), FILE_AVAILABLE, or, of a
    recording that is not in the media folder any more, ANNOUNCED_BUT_MISSING.
    """

    key: int = 0
    guid: str
    device_key: int
    filename: str = ""
    sha256: str = ""
    size: int = 0
    place: Place
    path: str
    status: MediaStatus = MediaStatus.ANNOUNCED
    temporary: bool = False
    uploaded: int = 0
    expires: int = 0
    created: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """How far something that this device took is on its way to an upstream. `item_type_id`: video clip, image, sound.

    `remote_item_id`: the item as it is called there, 0 until it was announced. `remote_file_id`: its file, 0 until that
    was announced; `file_location`: where its bytes go, "" when they are there. `requested`: when somebody asked for it.
    """

    item_type_id: int
    item_key: int
    upstream: str
    remote_item_id: int = 0
    remote_file_id: int = 0
    file_location: str = ""
    requested: int = 0


class Rank(IntEnum):
    """What is sent first."""

    ALERT = 0
    """A clip of what a script did, or one that is protected."""
    REQUESTED = 1
    USUAL = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A photo. `file_id`: the uploaded file, 0 for none; `start` is when it was taken.

    `boot_id`, `clock_quality`, `mono` and `clock_correction` are those of a photo that this device took itself; see
    `Clip`.
    """

    key: int = 0
    device_key: int
    file_id: int = 0
    image_status: MediaStatus = MediaStatus.ANNOUNCED
    image_type_id: int = 0
    local_file_path: str = ""
    height: int = 0
    width: int = 0
    size: int = 0
    start: int = 0
    event_uuid: str = ""
    camera_id: str = ""
    sha256: str = ""
    clock_quality: str = ""
    boot_id: str = ""
    mono: int = 0
    clock_correction: int = 0
    created: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioClip:
    """Recorded sound; `bitrate` in bit/s. What is recorded here has a boot ID; see `Image`."""

    key: int = 0
    device_key: int
    file_id: int = 0
    audio_clip_status: MediaStatus = MediaStatus.ANNOUNCED
    audio_clip_type_id: int = 0
    audio_clip_parameters: str = ""
    local_file_path: str = ""
    size: int = 0
    bitrate: int = 0
    start: int = 0
    seconds: float = 0.0
    event_uuid: str = ""
    sha256: str = ""
    clock_quality: str = ""
    boot_id: str = ""
    mono: int = 0
    clock_correction: int = 0
    created: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A word that clips, images and sounds can be found by; `folded` is its name without case, which is unique."""

    key: int = 0
    name: str
    folded: str
    created: int = 0
