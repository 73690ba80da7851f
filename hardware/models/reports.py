"""What a camera host tells the agent."""

from typing import Literal

from pydantic import Field

from hardware.models.camera import CameraInfo, Codec, Format, Model
from hardware.models.files import ClipFile, PhotoFile
from hardware.models.orders import PROTOCOL_VERSION


class Granted(Model):
    """What a sink really gets: how it is coded, what the camera grants, and notes for people.

    `encoder` names what encodes it (`encoded`). `pre_roll_seconds`: how long before the request it begins.
    """

    codec: Codec
    width: int
    height: int
    rate: float
    encoded: bool
    encoder: str = ""
    pre_roll_seconds: float = 0.0
    notes: tuple[str, ...] = ()


class Greeting(Model):
    """First message from the host."""

    type: Literal["greeting"] = "greeting"
    version: int = PROTOCOL_VERSION
    pid: int


CameraState = Literal["closed", "opening", "open", "unavailable", "stalled"]


class CameraReport(Model):
    """The camera's state changed. `info` and `format` are known while it is open.

    `code` is that of the HardwareError behind `stalled` and `unavailable`.
    """

    type: Literal["camera"] = "camera"
    state: CameraState
    reason: str = ""
    code: str = ""
    info: CameraInfo | None = None
    format: Format | None = None


class SinkStarted(Model):
    """The sink has its first frame; `first_mono_ns` is that frame's capture time stamp."""

    type: Literal["sink_started"] = "sink_started"
    sink_id: str
    first_mono_ns: int
    granted: Granted


class SinkProgress(Model):
    """At most twice a second. `seconds` filmed and written, `dropped` frames lost by this sink or before it."""

    type: Literal["sink_progress"] = "sink_progress"
    sink_id: str
    seconds: float
    frames: int
    size: int
    dropped: int


class StreamReport(Model):
    """The state of a stream changed, or once a second while it is live. Safe to show.

    `attempts` counts connections so far, `bitrate` is bit/s of the last second, `dropped` frames since the start.
    """

    type: Literal["stream_state"] = "stream_state"
    sink_id: str
    state: Literal["connecting", "live", "waiting"]
    reason: str = ""
    attempts: int = 0
    bitrate: int = 0
    dropped: int = 0


class Observation(Model):
    """What an analyser saw at `mono_ns`, in the zone of that name ("": the whole picture).

    `kind` is its own word ("motion"), `active` whether it is there now, `value` how much (motion: the share of the
    picture that changed, 0..1), `boxes` where: left, top, width, height as shares of the picture, 0..1; `scores` how
    sure it is of each, 0..1, or none. `attributes` are what else it knows. `jpeg`: the picture that was looked at, when
    something begins or changes; on the wire it follows the message.
    """

    type: Literal["observation"] = "observation"
    sink_id: str
    mono_ns: int
    kind: str
    zone: str = ""
    active: bool
    value: float
    boxes: tuple[tuple[float, float, float, float], ...] = ()
    scores: tuple[float, ...] = ()
    attributes: dict[str, str | float | int] = Field(default_factory=dict)
    jpeg: bytes = Field(default=b"", exclude=True, repr=False)


class SegmentClosed(Model):
    """A segment is whole and durable on disk: file and sidecar are fsynced."""

    type: Literal["segment_closed"] = "segment_closed"
    sink_id: str
    clip: ClipFile


class PhotoTaken(Model):
    """A photo is whole and durable on disk: file and sidecar are fsynced."""

    type: Literal["photo_taken"] = "photo_taken"
    sink_id: str
    photo: PhotoFile


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
