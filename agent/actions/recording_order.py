"""From the parameters of an event to the order for the camera host: pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from agent.actions.adjustment import recording_adjustment
from agent.cameras import AgentCamera
from agent.context import Context
from agent.errors import BadParameter
from agent.running import Parameters
from agent.startup.clockwatch import reading
from hardware.models import RecordingOrder
from presets_store.rules.startup import Binding
from presets_store.services.bindings import cause_of

KILOBITS_BELOW = 100_000
"""A Recording's `bitrate` below this is kbit/s, else bit/s (events-api.md section 12.4)."""

SHORTEST_SEGMENT = 1.0

AT_START = cause_of(Binding.STANDALONE)

CONTAINERS: Mapping[str, Literal["mp4", "mkv", "ts"]] = MappingProxyType(
    {"": "mp4", "mp4": "mp4", "mkv": "mkv", "ts": "ts"}
)

ENCODINGS: Mapping[str, Literal["", "copy", "h264"]] = MappingProxyType(
    {"": "", "copy": "copy", "h264": "h264", "avc": "h264", "h.264": "h264"}
)


def bits_per_second(bitrate: int) -> int:
    """`bitrate` of a Recording in bit/s; 0 leaves it to the encoder."""
    return bitrate * 1000 if 0 < bitrate < KILOBITS_BELOW else bitrate


def recording_order(
    context: Context, camera: AgentCamera, parameters: Parameters, *, continuation: int, duration: float
) -> RecordingOrder:
    """The order for one sink. `duration` in seconds, 0 for until stopped. Raises BadParameter."""
    event = context.event
    wall = context.clock.now()
    folder, stem = context.media.place_for(event, camera.camera_id, wall, continuation)
    now = reading(context.clock)
    bitrate = bits_per_second(parameters.get("bitrate", 0))
    return RecordingOrder(
        sink_id=f"{event.uuid}-{event.attempt_number}-{continuation}",
        consumer=f"{event.uuid}/{event.attempt_number}/{continuation}",
        folder=str(folder),
        stem=stem,
        requested_mono_ns=asked_for_at(context, continuation, wall, now.mono_ns),
        wall_offset_ns=now.wall_offset_ns,
        clock_quality=now.clock_quality,
        width=parameters.get("width", 0),
        height=parameters.get("height", 0),
        rate=parameters.get("fps", 0.0),
        bitrate=bitrate,
        encoding=encoding_of(parameters),
        container=container_of(parameters),
        gop=parameters.get("video_gop_size") or 60,
        segment_seconds=segment_seconds(parameters.get("segmentLengthSeconds", 0.0)),
        aligned=bool(parameters.get("alignSegments")),
        duration_seconds=duration,
        pre_roll_seconds=parameters.get("preRollSeconds", 0.0) if _fresh(context, continuation) else 0.0,
        since_mono_ns=_filmed_since(context, camera, continuation),
        lapse_seconds=parameters.get("timeLapseSeconds", 0.0),
        audio=bool(parameters.get("audio")),
        overlay=parameters.get("overlay", ""),
        rotation_degrees=parameters.get("rotationDegrees", 0),
        hflip=bool(parameters.get("hflip")),
        vflip=bool(parameters.get("vflip")),
        adjustment=recording_adjustment(parameters, bitrate),
        context=sidecar_context(context, camera),
    )


def encoding_of(parameters: Parameters) -> Literal["", "copy", "h264"]:
    """How it is coded. Raises BadParameter."""
    asked = parameters.get("encoding", "").lower()
    if asked not in ENCODINGS:
        raise BadParameter(field="encoding", wrong=asked, right="empty, copy or h264")
    return ENCODINGS[asked]


def container_of(parameters: Parameters) -> Literal["mp4", "mkv", "ts"]:
    """The kind of file. Raises BadParameter."""
    asked = parameters.get("container", "").lower()
    if asked not in CONTAINERS:
        raise BadParameter(field="container", wrong=asked, right="empty, mp4, mkv or ts")
    return CONTAINERS[asked]


def segment_seconds(asked: float) -> float:
    """Raises BadParameter: shorter segments than a fragment would be a file, and several fsyncs, for every frame."""
    if 0 < asked < SHORTEST_SEGMENT:
        raise BadParameter(
            field="segmentLengthSeconds", wrong=asked, right=f"0 for one clip, or at least {SHORTEST_SEGMENT}"
        )
    return asked


def asked_for_at(context: Context, continuation: int, wall: float, mono_ns: int) -> int:
    """The moment (CLOCK_MONOTONIC, ns) from which the sink is to film: that of the request, or now (`mono_ns`)."""
    return requested_mono_ns(context.event.created, wall, mono_ns) if _fresh(context, continuation) else mono_ns


def _filmed_since(context: Context, camera: AgentCamera, continuation: int) -> int | None:
    """The standalone preset takes what its camera has filmed since this device started; no other one does."""
    at_start = context.event.cause == AT_START and context.event.attempt_number <= 1 and continuation == 0
    return camera.client.started_mono_ns if at_start else None


def requested_mono_ns(created_us: int, wall: float, mono_ns: int) -> int:
    """The moment (CLOCK_MONOTONIC, ns) at which the event was accepted: its wall time by how long ago it was."""
    age_ns = max(0, int(wall * 1e9) - created_us * 1000)
    return mono_ns - age_ns


def sidecar_context(context: Context, camera: AgentCamera) -> dict[str, str]:
    """What a sidecar must hold so that a clip can be indexed without the database."""
    event = context.event
    return {
        "event_uuid": event.uuid,
        "event_key": str(event.key),
        "attempt": str(event.attempt_number),
        "camera_id": camera.camera_id,
    }


def _fresh(context: Context, continuation: int) -> bool:
    """Whether this sink answers the request itself, and not a later attempt or a continuation."""
    return continuation == 0 and context.event.attempt_number <= 1 and context.waited < FRESH_SECONDS


FRESH_SECONDS = 10.0
"""A request older than this when it is acted on (it waited, or the wall clock jumped) starts now, not in its past."""
