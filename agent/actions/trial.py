"""Video_Test_event and Video_Test_stop: an action without a camera, to try the whole path."""

import asyncio
from typing import ClassVar

from agent.context import Context
from agent.running import ActionTraits, Parameters, Result, SinkKind, Stopped, StopReason

DEFAULT_SECONDS = 5.0
STEP_SECONDS = 0.25


class TestEvent:
    """Counts to `durationSeconds` (default 5) with progress."""

    traits: ClassVar = ActionTraits(sink=SinkKind.TEST)

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """Result: `{"seconds": s}`. Raises Stopped when it was asked to stop."""
        duration: float = parameters.get("durationSeconds") or DEFAULT_SECONDS
        started = context.clock.monotonic()
        stopping = asyncio.ensure_future(context.stop.wait())
        try:
            while (elapsed := context.clock.monotonic() - started) < duration:
                context.progress(100.0 * elapsed / duration)
                pause = asyncio.ensure_future(context.clock.sleep(min(STEP_SECONDS, duration - elapsed)))
                await asyncio.wait({stopping, pause}, return_when=asyncio.FIRST_COMPLETED)
                pause.cancel()
                if stopping.done():
                    raise Stopped(stopping.result(), {"seconds": round(context.clock.monotonic() - started, 3)})
        finally:
            stopping.cancel()
        return {"seconds": duration}


class TestStop:
    """Ends the running test event."""

    traits: ClassVar = ActionTraits(immediate=True, ends=SinkKind.TEST)

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """Result: `{"stopped": [event keys]}`; empty when none ran, which is no error: the wish is fulfilled."""
        return await context.stop_sink(context.cameras.pick(parameters), SinkKind.TEST, StopReason.STOPPED)
