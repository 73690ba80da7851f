"""What crosses the border between the agent and a camera host: specifications, formats, orders, reports.

Times named `*_ns` are nanoseconds: `*_mono_ns` of CLOCK_MONOTONIC (the same in all processes of a boot), `*_wall_ns`
since the Unix epoch. Light on purpose: importing this module loads neither cv2 nor av.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

PROTOCOL_VERSION = 1

BACKEND_NAMES = ("auto", "v4l2", "file", "bars", "null")
"""Every camera source by its name in the settings; `registry.py` maps them to code (only the host imports it)."""


class Model(BaseModel):
    """Base of all messages and their parts: strict about unknown members, immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Codec(StrEnum):
    """How a packet's bytes are coded."""

    H264 = "h264"
    HEVC = "hevc"
    MJPEG = "mjpeg"
    YUYV = "yuyv"


class Format(Model):
    """One way a camera delivers pictures. `rate` in frames per second."""

    codec: Codec
    width: int = Field(gt=0, le=16384)
    height: int = Field(gt=0, le=16384)
    rate: float = Field(gt=0, le=1000)


class CameraSpec(Model):
    """A camera as the settings describe it. `camera_id` is stable, fit for file names; `options` are the backend's."""

    camera_id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")
    name: str
    backend: Literal["auto", "v4l2", "file", "bars", "null"]
    address: str = ""
    options: dict[str, str] = Field(default_factory=dict)
    ring_seconds: float = Field(default=2.0, ge=0, le=60)
    prefer: Format | None = None


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


class RecordingOrder(Model):
    """Start of a recording sink.

    `consumer` is `<event uuid>/<attempt>/<continuation>`: what a witness journals. `folder` is absolute; segments are
    `<stem>-<index>.mp4` in it. `requested_mono_ns` is the moment of the request; with a warm camera the clip starts at
    or before it. `wall_offset_ns` is wall minus monotonic time by the agent's clock. `bitrate` is bit/s.
    `duration_seconds` counts from the later of request and first frame; 0 is until stopped.
    """

    type: Literal["start_recording"] = "start_recording"
    sink_id: str
    consumer: str
    folder: str
    stem: str
    first_index: int = 0
    requested_mono_ns: int
    wall_offset_ns: int
    clock_quality: str
    width: int = 0
    height: int = 0
    rate: float = 0.0
    bitrate: int = 0
    encoding: Literal["", "copy", "h264"] = ""
    gop: int = 60
    segment_seconds: float = 0.0
    duration_seconds: float = 0.0
    rotation_degrees: Literal[0, 90, 180, 270] = 0
    hflip: bool = False
    vflip: bool = False
    context: dict[str, str] = Field(default_factory=dict)


class StopSink(Model):
    type: Literal["stop_sink"] = "stop_sink"
    sink_id: str
    reason: str


class PhotoOrder(Model):
    """Start of a photo sink: one photo, or one every `interval_seconds` until stopped or `duration_seconds` are over.

    Files are `<stem>-<index>.<encoding>` in `folder` (absolute), each with a sidecar. No photo is older than its
    request: its frame was captured at `requested_mono_ns` or later. `duration_seconds` counts from the first photo; 0
    is until stopped. A camera's own JPEG is kept as it is when nothing but `quality` asks for a change.

    The camera is opened for a photo as for a recording (the nearest size that it has; `width` and `height` 0: its
    largest, or what the settings prefer), but never while a recording runs or, without a size, while it is open. The
    picture is then made smaller to fit into `width` x `height`, whichever way round, keeping its aspect; it is never
    made larger. `brightness` -1..1 is added (1 is full scale); `contrast`, `saturation` and `sharpness` multiply, 1 is
    unchanged.
    """

    type: Literal["photograph"] = "photograph"
    sink_id: str
    consumer: str
    folder: str
    stem: str
    requested_mono_ns: int
    wall_offset_ns: int
    clock_quality: str
    width: int = Field(default=0, ge=0, le=16384)
    height: int = Field(default=0, ge=0, le=16384)
    interval_seconds: float = Field(default=0.0, ge=0, le=1e9)
    duration_seconds: float = Field(default=0.0, ge=0, le=1e9)
    quality: int = Field(default=93, ge=1, le=100)
    encoding: Literal["jpg", "png"] = "jpg"
    rotation_degrees: Literal[0, 90, 180, 270] = 0
    hflip: bool = False
    vflip: bool = False
    brightness: float = Field(default=0.0, ge=-1, le=1)
    contrast: float = Field(default=1.0, ge=0, le=32)
    saturation: float = Field(default=1.0, ge=0, le=32)
    sharpness: float = Field(default=1.0, ge=0, le=32)
    context: dict[str, str] = Field(default_factory=dict)


