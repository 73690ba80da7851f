"""Media files as their sidecars describe them."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from hardware.models.camera import Codec, Model


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError("must be absolute")
    return path


AbsolutePath = Annotated[Path, AfterValidator(_absolute)]
"""What a job is given: it does not depend on where a process runs."""


class ClipFile(Model):
    """The sidecar of a segment (`<file>.json`) and what the agent indexes.

    Written when the segment opens (`closed` false, `size` 0, no `sha256`), again when it is whole. `context` is the
    order's: event uuid, key, attempt, camera. `pre_roll_seconds`: how long before the request it begins;
    `lapse_seconds`: the time between two pictures of a time-lapse. `thumbnail` is the name of a small JPEG beside it.
    `recovered` tells that it was closed by recovery after a kill. `note` says what is unusual about its pictures, such
    as the test picture in the camera's place. `made` tells a clip that was made of others from a recording, and
    `made_by` with which parameters (JSON).
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
    made: Literal["recorded", "joined", "extracted", "transcoded"] = "recorded"
    made_by: str = ""
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


class SoundFile(Model):
    """The sidecar of a sound recording (`<file>.json`), written as `ClipFile` is: when it opens, and when it is whole.

    `encoding` is the codec, `sample_rate` in Hz, `bitrate` in bit/s as asked for (0: none); `microphone` its ALSA name.
    """

    version: Literal[1] = 1
    file: str
    encoding: Literal["opus", "aac", "flac"]
    sample_rate: int
    bitrate: int
    microphone: str
    first_mono_ns: int
    start_wall_ns: int
    clock_quality: str
    boot_id: str
    closed: bool = False
    recovered: bool = False
    seconds: float = 0.0
    size: int = 0
    sha256: str = ""
    note: str = ""
    context: dict[str, str] = Field(default_factory=dict)
