"""What the agent tells a camera host."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from hardware.models.camera import Adjustment, CameraSpec, Model

PROTOCOL_VERSION = 3

ZoneKind = Literal["include", "exclude", "area", "line"]

OptionValue = bool | int | float | str
"""What an option of an analyser is set to."""

_Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class RecordingOrder(Model):
    """Start of a recording sink.

    `consumer` is `<event uuid>/<attempt>/<continuation>`: what a witness journals. `folder` is absolute; segments are
    `<stem>-<index>.<container>` in it. `requested_mono_ns` is the moment of the request; with a warm camera the clip
    starts at or before it, with `pre_roll_seconds` that long before it, as far as the ring reaches; at `since_mono_ns`
    if that is earlier, and nothing is said when the ring does not reach so far. `wall_offset_ns` is wall minus
    monotonic time by the agent's clock. `bitrate` is bit/s.
    `duration_seconds` counts from the later of request and first frame; 0 is until stopped. `aligned`: segments end at
    multiples of `segment_seconds` of wall time. With `lapse_seconds` one picture is kept in that time, and shown at
    `rate`. `overlay`: text drawn into the picture, `{time}` and `{name}` are filled in.
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
    container: Literal["mp4", "mkv", "ts"] = "mp4"
    gop: int = 60
    segment_seconds: float = 0.0
    aligned: bool = False
    duration_seconds: float = 0.0
    pre_roll_seconds: float = Field(default=0.0, ge=0, le=60)
    since_mono_ns: int | None = None
    lapse_seconds: float = Field(default=0.0, ge=0, le=86_400)
    audio: bool = False
    overlay: str = Field(default="", max_length=200)
    adjustment: Adjustment = Adjustment()
    rotation_degrees: Literal[0, 90, 180, 270] = 0
    hflip: bool = False
    vflip: bool = False
    context: dict[str, str] = Field(default_factory=dict)

    @property
    def from_mono_ns(self) -> int:
        """The moment from which on pictures are wanted, those of before the request included."""
        asked = self.requested_mono_ns - round(self.pre_roll_seconds * 1e9)
        return asked if self.since_mono_ns is None else min(asked, self.since_mono_ns)


class StreamOrder(Model):
    """Start of a stream to `url`, which may hold secrets; `label` is the same for people.

    It connects, sends and connects again until it is stopped or `duration_seconds` after its first frame are over. A
    stream of kind `hls` writes files into the folder `url`, the others send. `token` is the bearer's of WHIP. Sizes,
    `rate`, `bitrate` (bit/s), turns and `overlay` as in `RecordingOrder`, only that a picture which must be encoded is
    made smaller when a smaller one is asked for.
    """

    type: Literal["stream"] = "stream"
    sink_id: str
    consumer: str
    kind: Literal["rtmp", "rtsp", "whip", "udp", "srt", "hls"]
    url: str = Field(repr=False)
    label: str
    token: str = Field(default="", repr=False)
    requested_mono_ns: int
    wall_offset_ns: int
    width: int = 0
    height: int = 0
    rate: float = 0.0
    bitrate: int = 0
    encoding: Literal["", "copy", "h264"] = ""
    gop: int = 60
    duration_seconds: float = 0.0
    rotation_degrees: Literal[0, 90, 180, 270] = 0
    hflip: bool = False
    vflip: bool = False
    audio: bool = False
    overlay: str = Field(default="", max_length=200)
    context: dict[str, str] = Field(default_factory=dict)


class PreviewOrder(Model):
    """Start of pictures for somebody who looks: JPEGs as picture frames on the socket, the newest only.

    At most `rate` a second (0: all that come) and `width` pixels wide (0: the camera's own). `once`: a single one, not
    older than `requested_mono_ns`, then it ends. `quality` is of JPEGs made here; a camera's own are passed on.
    """

    type: Literal["preview"] = "preview"
    sink_id: str
    requested_mono_ns: int
    once: bool = False
    width: int = Field(default=0, ge=0, le=16384)
    rate: float = Field(default=0.0, ge=0, le=1000)
    quality: int = Field(default=80, ge=1, le=100)


class Zone(Model):
    """A part of the picture. `points` are (x, y) as shares of its width and height, from the upper left corner.

    `include` and `exclude`: polygons in which, and outside of which, is looked. `area`: a polygon with a result of its
    own. `line`: two points.
    """

    name: str = Field(max_length=64)
    kind: ZoneKind
    points: tuple[tuple[_Share, _Share], ...] = Field(min_length=2, max_length=64)

    @model_validator(mode="after")
    def _has_a_shape(self) -> Self:
        if (self.kind == "line") != (len(self.points) == 2):
            raise ValueError(f"{len(self.points)} points make no {self.kind}; right is two for a line, else 3 to 64")
        return self


class WatchOrder(Model):
    """Start of an analyser: it looks at `rate` pictures a second, `width` pixels wide, and tells what it sees.

    `analyser` names it, `options` and `zones` are its own kinds of them; 0 for `rate` and `width` is what suits it.
    `model_files`: absolute paths of the files that the device's settings keep under the option `model`.
    """

    type: Literal["watch"] = "watch"
    sink_id: str
    analyser: str
    width: int = Field(default=0, ge=0, le=4096)
    rate: float = Field(default=0.0, ge=0, le=60)
    options: dict[str, OptionValue] = Field(default_factory=dict)
    zones: tuple[Zone, ...] = Field(default=(), max_length=16)
    model_files: tuple[str, ...] = Field(default=(), max_length=4)


class StopSink(Model):
    """Ends a sink `after_seconds`; of several the one that ends it first counts."""

    type: Literal["stop_sink"] = "stop_sink"
    sink_id: str
    reason: str
    after_seconds: float = Field(default=0.0, ge=0, le=3600)


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
    adjustment: Adjustment = Adjustment()
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


class SetClock(Model):
    """What the agent's clock said at `mono_ns`; segments and photos that begin later are dated by it.

    `wall_offset_ns` and `clock_quality` as in `RecordingOrder`, whose own count until there is something newer.
    """

    type: Literal["set_clock"] = "set_clock"
    wall_offset_ns: int
    clock_quality: str
    mono_ns: int


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
