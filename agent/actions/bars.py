"""Video_Start_bars and Video_Stop_bars: colour bars in the camera's place."""

from typing import ClassVar

from agent.actions.holding import hold
from agent.context import Context
from agent.running import ActionTraits, Parameters, Result, SinkKind, StopReason


class StartBars:
    """The test picture is what everything on this camera sees until the duration, the stop, or an end."""

    traits: ClassVar = ActionTraits(sink=SinkKind.BARS, resumable=True)

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """Result: `{"camera": name, "seconds": s}`. Raises Stopped. The camera is back whatever happens."""
        camera = context.cameras.pick(parameters)
        try:
            await camera.client.test_picture(True)
            context.begun()
            return await hold(context, parameters.get("durationSeconds", 0.0), {"camera": camera.name})
        finally:
            await camera.client.test_picture(False)


class StopBars:
    """Goes back to the camera; the event of the bars becomes Complete."""

    traits: ClassVar = ActionTraits(immediate=True, ends=SinkKind.BARS)

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """Result: `{"stopped": [event keys]}`; empty when none ran, which is no error: the wish is fulfilled."""
        return await context.stop_sink(context.cameras.pick(parameters), SinkKind.BARS, StopReason.STOPPED)
