"""Video_Test_event and Video_Test_stop: an action without a camera, to try the whole path."""

from typing import ClassVar

from agent.actions.holding import hold
from agent.context import Context
from agent.running import ActionTraits, Parameters, Result, SinkKind, StopReason

DEFAULT_SECONDS = 5.0


class TestEvent:
    """Counts to `durationSeconds` (default 5) with progress."""

    traits: ClassVar = ActionTraits(sink=SinkKind.TEST)

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """Result: `{"seconds": s}`. Raises Stopped when it was asked to stop."""
        return await hold(context, parameters.get("durationSeconds") or DEFAULT_SECONDS, {})


class TestStop:
    """Ends the running test event."""

    traits: ClassVar = ActionTraits(immediate=True, ends=SinkKind.TEST)

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """Result: `{"stopped": [event keys]}`; empty when none ran, which is no error: the wish is fulfilled."""
        return await context.stop_sink(context.cameras.pick(parameters), SinkKind.TEST, StopReason.STOPPED)
