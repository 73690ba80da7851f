"""Device_End_process: ends an event that runs. The ended event becomes Cancelled, and only when it has really ended."""

from typing import ClassVar

from agent.context import Context
from agent.errors import UnknownEvent
from agent.running import ActionTraits, Parameters, Result, StopReason


class EndProcess:
    """Parameters: `{"eventID": n}`, n a key of this device's store."""

    traits: ClassVar = ActionTraits(immediate=True, ends_named=True)

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """Result: `{"ended": [event key]}`, empty when it had already ended. Raises UnknownEvent."""
        event_key: int = parameters["eventID"]
        running = context.running.by_key(event_key)
        if running is not None and event_key != context.event.key:
            await running.stopped(StopReason.ENDED, by=context.name)
            return {"ended": [event_key]}
        if not await context.knows_event(event_key):
            raise UnknownEvent(event=event_key)
        return {"ended": [], "note": f"event {event_key} was not running"}
