"""Device_End_process: ends an event. The ended event becomes Cancelled, and only when it has really ended."""

import contextlib
from typing import ClassVar

from agent.context import Context
from agent.errors import BadParameter, UnknownEvent
from agent.running import ActionTraits, Parameters, Result, StopReason
from presets_store.protocol.statuses import EventStatus
from presets_store.rules.commands import AlreadyEnded
from presets_store.rules.event import Event
from presets_store.rules.workflow import workflow_of
from presets_store.services.caller import INSIDE
from presets_store.services.errors import NotFound


class EndProcess:
    """Parameters: `{"eventID": n}`, n the key by which their sender knows the event: the upstream, or this device."""

    traits: ClassVar = ActionTraits(immediate=True, ends_named=True)

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """Result: `{"ended": [event key]}`, empty when it had already ended. Raises UnknownEvent."""
        named: int = parameters["eventID"]
        try:
            event = await context.events.named(context.event, named)
        except NotFound as error:
            raise UnknownEvent(event=named) from error
        if event.uuid == workflow_of(context.event):
            raise BadParameter(
                field="eventID", wrong=named, right="an event other than the workflow of which this is a step"
            )
        if event.key != context.event.key and await end_event(context, event):
            return {"ended": [named]}
        return {"ended": [], "note": f"event {named} was not running"}


async def end_event(context: Context, event: Event) -> bool:
    """Ends an event that runs here, or waits; returns when it has its outcome. Whether there was anything to end."""
    running = context.running.by_key(event.key)
    if running is not None:
        await running.stopped(StopReason.ENDED, by=context.name)
        return True
    if event.event_status is not EventStatus.PENDING:
        return False
    with contextlib.suppress(AlreadyEnded):
        # It waits: for its first attempt, or for another one after it was cut off.
        await context.events.end(INSIDE, event.key)
        return True
    return False
