"""Opens the device's own store: the database, the seal key, the clock with its floor."""

import asyncio
import logging

from sqlalchemy import Connection

from agent.settings import Settings
from presets_store.clock import RELEASE_EPOCH, Clock, SystemClock
from presets_store.sealing import load_or_create_key
from presets_store.services import Services, build_services
from presets_store.storage import open_database
from presets_store.storage.events import list_events
from presets_store.storage.keys import list_keys
from presets_store.storage.records import KeyStatus

logger = logging.getLogger(__name__)

BACKUPS = "backups"


async def open_store(settings: Settings, serial: str, boot: str) -> tuple[Services, Clock, float]:
    """Services on the migrated database, the clock, and its floor (epoch s).

    The floor is the last time known: that of the newest event, at least the day of this release.
    """
    folder = settings.state_folder
    await asyncio.to_thread(folder.mkdir, 0o700, parents=True, exist_ok=True)
    await asyncio.to_thread(settings.media_folder.mkdir, parents=True, exist_ok=True)
    sealer = await asyncio.to_thread(load_or_create_key, settings.seal_key_file)
    database = await open_database(f"sqlite:///{settings.database_file}", backup_folder=folder / BACKUPS)
    known = await database.read(newest_moment)
    floor = max(known, RELEASE_EPOCH)
    clock = SystemClock(floor=floor, known=known > 0, trusted=settings.clock.trust == "system")
    services = await build_services(
        database,
        clock,
        sealer,
        own_serial=serial,
        own_name=settings.device.name,
        boot_id=boot,
        report_to=settings.upstream.url,
    )
    return services, clock, floor


def newest_moment(connection: Connection) -> float:
    """Epoch seconds of the newest event, 0 without any."""
    newest = list_events(connection, limit=1, newest_first=True)
    return max((event.modified / 1e6 for event in newest), default=0.0)


def newest_access_key(connection: Connection) -> str:
    """An access key that may sign; raises LookupError when all are revoked."""
    active = [key for key in list_keys(connection) if key.status is KeyStatus.ACTIVE]
    if not active:
        raise LookupError("no active access key")
    return active[-1].access_key