class KeepWarm(Model):
    """Keep the camera open and its ring filled, or no longer. Size (pixels) and `rate` as in `RecordingOrder`."""

    type: Literal["keep_warm"] = "keep_warm"
    on: bool
    width: int = 0
    height: int = 0
    rate: float = 0.0


class TestPicture(Model):
    """Colour bars take the camera's place, or no longer. Recordings under way go on in a new segment."""

    type: Literal["test_picture"] = "test_picture"
    on: bool


class Configure(Model):
    """First message from the agent: which camera this host owns."""

    type: Literal["configure"] = "configure"
    version: int = PROTOCOL_VERSION
    spec: CameraSpec
    run_folder: str


class Ping(Model):
    type: Literal["ping"] = "ping"
    number: int


class Shutdown(Model):
    """Close every sink, end the open segments, exit."""

    type: Literal["shutdown"] = "shutdown"


class Granted(Model):
    """What a recording really does: how it is coded, what the camera grants, and notes for people."""

    codec: Codec
    width: int
    height: int
    rate: float
    encoded: bool
    notes: tuple[str, ...] = ()


class Greeting(Model):
    """First message from the host."""

    type: Literal["greeting"] = "greeting"
    version: int = PROTOCOL_VERSION
    pid: int


CameraState = Literal["closed", "opening", "open", "unavailable", "stalled"]


class CameraReport(Model):
    """The camera's state changed. `info` and `format` are known while it is open."""

    type: Literal["camera"] = "camera"
    state: CameraState
    reason: str = ""
    info: CameraInfo | None = None
    format: Format | None = None


class SinkStarted(Model):
    """The sink has its first frame; `first_mono_ns` is that frame's capture time stamp."""

    type: Literal["sink_started"] = "sink_started"
    sink_id: str
    first_mono_ns: int
    granted: Granted


class SinkProgress(Model):
    """At most twice a second. `seconds` of media written, `dropped` frames lost by this sink or before it."""

    type: Literal["sink_progress"] = "sink_progress"
    sink_id: str
    seconds: float
    frames: int
    size: int
    dropped: int


class SegmentClosed(Model):
    """A segment is whole and durable on disk: file and sidecar are fsynced."""

    type: Literal["segment_closed"] = "segment_closed"
    sink_id: str
    clip: "ClipFile"


class PhotoTaken(Model):
    """A photo is whole and durable on disk: file and sidecar are fsynced."""

    type: Literal["photo_taken"] = "photo_taken"
    sink_id: str
    photo: "PhotoFile"


class SinkEnded(Model):
    """Last message about a sink. `error` is empty for `stopped` and `duration`.

    Of photos: `seconds` from the first to the last one, `frames` taken, `dropped` places of the interval left out.
    """

    type: Literal["sink_ended"] = "sink_ended"
    sink_id: str
    outcome: Literal["stopped", "duration", "failed"]
    seconds: float
    frames: int
    dropped: int
    notes: tuple[str, ...] = ()
    error: str = ""
    message: str = ""


class Pong(Model):
    """Answer to `Ping`. `last_frame_mono_ns` is 0 while the camera is closed."""

    type: Literal["pong"] = "pong"
    number: int
    last_frame_mono_ns: int
    resident_bytes: int


class Refusal(Model):
    """An order that the host could not start. `code` is that of a HardwareError."""

    type: Literal["refusal"] = "refusal"
    sink_id: str
    code: str
    message: str


class ClipFile(Model):
    """The sidecar of a segment (`<file>.json`) and what the agent indexes.

    Written when the segment opens (`closed` false, `size` 0, no `sha256`), again when it is whole. `context` is the
    order's: event uuid, key, attempt, camera. `recovered` tells that it was closed by recovery after a kill. `note`
    says what is unusual about its pictures, such as the test picture in the camera's place.
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


SegmentClosed.model_rebuild()
PhotoTaken.model_rebuild()

Order = Annotated[
    Configure | RecordingOrder | PhotoOrder | StopSink | KeepWarm | TestPicture | Ping | Shutdown,
    Field(discriminator="type"),
]
"""What the agent sends."""

Report = Annotated[
    Greeting | CameraReport | SinkStarted | SinkProgress | SegmentClosed | PhotoTaken | SinkEnded | Pong | Refusal,
    Field(discriminator="type"),
]
"""What the host sends."""
