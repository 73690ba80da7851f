"""Opens the device's own store: the seal key, the sealed cache, the database (a fresh one if need be), the clock."""

import asyncio
import logging
from contextlib import AsyncExitStack
from dataclasses import dataclass

from sqlalchemy import Connection

from agent.settings import Settings
from agent.startup.incidents import note_incidents
from agent.startup.keeping import kept_of
from agent.startup.sealed import SealedState
from agent.startup.sealkey import SealKey
from presets_store.cache import CacheReport
from presets_store.clock import RELEASE_EPOCH, Clock, SystemClock, micros
from presets_store.durable import make_folder_durably
from presets_store.errors import CuelightError
from presets_store.sealing import Keyring, load_keyring
from presets_store.services import Services, build_services
from presets_store.services.fleet.archive import Archiving
from presets_store.services.fleet.retention import Kept
from presets_store.services.media.stores import FilePlaces
from presets_store.services.media.stores.disk import DiskStore
from presets_store.services.media.stores.media import MediaStore
from presets_store.services.restoring.restore import Incident, open_or_replace
from presets_store.storage import DatabaseDamaged
from presets_store.storage.events import list_events
from presets_store.storage.keys import list_keys
from presets_store.storage.people.users import active_admins
from presets_store.storage.records import KeyStatus

logger = logging.getLogger(__name__)

BACKUPS = "backups"


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What outlasts the database, opened first: at boot it says what runs before anything else is read."""

    keyring: Keyring
    sealed: SealedState
    report: CacheReport
    rotation_unfinished: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """The open store. `floor` (epoch s): the last time known; `database_lost`: the database is a fresh one now."""

    services: Services
    clock: Clock
    floor: float
    seal_key: SealKey
    database_lost: bool


async def open_memory(settings: Settings) -> Memory:
    """The seal key and the sealed cache. Raises SealKeyUnusable, OSError and what the cache raises."""
    await asyncio.to_thread(make_folder_durably, settings.state_folder)
    keyring, unfinished = await asyncio.to_thread(load_keyring, settings.seal_key_file)
    sealed, report = await SealedState.open(settings.sealed_folder, keyring)
    return Memory(keyring=keyring, sealed=sealed, report=report, rotation_unfinished=unfinished)


async def open_store(settings: Settings, memory: Memory, serial: str, boot: str, stack: AsyncExitStack) -> Store:
    """Services on the migrated database; `stack` closes it. What was wrong with cache or database is told and kept.

    The clock's floor is the last time known: the sealed one, that of the newest event, the day of this release.
    """
    trusted = settings.clock.trust == "system"
    await asyncio.to_thread(settings.media_folder.mkdir, parents=True, exist_ok=True)
    sealed_floor = memory.sealed.clock_floor()
    clock = SystemClock(floor=max(sealed_floor, RELEASE_EPOCH), known=sealed_floor > 0, trusted=trusted)
    database, found = await open_or_replace(
        settings.database_file,
        kept_of(memory.sealed),
        clock,
        backup_folder=settings.state_folder / BACKUPS,
        report_to=settings.upstream.url,
        expected=memory.sealed.knows_device,
    )
    stack.push_async_callback(database.close)
    newest = await database.read(newest_moment)
    floor = max(newest, sealed_floor, RELEASE_EPOCH)
    if newest > sealed_floor:
        clock = SystemClock(floor=floor, known=True, trusted=trusted)
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
    )
    await note_incidents(database, [*_cache_incidents(memory, clock), *found])
    seal_key = SealKey(settings.seal_key_file, memory.sealed, services)
    if memory.rotation_unfinished:
        await _finish_rotation(seal_key)
    return Store(services=services, clock=clock, floor=floor, seal_key=seal_key, database_lost=bool(found))


def _places(settings: Settings) -> FilePlaces:
    """Where files are: those sent here in a folder of their own, recordings where they were made."""
    return FilePlaces(
        uploads=DiskStore(settings.uploads_folder, keep_free=settings.media.min_free),
        recordings=MediaStore(settings.media_folder),
        public_url=settings.api.public_url,
    )


async def _finish_rotation(seal_key: SealKey) -> None:
    """If it cannot be finished now (on a full disk, say), the next start tries again: until then both keys open."""
    try:
        await seal_key.rotate()
    except DatabaseDamaged:
        raise
    except (CuelightError, OSError) as error:
        logger.error("the change of the seal key is finished later: %s", error)


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
