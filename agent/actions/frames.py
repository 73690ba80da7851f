"""Video_Multiplex_capture_frames: photos at a rate instead of an interval, beside other photos."""

from typing import ClassVar

from agent.actions.photos import StartPhotos
from agent.context import Context
from agent.errors import BadParameter
from agent.running import ActionTraits, Parameters, Result, SinkKind
from presets_store.protocol.parameters.camera import CaptureFrames

FASTEST = 120.0
"""Frames per second."""


class StartFrames(StartPhotos):
    """They go on until the stop, the duration, or an end."""

    traits: ClassVar = ActionTraits(sink=SinkKind.FRAMES, resumable=True)

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """As of photos, with `fps` and `rotationDegrees` in what was asked. Raises Stopped, Failed, BadParameter."""
        return await super().run(context, as_photos(parameters))


def as_photos(parameters: Parameters) -> Parameters:
    """The parameters of photos that mean the same; those of frames stay beside them. Raises BadParameter."""
    rate = parameters.get("fps") or CaptureFrames.model_fields["fps"].default
    if rate > FASTEST:
        raise BadParameter(field="fps", wrong=rate, right=f"at most {FASTEST:g}")
    return {**parameters, "intervalSeconds": 1 / rate, "rotation": parameters.get("rotationDegrees", 0)}
