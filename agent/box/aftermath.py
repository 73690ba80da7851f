"""What became of the events that end the agent itself: a reboot, a restart. The next start finds out.

An event's row has held the boot and the process of its attempt since before it acted. So nothing is done a second time:
a boot of another id is the reboot, and an agent that starts is the restart.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final, NoReturn

from agent.outcomes import Outcome, complete, failed
from hardware.box.errors import RebootFailed
from presets_store.clock import Clock
from presets_store.errors import CuelightError
from presets_store.rules.event import Event
from presets_store.services.events import EventsService

logger = logging.getLogger(__name__)

REBOOT: Final = 42
RESTART: Final = 58

REBOOT_WITHIN = 120.0
"""Seconds from an accepted reboot to its beginning; more than systemd gives a service to stop."""


def aftermath(event: Event, boot_id: str, process_id: int) -> Outcome | None:
    """The outcome of a reboot or restart that was begun before this start of the agent: pure.

    None for one that is not known yet: the agent started again in the same boot, and the reboot may still come.
    """
    if event.event_type_id == RESTART:
        return complete({"processID": process_id, "previousProcessID": event.process_id})
    if event.boot_id != boot_id:
        return complete({"bootID": boot_id, "previousBootID": event.boot_id})
    return None


def not_rebooted() -> RebootFailed:
    """What is said of a reboot that did not come."""
    return RebootFailed(reason=f"the system accepted it, and did not begin within {REBOOT_WITHIN:g} s")


async def await_reboot(rebooting: Sequence[Event], events: EventsService, clock: Clock) -> NoReturn:
    """A system task: events whose reboot does not come in time end as Error. It is not tried again."""
    if rebooting:
        await clock.sleep(REBOOT_WITHIN)
    error = not_rebooted()
    outcome = failed(error.code, str(error), {})
    for event in rebooting:
        try:
            await events.finish(event.key, event.attempt_number, outcome.status, outcome.text)
        except CuelightError as refused:
            logger.error("a reboot that did not come is not told: %s", refused, extra={"event": event.key})
    while True:
        await asyncio.Event().wait()  # a system task must not end by itself
