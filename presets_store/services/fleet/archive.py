"""How long events that have ended stay among the others, and how long in the archive after that."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from presets_store.clock import Clock
from presets_store.services.caller import INSIDE
from presets_store.services.fleet.moments import days_before
from presets_store.services.unit import Units
from presets_store.storage.fleet.archive import (
    any_archived_before,
    any_to_archive,
    archive_ended,
    forget_archived,
)

EVENTS_AT_ONCE: Final = 250
"""In one write, so that none takes long."""
WRITES_AT_ONCE: Final = 20
"""In one sweep; the next goes on."""
LOOK_EVERY: Final = 600.0
"""Seconds to the next look when nothing is left to do."""


@dataclass(frozen=True, slots=True)
class Archiving:
    """Days since an event ended: after so many it is archived, after so many deleted there. 0: never."""

    archive_after_days: float = 30.0
    keep_archive_days: float = 365.0


ARCHIVING: Final = Archiving()


class Archive:
    """Moves events into the archive, some at each call. Any number of processes may do so on one database."""

    def __init__(self, units: Units, clock: Clock, archiving: Archiving) -> None:
        self._units = units
        self._clock = clock
        self._archiving = archiving
        self._next_look = 0.0

    async def sweep(self) -> None:
        """Archives and forgets what it is time for, unless nobody knows how late it is; mostly it does nothing."""
        if self._clock.monotonic() < self._next_look or not self._clock.quality().trusted:
            return
        now, archiving = self._units.now(), self._archiving
        after, kept = days_before(archiving.archive_after_days, now), days_before(archiving.keep_archive_days, now)
        archived = await self._while_any(any_to_archive, archive_ended, after)
        if await self._while_any(any_archived_before, forget_archived, kept) and archived:
            self._next_look = self._clock.monotonic() + LOOK_EVERY

    async def _while_any(
        self,
        there_are: Callable[[Connection, int], bool],
        take: Callable[[Connection, int, int], int],
        before: int,
    ) -> bool:
        """Whether none are left that this process could take."""
        if not await self._units.read(lambda connection: there_are(connection, before)):
            return True
        for _ in range(WRITES_AT_ONCE):
            taken = await self._units.write(INSIDE, lambda unit: take(unit.connection, before, EVENTS_AT_ONCE))
            if taken < EVENTS_AT_ONCE:
                return True
        return False
