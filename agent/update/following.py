"""Waits for what the helper tells, in the agent that asked and in the one that starts after the update."""

import asyncio
import logging
from typing import NoReturn

from agent.outcomes import Outcome, failure, interrupted
from agent.settings import Settings
from agent.update.errors import UpdateLost, UpdateNotTaken
from agent.update.staging import Staging, Whereabouts, staging_of
from presets_store.clock import Clock
from presets_store.errors import CuelightError
from presets_store.protocol.statuses import EventStatus
from presets_store.rules.event import Event
from presets_store.services import Services
from presets_store.services.events import EventsService
from presets_store.storage import DatabaseDamaged

logger = logging.getLogger(__name__)

UPDATE = 21
LOOK_EVERY = 2.0
"""Seconds between two looks, while an update is under way."""
TAKEN_WITHIN = 60.0
"""Seconds from a request to the helper's taking it."""
KNOWN_WITHIN = 10.0
"""Seconds for which a request may be nowhere: between the helper's taking it and its note."""


async def outcome_of(staging: Staging, uuid: str, clock: Clock) -> Outcome:
    """The outcome of the update that an event asked for. Raises UpdateNotTaken (nothing happens then), UpdateLost."""
    begun = seen = clock.monotonic()
    while True:
        outcome = await asyncio.to_thread(staging.outcome, uuid)
        if outcome is not None:
            return outcome
        where, now = await asyncio.to_thread(staging.whereabouts, uuid), clock.monotonic()
        if where is not Whereabouts.NOWHERE:
            seen = now
        elif now - seen >= KNOWN_WITHIN:
            raise UpdateLost
        late = where is Whereabouts.WAITS and now - begun >= TAKEN_WITHIN
        if late and await asyncio.to_thread(staging.withdraw):
            raise UpdateNotTaken(seconds=TAKEN_WITHIN)
        await clock.sleep(LOOK_EVERY)


class Following:
    """A system task: ends the updates that an earlier process of the agent has left open."""

    def __init__(
        self, events: EventsService, device_key: int, staging: Staging, clock: Clock, boot_id: str, process_id: int
    ) -> None:
        self._events = events
        self._device_key = device_key
        self._staging = staging
        self._clock = clock
        self._own = boot_id, process_id

    async def run(self) -> NoReturn:
        """Until cancelled. The store in trouble puts it off."""
        while True:
            try:
                for event in await self._events.unfinished(self._device_key):
                    if self._is_left_open(event):
                        await self._end(event)
                break
            except DatabaseDamaged:
                raise
            except CuelightError as error:
                logger.error("the outcome of an update is told later: %s", error, extra={"code": error.code})
                await self._clock.sleep(LOOK_EVERY)
        while True:
            await asyncio.Event().wait()  # a system task must not end by itself

    def _is_left_open(self, event: Event) -> bool:
        cut_off = event.event_status is EventStatus.PROCESSING and (event.boot_id, event.process_id) != self._own
        return event.event_type_id == UPDATE and cut_off

    async def _end(self, event: Event) -> None:
        try:
            outcome = await outcome_of(self._staging, event.uuid, self._clock)
        except UpdateLost:  # it was cut off before it asked
            outcome = interrupted(event.attempt_number, "the agent ended while it ran", {})
        except CuelightError as error:
            outcome = failure(error)
        if outcome.interrupted:
            await self._events.interrupt(event.key, event.attempt_number, outcome.text)
        else:
            await self._events.finish(event.key, event.attempt_number, outcome.status, outcome.text)
        logger.info("an update that was under way: %s", outcome.summary, extra={"event": event.key})


def follow_updates(settings: Settings, services: Services, clock: Clock, boot_id: str, process_id: int) -> Following:
    """That of this agent."""
    staging = staging_of(settings.state_folder)
    return Following(services.events, services.own_device.key, staging, clock, boot_id, process_id)
