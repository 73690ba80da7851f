"""Opens the device's own store: the database (a fresh one if need be), its services, the clock."""

import asyncio
import logging
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass

from sqlalchemy import Connection

from agent.media.datings import kept_datings
from agent.settings import Settings
from agent.startup import clockwatch
from agent.startup.incidents import note_incidents
from agent.startup.keeping import kept_of
from agent.startup.memory import Memory
from agent.startup.sealkey import SealKey
from presets_store.clock import RELEASE_EPOCH, Clock, ClockQuality, SystemClock, micros
from presets_store.errors import CuelightError
from presets_store.local_zone import zone_of
from presets_store.rules.dating import Dating
from presets_store.services import Services, build_services
from presets_store.services.dating import DatingService, dating_of, note_datings
from presets_store.services.fleet.archive import Archiving
from presets_store.services.fleet.retention import Kept
from presets_store.services.media.stores import FilePlaces
from presets_store.services.media.stores.disk import DiskStore
from presets_store.services.media.stores.media import MediaStore
from presets_store.services.restoring.restore import Incident, open_or_replace
from presets_store.storage import Database, DatabaseDamaged
from presets_store.storage.events import list_events
from presets_store.storage.keys import list_keys
from presets_store.storage.people.users import active_admins
from presets_store.storage.records import KeyStatus

logger = logging.getLogger(__name__)

BACKUPS = "backups"


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """The open store. `floor` (epoch s): the last time known; `database_lost`: the database is a fresh one now."""

    services: Services
    clock: Clock
    floor: float
    seal_key: SealKey
    dating: DatingService
    database_lost: bool


async def open_store(settings: Settings, memory: Memory, serial: str, boot: str, stack: AsyncExitStack) -> Store:
    """Services on the migrated database; `stack` closes it. What was wrong with cache or database is told and kept.

    The clock's floor is the last time known for certain: the sealed one, the day of this release. It does not go below
    the newest event either, until somebody knows better.
    """
    await asyncio.to_thread(settings.media_folder.mkdir, parents=True, exist_ok=True)
    sealed_floor = memory.sealed.clock_floor()
    clock = SystemClock(floor=max(sealed_floor, RELEASE_EPOCH), known=sealed_floor > 0, trusted=settings.clock.trusted)
    database, found = await open_or_replace(
        settings.database_file,
        kept_of(memory.sealed),
        clock,
        backup_folder=settings.state_folder / BACKUPS,
        report_to=settings.upstream.url,
        expected=memory.sealed.knows_device,
    )
    stack.push_async_callback(database.close)
    clock, floor = await _clock(settings, sealed_floor, database, boot, database_lost=bool(found))
    services = await build_services(
        database,
        clock,
        memory.keyring,
        own_serial=serial,
        own_name=settings.device.name,
        boot_id=boot,
        report_to=settings.upstream.url,
        places=_places(settings),
        kept=Kept(days=settings.telemetry.max_age_days, records=settings.telemetry.max_records),
        archiving=Archiving(settings.events.archive_after_days, settings.events.keep_archive_days),
        reports=settings.upstream.keep_reports,
        zone=await asyncio.to_thread(zone_of, settings.clock.zone),
    )
    await note_incidents(database, [*_cache_incidents(memory, clock), *found])
    seal_key = await _seal_key(settings, memory, services)
    dating = DatingService(database, clock, services.own_device.key, boot)
    await dating.begin(clockwatch.dating_of(clockwatch.reading(clock)))
    return Store(
        services=services, clock=clock, floor=floor, seal_key=seal_key, dating=dating, database_lost=bool(found)
    )


async def _clock(
    settings: Settings, sealed_floor: float, database: Database, boot: str, *, database_lost: bool
) -> tuple[SystemClock, float]:
    """The clock, and below what no signed request can be (epoch s)."""
    if database_lost:
        await note_datings(database, await asyncio.to_thread(kept_datings, settings.media_folder))
    newest, before = await database.read(lambda connection: (newest_moment(connection), dating_of(connection, boot)))
    clock = clock_of(sealed_floor, newest, before, trusted=settings.clock.trusted)
    return clock, max(newest, sealed_floor, RELEASE_EPOCH)


def clock_of(sealed_floor: float, newest: float, before: Dating | None, *, trusted: bool) -> SystemClock:
    """The clock of this start. `newest` (epoch s): the newest event; `before`: how an earlier start of this boot dated.

    That one is gone on with: dates of one boot do not run backwards because the agent was started again.
    """
    quality = before.quality if before is not None else ClockQuality.UNSET
    offset = before.offset / 1e6 if before is not None else 0.0
    least = 0.0 if before is None or quality.trusted else time.monotonic() + offset
    return SystemClock(
        floor=max(sealed_floor, RELEASE_EPOCH),
        known=sealed_floor > 0 or newest > 0,
        trusted=trusted or quality is ClockQuality.SYNCHRONISED,
        least=max(newest, least),
        told=offset if quality is ClockQuality.UPSTREAM else None,
    )


def _places(settings: Settings) -> FilePlaces:
    """Where files are: those sent here in a folder of their own, recordings where they were made."""
    return FilePlaces(
        uploads=DiskStore(settings.uploads_folder, keep_free=settings.media.min_free),
        recordings=MediaStore(settings.media_folder),
        public_url=settings.api.public_url,
    )


async def _seal_key(settings: Settings, memory: Memory, services: Services) -> SealKey:
    """Ends a rotation that was cut off. If that cannot be done now (on a full disk, say), the next start tries again:
    until then both keys open.
    """
    seal_key = SealKey(settings.seal_key_file, memory.sealed, services)
    try:
        if memory.rotation_unfinished:
            await seal_key.rotate()
    except DatabaseDamaged:
        raise
    except (CuelightError, OSError) as error:
        logger.error("the change of the seal key is finished later: %s", error)
    return seal_key


def newest_moment(connection: Connection) -> float:
    """Epoch seconds of the newest event, 0 without any."""
    newest = list_events(connection, limit=1, newest_first=True)
    return max((event.modified / 1e6 for event in newest), default=0.0)


def newest_access_key(connection: Connection) -> str:
    """An access key that may do everything; raises LookupError when all are revoked."""
    admins = {user.key for user in active_admins(connection)}
    active = [key for key in list_keys(connection) if key.status is KeyStatus.ACTIVE and key.user_key in admins]
    if not active:
        raise LookupError("no active access key")
    return active[-1].access_key


def _cache_incidents(memory: Memory, clock: Clock) -> list[Incident]:
    report = memory.report
    if not report.damage:
        return []
    saved = f"; kept: {', '.join(report.salvaged)}" if report.salvaged else ""
    lost = f"; lost: {', '.join(report.lost)}" if report.lost else ""
    aside = f"; set aside as {report.set_aside.name}" if report.set_aside else ""
    message = f"the sealed cache was damaged ({report.damage}){aside}{saved}{lost}"
    return [Incident("cache_damaged", message, micros(clock.now()))]
