"""What the store offers, one service per resource, and the function that builds them all."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from presets_store.clock import Clock, micros
from presets_store.local_zone import UTC_ZONE
from presets_store.rules.lifecycle import SILENCE_LIMIT
from presets_store.sealing import Seals
from presets_store.services.cameras import CamerasService
from presets_store.services.changes import Changes, Reporting
from presets_store.services.clips import ClipsService
from presets_store.services.dating import misdated
from presets_store.services.devices import DevicesService
from presets_store.services.events import EventsService
from presets_store.services.fleet.archive import ARCHIVING, Archive, Archiving
from presets_store.services.fleet.building import FleetServices, build_fleet
from presets_store.services.fleet.readiness import Readiness
from presets_store.services.fleet.relay import Relay
from presets_store.services.fleet.retention import KEPT, Kept
from presets_store.services.fleet.telemetry import TelemetryServices, build_telemetry
from presets_store.services.live import LiveHub
from presets_store.services.media.building import MediaServices, build_media
from presets_store.services.media.stores import NO_PLACES, FilePlaces
from presets_store.services.outbox import OutboxService
from presets_store.services.people.building import PeopleServices, build_people
from presets_store.services.people.keys import KeysService
from presets_store.services.people.shared_nonces import SharedNonces
from presets_store.services.presets import PresetsService
from presets_store.services.reports import REPORTS_SIZE, ReportsService
from presets_store.services.scripts.building import ScriptServices, build_scripts
from presets_store.services.sealed.parameters import ParameterSecrets
from presets_store.services.startup import StartupService
from presets_store.services.unit import Units
from presets_store.services.wakeups import Wakeups
from presets_store.storage import Database
from presets_store.storage.meta import get_meta, set_meta, take_turn
from presets_store.storage.nonces import any_expired, forget_expired, forget_lasting
from presets_store.storage.records import Device

__all__ = ["Services", "build_services"]

_BOOT = "nonces.boot_id"
_SWEEP_SLACK = 600_000_000
"""Microseconds that an old nonce may lie about, so that many go in one write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that the API and the agent call. `own` is the device on which the store runs, None on a hub.

    `nonces`: those of reads, where other processes have the same database; None where the process's memory will do.
    """

    database: Database
    clock: Clock
    own: Device | None
    live: LiveHub
    wakeups: Wakeups
    events: EventsService
    archive: Archive
    presets: PresetsService
    startup: StartupService
    devices: DevicesService
    cameras: CamerasService
    fleet: FleetServices
    telemetry: TelemetryServices
    clips: ClipsService
    media: MediaServices
    keys: KeysService
    secrets: ParameterSecrets
    people: PeopleServices
    scripts: ScriptServices
    nonces: SharedNonces | None
    readiness: Readiness
    outbox: OutboxService
    reports: ReportsService

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
        await self.events.sweep(if_free=True)
        await self.keys.save_access()
        await self.people.sweep()
        await self.media.files.sweep()
        await self.telemetry.retention.sweep()
        if not await self.database.read(lambda connection: misdated(connection, self.clock)):
            await self.archive.sweep()
        now = micros(self.clock.now())
        if await self.database.read(lambda connection: any_expired(connection, now - _SWEEP_SLACK)):
            await self.database.write(lambda connection: _forget(connection, now))

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
    wakeups: Wakeups | None = None,
    relay: Relay | None = None,
    places: FilePlaces = NO_PLACES,
    kept: Kept = KEPT,
    archiving: Archiving = ARCHIVING,
    reports: int = REPORTS_SIZE,
    zone: ZoneInfo = UTC_ZONE,
) -> Services:
    """Builds every service on an open database; `silence_limit` in seconds.

    `own_serial`: that of the device on which this store runs, "" for a hub; its record is made at the first start.
    `relay`: to the other processes on the same database. `places`: where files are. `kept`: of what devices tell.
    `archiving`: of events that have ended. `reports`: bytes that those which may be dropped may take.
    `boot_id`: nonces taken without a trusted clock last as long as this boot. `report_to`: where outcomes go, or "".
    `zone`: in which the hours of scripts are meant that name none.
    """
    if boot_id:
        await database.write(lambda connection: _note_boot(connection, boot_id))
    ground = _Ground(database, clock, sealer, wakeups or Wakeups(), relay, Reporting(destination=report_to), zone)
    own = await ground.devices.ensure_own(own_serial, own_name or own_serial) if own_serial else None
    ground.reporting.own_device = own.key if own else 0
    waiting = ReportsService(database, clock, report_to, reports)
    return _assemble(ground, own, micros(silence_limit), places, kept, archiving, waiting)


class _Ground:
    """What the services share."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        sealer: Seals,
        wakeups: Wakeups,
        relay: Relay | None,
        reporting: Reporting,
        zone: ZoneInfo,
    ) -> None:
        self.database = database
        self.clock = clock
        self.sealer = sealer
        self.wakeups = wakeups
        self.reporting = reporting
        self.zone = zone
        self.shared = database.dialect != "sqlite"
        self.live = LiveHub(clock)
        self.units = Units(database, clock, self.live, wakeups, relay)
        self.secrets = ParameterSecrets(sealer, self.units)
        self.changes = Changes(clock, reporting, self.secrets)
        self.keys = KeysService(self.units, sealer, shared=self.shared)
        self.devices = DevicesService(self.units, self.changes, self.keys.forget_signers)


def _assemble(
    ground: _Ground,
    own: Device | None,
    silence_limit: int,
    places: FilePlaces,
    kept: Kept,
    archiving: Archiving,
    reports: ReportsService,
) -> Services:
    database, clock, units, changes = ground.database, ground.clock, ground.units, ground.changes
    return Services(
        database=database,
        clock=clock,
        own=own,
        live=ground.live,
        wakeups=ground.wakeups,
        events=EventsService(units, changes, clock, ground.wakeups, ground.reporting, silence_limit),
        archive=Archive(units, clock, archiving),
        presets=PresetsService(units, changes),
        startup=StartupService(units, changes, ground.reporting.own_device),
        devices=ground.devices,
        cameras=CamerasService(units),
        fleet=build_fleet(units, changes),
        telemetry=build_telemetry(units, changes, clock, kept),
        clips=ClipsService(units),
        media=build_media(units, changes, ground.sealer, clock, places),
        keys=ground.keys,
        secrets=ground.secrets,
        people=build_people(units, ground.keys),
        scripts=build_scripts(units, changes, ground.sealer, clock, ground.zone),
        nonces=SharedNonces(database) if ground.shared else None,
        readiness=Readiness(database, clock),
        outbox=OutboxService(database, clock),
        reports=reports,
    )


def _forget(connection: Connection, now: int) -> None:
    if take_turn(connection, "forgetting", wait=False):
        forget_expired(connection, now)


def _note_boot(connection: Connection, boot_id: str) -> None:
    if get_meta(connection, _BOOT) != boot_id:
        forget_lasting(connection)
        set_meta(connection, _BOOT, boot_id)
