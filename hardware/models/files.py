"""Media files as their sidecars describe them."""

from typing import Literal

from pydantic import Field

from hardware.models.camera import Codec, Model


class ClipFile(Model):
    """The sidecar of a segment (`<file>.json`) and what the agent indexes.

    Written when the segment opens (`closed` false, `size` 0, no `sha256`), again when it is whole. `context` is the
    order's: event uuid, key, attempt, camera. `pre_roll_seconds`: how long before the request it begins;
    `lapse_seconds`: the time between two pictures of a time-lapse. `thumbnail` is the name of a small JPEG beside it.
    `recovered` tells that it was closed by recovery after a kill. `note` says what is unusual about its pictures, such
    as the test picture in the camera's place.
    """

    version: Literal[1] = 1
    file: str
    index: int
    codec: Codec
    width: int
    height: int
    rate: float
    encoded: bool
    first_mono_ns: int
    start_wall_ns: int
    clock_quality: str
    boot_id: str
    closed: bool = False
    recovered: bool = False
    seconds: float = 0.0
    frames: int = 0
    dropped: int = 0
    size: int = 0
    sha256: str = ""
    note: str = ""
    pre_roll_seconds: float = 0.0
    audio: bool = False
    lapse_seconds: float = 0.0
    thumbnail: str = ""
    context: dict[str, str] = Field(default_factory=dict)


class PhotoFile(Model):
    """The sidecar of a photo (`<file>.json`), written before it: no photo is ever without one.

    `mono_ns` and `taken_wall_ns` are the capture time, `width` and `height` the file's own size. `copied`: the camera's
    own JPEG, untouched. `context` is the order's; `note` as in `ClipFile`.
    """

    version: Literal[1] = 1
    file: str
    index: int
    width: int
    height: int
    encoding: Literal["jpg", "png"]
    mono_ns: int
    taken_wall_ns: int
    clock_quality: str
    boot_id: str
    size: int
    sha256: str
    copied: bool
    note: str = ""
    context: dict[str, str] = Field(default_factory=dict)
