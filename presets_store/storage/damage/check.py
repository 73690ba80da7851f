"""Whether a database file is damaged."""

import asyncio
import contextlib
import errno
import sqlite3
from pathlib import Path
from typing import NoReturn

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from presets_store.rules.event import Event
from presets_store.storage.damage.aside import log_bytes
from presets_store.storage.database import Database
from presets_store.storage.devices import list_devices
from presets_store.storage.errors import DatabaseDamaged, StorageUnavailable
from presets_store.storage.events import insert_event, unfinished_events
from presets_store.storage.outbox import add_to_outbox
from presets_store.storage.records import OutboxItem
from presets_store.storage.schema import metadata
from presets_store.storage.sqlite import UNREADABLE, translated_at_open
from presets_store.storage.tables import outbox

_BUSY_SECONDS = 5.0
_TOLD = 3
"""How many of the faults are told."""

_BAD_PLACES = {sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS}
"""The disk does not give back what was written: no waiting helps, and a camera must start."""

_NEWEST_ROWS = 50
"""Rows of each table that are read before a database is used; the check of the whole file may follow at leisure."""

_HEADER_BYTES = 100
_MAGIC = b"SQLite format 3\0"


def damage_of(path: Path) -> str:
    """What is wrong with the file, "" when it is sound. Reads it whole: not for the event loop.

    Writers go on meanwhile. A file that is busy, missing, empty or out of reach is not called damaged.
    """
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
    except OSError as error:
        return f"its beginning cannot be read: {error.strerror}" if error.errno == errno.EIO else ""
    # With a log the header that counts is the one in there.
    return (header_damage(header) if header and not log_bytes(path) else "") or _check(path)


async def check(path: Path) -> str:
    """`damage_of` in a thread."""
    return await asyncio.to_thread(damage_of, path)


def header_damage(header: bytes) -> str:
    """What is wrong with the first 100 bytes: SQLite takes some of it for a newer format, or for a read-only file."""
    if len(header) < _HEADER_BYTES or not header.startswith(_MAGIC):
        return "file is not a database"
    journal_modes, fractions = header[18:20], header[21:24]
    schema_format, encoding = int.from_bytes(header[44:48], "big"), int.from_bytes(header[56:60], "big")
    sound = {*journal_modes} <= {1, 2} and fractions == b"\x40\x20\x20" and schema_format <= 4 and encoding <= 3
    return "" if sound else "the header of the file is damaged"


def _check(path: Path) -> str:
    uri = f"{path.absolute().as_uri()}?mode=ro"
    try:
        connection = sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None)
        with contextlib.closing(connection) as raw:
            raw.text_factory = lambda text: text.decode(errors="replace")
            faults = [str(row[0]) for row in raw.execute(f"PRAGMA quick_check({_TOLD})")]
    except UNREADABLE as error:
        return str(error) if is_damage(error) else ""
    return "" if faults == ["ok"] else "; ".join(faults)


def is_damage(error: Exception) -> bool:
    """Whether an error of opening or reading lies in the file, or in the place on the disk where it is kept."""
    code = getattr(error, "sqlite_errorcode", None)
    return code in _BAD_PLACES or isinstance(translated_at_open(error, ""), DatabaseDamaged)


class _Undone(Exception):
    """Not a failure: takes back what was written on trial."""


async def exercise(database: Database, name: str) -> None:
    """Reads what a start needs and writes on trial, for a damaged file may well open. Raises DatabaseDamaged."""
    try:
        await database.read(_read)
        await database.write(_write_on_trial)
    except _Undone:
        return
    except (DatabaseDamaged, StorageUnavailable):
        raise
    except (SQLAlchemyError, sqlite3.Error, ValueError, TypeError, LookupError) as error:
        # The statements are those of every day: what they stumble over is in the file.
        raise DatabaseDamaged(database=name, reason=f"{type(error).__name__}: {error}") from error


def _read(connection: Connection) -> None:
    for table in metadata.sorted_tables:
        newest_first = [column.desc() for column in table.primary_key.columns]
        connection.execute(select(table).order_by(*newest_first).limit(_NEWEST_ROWS)).all()
    connection.execute(select(outbox).order_by(outbox.c.key).limit(_NEWEST_ROWS)).all()
    unfinished_events(connection)


def _write_on_trial(connection: Connection) -> NoReturn:
    for device in list_devices(connection)[:1]:
        event = insert_event(connection, Event(uuid="trial", device_key=device.key, agent_type_id=1, event_type_id=1))
        report = OutboxItem(event_key=event.key, event_uuid=event.uuid, destination="trial", body="{}")
        add_to_outbox(connection, report)
    raise _Undone
