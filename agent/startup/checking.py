"""Looks the whole database over once, while the agent already works: SQLite itself sees damage only where it reads."""

import asyncio
import logging
from pathlib import Path
from typing import NoReturn

from agent.startup.incidents import note_incidents
from presets_store.clock import Clock, micros
from presets_store.errors import CuelightError
from presets_store.services.restoring.restore import Incident
from presets_store.storage.damage.aside import note_damage
from presets_store.storage.damage.check import check
from presets_store.storage.database import Database

logger = logging.getLogger(__name__)

CHECK_AFTER = 20.0
"""Seconds after the start: the start-up preset comes first."""


async def watch_database(path: Path, database: Database, clock: Clock) -> NoReturn:
    """Raises DatabaseDamaged as soon as anybody meets with damage: the agent is built anew, on a fresh database.

    What only the look finds is in nobody's way: it is put right at the next start, without stopping what runs.
    """
    looking = asyncio.ensure_future(_look(path, database, clock))
    try:
        raise await database.until_damaged()
    finally:
        looking.cancel()


async def _look(path: Path, database: Database, clock: Clock) -> None:
    await clock.sleep(CHECK_AFTER)
    damage = await check(path)
    if damage:
        await _tell(path, damage, database, micros(clock.now()))


async def _tell(path: Path, damage: str, database: Database, moment: int) -> None:
    """What cannot be written, on a full disk or in this very database, is in the log."""
    message = f"the database is damaged ({damage}); it will be replaced at the next start of the agent"
    try:
        await asyncio.to_thread(note_damage, path, damage, moment)
        await note_incidents(database, [Incident("database_damaged", message, moment)])
    except (CuelightError, OSError) as error:
        logger.error("the database is damaged (%s), and that could not be noted: %s", damage, error)
