"""Video_Start_camera_multiplex: keeps a camera open and its ring filled, so that a recording starts in the past."""

from typing import ClassVar

from agent.actions.holding import hold
from agent.cameras import LOOK_EVERY, AgentCamera
from agent.context import Context
from agent.running import ActionTraits, Parameters, Result, SinkKind, Stopped
from hardware.errors import CameraUnavailable
from hardware.models import KeepWarm


class StartCameraMultiplex:
    """Until its duration or Device_End_process: there is no stop type for it."""

    traits: ClassVar = ActionTraits(sink=SinkKind.WARM, resumable=True)

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """Result: `{"camera": name, "seconds": s}`. Raises Stopped, CameraUnavailable when it does not open."""
        camera = context.cameras.pick(parameters)
        width, height, rate = (parameters.get(name, 0) for name in ("width", "height", "fps"))
        try:
            await camera.keep_warm(context.name, KeepWarm(on=True, width=width, height=height, rate=rate))
            await _until_open(context, camera)
            context.begun()
            return await hold(context, parameters.get("durationSeconds", 0.0), {"camera": camera.name})
        finally:
            await camera.keep_warm(context.name, None)


async def _until_open(context: Context, camera: AgentCamera) -> None:
    """Raises CameraUnavailable after the time that the settings give the camera, Stopped."""
    deadline = context.clock.monotonic() + camera.settings.wait_seconds
    while camera.state.state != "open":
        if context.stop.reason is not None:
            raise Stopped(context.stop.reason, {"camera": camera.name, "seconds": 0.0, "endedBy": context.stop.by})
        if context.clock.monotonic() >= deadline:
            raise CameraUnavailable(camera=camera.camera_id, reason=camera.state.reason or "it does not open")
        await context.clock.sleep(LOOK_EVERY)
