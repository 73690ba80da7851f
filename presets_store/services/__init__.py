"""What the store offers, one service per resource, and the function that builds them all."""

from dataclasses import dataclass

from sqlalchemy import Connection

from presets_store.clock import Clock, micros
from presets_store.rules.lifecycle import SILENCE_LIMIT
from presets_store.sealing import Seals
from presets_store.services.cameras import CamerasService
from presets_store.services.changes import Changes, Reporting
from presets_store.services.clips import ClipsService
from presets_store.services.devices import DevicesService
from presets_store.services.events import EventsService
from presets_store.services.keys import KeysService
from presets_store.services.live import LiveHub
from presets_store.services.outbox import OutboxService
from presets_store.services.presets import PresetsService
from presets_store.services.startup import StartupService
from presets_store.services.unit import Units
from presets_store.services.wakeups import Wakeups
from presets_store.storage import Database
from presets_store.storage.meta import get_meta, set_meta
from presets_store.storage.nonces import any_expired, forget_expired, forget_lasting
from presets_store.storage.records import Device

__all__ = ["Services", "build_services"]

_BOOT = "nonces.boot_id"
_SWEEP_SLACK = 600_000_000
"""Microseconds that an old nonce may lie about, so that many go in one write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that the API and the agent call. `own` is the device on which the store runs, None on a hub."""

    database: Database
    clock: Clock
    own: Device | None
    live: LiveHub
    wakeups: Wakeups
    events: EventsService
    presets: PresetsService
    startup: StartupService
    devices: DevicesService
    cameras: CamerasService
    clips: ClipsService
    keys: KeysService
    outbox: OutboxService

    @property
    def own_device(self) -> Device:
        """The device on which the store runs. LookupError on a hub, which is none."""
        if self.own is None:
            raise LookupError("this store runs on no device")
        return self.own

    async def sweep(self) -> None:
        """What time does to the store: expiry, leases, silence, old nonces and answers, when keys were used.

        Its owner calls it every few seconds; when nothing is due it only reads.
        """
        await self.events.sweep()
        await self.keys.save_access()
        now = micros(self.clock.now())
        if await self.database.read(lambda connection: any_expired(connection, now - _SWEEP_SLACK)):
            await self.database.write(lambda connection: forget_expired(connection, now))

    def close(self) -> None:
        """Lets all who wait or listen go; the database is its owner's to close."""
        self.wakeups.close()
        self.live.close()


async def build_services(
    database: Database,
    clock: Clock,
    sealer: Seals,
    *,
    own_serial: str = "",
    own_name: str = "",
    boot_id: str = "",
    report_to: str = "",
    silence_limit: float = SILENCE_LIMIT / 1_000_000,
) -> Services:
    """Builds every service on an open database; `silence_limit` in seconds.

    `own_serial`: that of the device on which this store runs, "" for a hub; its record is made at the first start.
    `boot_id`: nonces taken without a trusted clock last as long as this boot. `report_to`: where outcomes go, or "".
    """
    if boot_id:
        await database.write(lambda connection: _note_boot(connection, boot_id))
    live, wakeups = LiveHub(clock), Wakeups()
    units = Units(database, clock, live, wakeups)
    reporting = Reporting(destination=report_to)
    changes = Changes(clock, reporting)
    devices = DevicesService(units, changes)
    own = await devices.ensure_own(own_serial, own_name or own_serial) if own_serial else None
    reporting.own_device = own.key if own else 0
    return Services(
        database=database,
        clock=clock,
        own=own,
        live=live,
        wakeups=wakeups,
        events=EventsService(units, changes, clock, wakeups, reporting, micros(silence_limit)),
        presets=PresetsService(units, changes),
        startup=StartupService(units, changes, reporting.own_device),
        devices=devices,
        cameras=CamerasService(units),
        clips=ClipsService(units),
        keys=KeysService(units, sealer, shared=database.dialect != "sqlite"),
        outbox=OutboxService(database, clock),
    )


def _note_boot(connection: Connection, boot_id: str) -> None:
    if get_meta(connection, _BOOT) != boot_id:
        forget_lasting(connection)
        set_meta(connection, _BOOT, boot_id)
