"""How long health records, log messages and notifications are kept."""

from dataclasses import dataclass
from typing import Final

from presets_store.clock import Clock
from presets_store.services.caller import INSIDE
from presets_store.services.fleet.moments import days_before
from presets_store.services.unit import Unit, Units
from presets_store.storage.fleet.retention import (
    OF_DEVICES,
    Dated,
    any_notification_before,
    devices_after,
    newest_excess,
    remove_notifications,
    remove_up_to,
)

DEVICES_AT_ONCE: Final = 50
"""Some 10 ms each that has all its records, 1 ms each that has few."""
ROWS_AT_ONCE: Final = 1000
"""In one write, so that none takes long."""
ROUND_EVERY: Final = 600.0
"""Seconds from the end of one round over all devices to the next."""


@dataclass(frozen=True, slots=True)
class Kept:
    """`days` 0: no limit. `records`: of each device, health records and log messages each."""

    days: float = 30.0
    records: int = 50_000


KEPT: Final = Kept()


class Retention:
    """Goes round the devices, some at each call. Any number of processes may do so on one database."""

    def __init__(self, units: Units, clock: Clock, kept: Kept) -> None:
        self._units = units
        self._clock = clock
        self._kept = kept
        self._last_device = 0
        self._next_round = 0.0

    async def sweep(self) -> None:
        """Removes what is too old, or too much, of the next devices; between two rounds nothing."""
        if self._clock.monotonic() < self._next_round:
            return
        devices = await self._units.read(
            lambda connection: devices_after(connection, self._last_device, DEVICES_AT_ONCE)
        )
        for device in devices:
            for dated in OF_DEVICES:
                await self._trim(dated, device)
        self._last_device = devices[-1] if len(devices) == DEVICES_AT_ONCE else 0
        if not self._last_device:
            await self._trim_notifications()
            self._next_round = self._clock.monotonic() + ROUND_EVERY

    async def _trim(self, dated: Dated, device: int) -> None:
        before, most = self._before(), self._kept.records
        last = await self._units.read(lambda connection: newest_excess(connection, dated, device, before, most))
        if last is None:
            return

        def remove(unit: Unit) -> int:
            return remove_up_to(unit.connection, dated, device, last, ROWS_AT_ONCE)

        while await self._units.write(INSIDE, remove) == ROWS_AT_ONCE:
            pass

    async def _trim_notifications(self) -> None:
        before = self._before()
        if await self._units.read(lambda connection: any_notification_before(connection, before)):
            await self._units.write(INSIDE, lambda unit: remove_notifications(unit.connection, before))

    def _before(self) -> int:
        """What is older goes, in microseconds; 0 while nobody knows how late it is."""
        return days_before(self._kept.days, self._units.now()) if self._clock.quality().trusted else 0
