"""A camera and what it delivers: specification, formats, controls, packets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

BackendName = Literal["auto", "v4l2", "network", "rpicam", "opencv", "file", "bars", "null"]

BACKEND_NAMES: tuple[BackendName, ...] = ("auto", "v4l2", "network", "rpicam", "opencv", "file", "bars", "null")
"""Every camera source by its name in the settings; `registry.py` maps them to code (only the host imports it)."""

ControlValue = bool | int | str
"""What a control is set to: a number, on or off, or a menu entry by its name."""


class Model(BaseModel):
    """Base of all messages and their parts: strict about unknown members, immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Codec(StrEnum):
    """How a packet's bytes are coded; of the raw ones the rows are packed."""

    H264 = "h264"
    HEVC = "hevc"
    MJPEG = "mjpeg"
    YUYV = "yuyv"
    NV12 = "nv12"


RAW_CODECS = frozenset({Codec.YUYV, Codec.NV12})
"""Pictures that are not compressed: large, each for itself, and in no file or stream as they are."""


class Format(Model):
    """One way a camera delivers pictures. `rate` in frames per second."""

    codec: Codec
    width: int = Field(gt=0, le=16384)
    height: int = Field(gt=0, le=16384)
    rate: float = Field(gt=0, le=1000)


class Control(Model):
    """One control of a camera. `name` is its label in snake case: "white_balance_automatic".

    `menu` maps values to names, in snake case too; of an integer menu they are numbers. `value` is None when it cannot
    be read (a button has none). `inactive`: another control has the say now, such as an automatic. 64-bit values fit.
    """

    name: str
    label: str
    kind: Literal["integer", "boolean", "menu", "integer_menu", "button", "integer64", "bitmask", "string"]
    minimum: int = 0
    maximum: int = 0
    step: int = 0
    default: int = 0
    value: ControlValue | None = None
    menu: dict[int, str] = Field(default_factory=dict)
    inactive: bool = False
    read_only: bool = False


class Adjustment(Model):
    """What somebody wants of a camera's picture and encoder; None and empty where it does not matter.

    `controls` are the camera's own, by name. The others are told in the terms of events: `shutter_us` in microseconds,
    0 automatic; `ev` in stops; `gain` a factor; `brightness` -1..1; `contrast`, `saturation`, `sharpness` multiply, 1
    is the camera's default. `encoder` holds parameters of a camera's own encoder by their names in a Recording
    (`h264_profile`, `video_bitrate_mode`, ...) and `bitrate` in bit/s.
    """

    controls: dict[str, ControlValue] = Field(default_factory=dict)
    shutter_us: int | None = None
    exposure: str | None = None
    ev: float | None = None
    gain: float | None = None
    awb: str | None = None
    denoise: str | None = None
    hdr: str | None = None
    brightness: float | None = None
    contrast: float | None = None
    saturation: float | None = None
    sharpness: float | None = None
    encoder: dict[str, int] = Field(default_factory=dict)

    def asked(self) -> Mapping[str, object]:
        """What is wanted, by member; `controls` and `encoder` by the names inside them."""
        plain = {name: value for name, value in self if name not in ("controls", "encoder") and value is not None}
        return {**plain, **self.controls, **self.encoder}


@dataclass(frozen=True, slots=True)
class Adjusted:
    """What became of an `Adjustment`: `met` names what the camera does now; `unmet` says for each of the others why."""

    met: frozenset[str] = frozenset()
    unmet: Mapping[str, str] = field(default_factory=dict)

    def notes_on(self, wanted: Adjustment) -> tuple[str, ...]:
        """`unmet` for people, a line for each reason; `wanted` is what was asked for."""
        asked = wanted.asked()
        names: dict[str, list[str]] = {}
        for name, reason in self.unmet.items():
            names.setdefault(reason, []).append(f"{name}={asked[name]}")
        return tuple(f"{', '.join(those)} not set: {reason}" for reason, those in names.items())


class CameraSpec(Model):
    """A camera as the settings describe it. `camera_id` is stable, fit for file names; `options` are the backend's.

    `controls` are applied at each open. `user` and `secret` are for cameras behind a network. `microphone` is an ALSA
    device, empty for none. `filmed`: a live camera delivered pictures for it before, in this run of the agent.
    `undo_file`: where the source notes what it must set back if it is killed; empty: nowhere.
    """

    camera_id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")
    name: str
    backend: BackendName
    address: str = ""
    options: dict[str, str] = Field(default_factory=dict)
    controls: dict[str, ControlValue] = Field(default_factory=dict)
    user: str = ""
    secret: str = Field(default="", repr=False)
    microphone: str = ""
    ring_seconds: float = Field(default=2.0, ge=0, le=60)
    prefer: Format | None = None
    filmed: bool = False
    undo_file: str = ""


class CameraInfo(Model):
    """What a source declares about itself: `formats` it can deliver, whether it is `live` (a real camera)."""

    name: str
    backend: str
    address: str
    live: bool
    formats: tuple[Format, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Packet:
    """One coded picture. `data` is copied bytes, never a driver's buffer. `sequence` counts as the driver counts."""

    data: bytes
    codec: Codec
    width: int
    height: int
    mono_ns: int
    sequence: int
    key: bool
