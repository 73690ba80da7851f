"""From the parameters of an event to the order for photos: pure."""

from typing import Literal

from agent.actions.adjustment import photo_adjustment
from agent.actions.recording_order import asked_for_at, sidecar_context
from agent.cameras import AgentCamera
from agent.context import Context
from agent.errors import BadParameter
from agent.running import Parameters
from agent.startup.clockwatch import reading
from hardware.models import PhotoOrder
from presets_store.protocol.parameters.photos import CapturePhoto

ENCODINGS: dict[str, Literal["jpg", "png"]] = {"": "jpg", "jpg": "jpg", "jpeg": "jpg", "png": "png"}

RANGES = {
    "brightness": (-1.0, 1.0),
    "contrast": (0.0, 32.0),
    "saturation": (0.0, 32.0),
    "sharpness": (0.0, 32.0),
    "intervalSeconds": (0.0, 1e9),
    "durationSeconds": (0.0, 1e9),
}


def photo_order(
    context: Context, camera: AgentCamera, parameters: Parameters, *, continuation: int, duration: float
) -> PhotoOrder:
    """The order for one sink. `duration` in seconds, 0 for until stopped. Raises BadParameter."""
    event = context.event
    encoding = parameters.get("encoding", "").lower()
    if encoding not in ENCODINGS:
        raise BadParameter(field="encoding", wrong=encoding, right="jpg or png")
    for name in RANGES:
        _check_range(name, parameters.get(name))
    wall = context.clock.now()
    now = reading(context.clock)
    folder, stem = context.media.place_for(event, camera.camera_id, wall, continuation)
    return PhotoOrder(
        sink_id=f"{event.uuid}-{event.attempt_number}-{continuation}",
        consumer=f"{event.uuid}/{event.attempt_number}/{continuation}",
        folder=str(folder),
        stem=stem,
        requested_mono_ns=asked_for_at(context, continuation, wall, now.mono_ns),
        wall_offset_ns=now.wall_offset_ns,
        clock_quality=now.clock_quality,
        width=parameters.get("width", 0),
        height=parameters.get("height", 0),
        interval_seconds=parameters.get("intervalSeconds", 0.0),
        duration_seconds=duration,
        quality=parameters.get("quality", CapturePhoto.model_fields["quality"].default),
        encoding=ENCODINGS[encoding],
        rotation_degrees=parameters.get("rotation", 0),
        hflip=bool(parameters.get("hflip")),
        vflip=bool(parameters.get("vflip")),
        brightness=parameters.get("brightness", 0.0),
        contrast=parameters.get("contrast", 1.0),
        saturation=parameters.get("saturation", 1.0),
        sharpness=parameters.get("sharpness", 1.0),
        adjustment=photo_adjustment(parameters),
        context=sidecar_context(context, camera),
    )


def _check_range(name: str, value: float | None) -> None:
    low, high = RANGES[name]
    if value is not None and not low <= value <= high:
        raise BadParameter(field=name, wrong=value, right=f"{low:g} to {high:g}")
