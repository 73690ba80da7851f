"""Opens a device's database, and puts a fresh one in its place when it is damaged or gone."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from presets_store.clock import Clock, micros
from presets_store.services.restoring.kept import Kept
from presets_store.services.restoring.refill import Restored, restore
from presets_store.storage.damage.aside import (
    Note,
    clear_place,
    log_bytes,
    read_note,
    remove_note,
    remove_oldest,
    set_aside,
    write_note,
)
from presets_store.storage.damage.check import check, exercise
from presets_store.storage.damage.salvage import salvage
from presets_store.storage.database import Database, open_database
from presets_store.storage.errors import DatabaseDamaged, DatabaseForeign, MigrationFailed, StorageUnavailable
from presets_store.storage.sqlite import revision_of

__all__ = ["Incident", "Kept", "Restored", "open_or_replace", "restore"]

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that people must hear of. `moment` in microseconds since the epoch."""

    code: str
    message: str
    moment: int


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a device's database is."""

    path: Path
    backup_folder: Path

    async def open(self) -> Database:
        return await open_database(f"sqlite:///{self.path}", backup_folder=self.backup_folder)

    async def carry_out(self, function: Callable[..., Result], *arguments: object) -> Result:
        """Work on files, in a thread. Raises StorageUnavailable."""
        try:
            return await asyncio.to_thread(function, *arguments)
        except OSError as error:
            raise StorageUnavailable(database=self.path.name, reason=str(error)) from error


async def open_or_replace(
    path: Path, kept: Kept, clock: Clock, *, backup_folder: Path, report_to: str, expected: bool
) -> tuple[Database, list[Incident]]:
    """The device's database, migrated and tried out; what had to be done for that.

    A damaged one is set aside and a fresh one filled with what can be read of it and with what is `kept`; so is one
    about which `note_damage` has left word, and one that is gone though it is `expected`. It may be killed and called
    again at any point. Outcomes are to be reported to `report_to`, "" for nowhere.

    Raises DatabaseForeign, MigrationFailed and StorageUnavailable: then the data may be good, and people decide.
    """
    place = _Place(path, backup_folder)
    note = await place.carry_out(read_note, path)
    if note is None:
        try:
            note = await _or_damaged(place, _note_of_loss(place, clock, expected=expected))
            if note is None:
                return await _or_damaged(place, _tried_out(place)), []
        except DatabaseDamaged as damaged:
            note = Note(reason=str(damaged.fields["reason"]), moment=micros(clock.now()))
        await place.carry_out(path.parent.mkdir, 0o700, True, True)
        await place.carry_out(write_note, path, note)
    return await _replaced(place, note, kept, clock, report_to)


async def _note_of_loss(place: _Place, clock: Clock, *, expected: bool) -> Note | None:
    """Notes that the database is gone or empty; None while it has something in it or was never there."""
    size = await place.carry_out(_size, place.path)
    if not size and not expected and not await place.carry_out(log_bytes, place.path):
        return None
    if size and (not expected or await asyncio.to_thread(revision_of, place.path) is not None):
        return None
    reason = "it is gone" if size is None else "it is empty"
    return Note(reason=reason, moment=micros(clock.now()), lost=True)


async def _or_damaged(place: _Place, looking: Awaitable[Result]) -> Result:
    """Raises DatabaseDamaged, also for damage that first shows as another error."""
    try:
        return await looking
    except (DatabaseForeign, MigrationFailed, StorageUnavailable) as error:
        damage = await check(place.path)
        if not damage:
            raise
        raise DatabaseDamaged(database=place.path.name, reason=damage) from error


async def _tried_out(place: _Place) -> Database:
    async with AsyncExitStack() as stack:
        database = await place.open()
        stack.push_async_callback(database.close)
        await exercise(database, place.path.name)
        stack.pop_all()
    return database


async def _replaced(
    place: _Place, note: Note, kept: Kept, clock: Clock, report_to: str
) -> tuple[Database, list[Incident]]:
    stamp = datetime.fromtimestamp(clock.now(), UTC).strftime("%Y%m%dT%H%M%SZ")
    note = await place.carry_out(set_aside, place.path, note, stamp)
    await place.carry_out(clear_place, place.path)
    salvaged = await asyncio.to_thread(salvage, place.path.with_name(note.aside))
    async with AsyncExitStack() as stack:
        database = await place.open()
        stack.push_async_callback(database.close)
        restored = await restore(database, clock, salvaged, kept, report_to=report_to)
        removed = await place.carry_out(remove_oldest, place.path, note.aside)
        await place.carry_out(remove_note, place.path)
        stack.pop_all()
    return database, [_incident(place.path, note, restored, removed)]


def _incident(path: Path, note: Note, restored: Restored, removed: list[str]) -> Incident:
    if note.lost:
        told = f"the database {path.name} was lost ({note.reason}) and begun anew; {restored.summary}"
        return Incident("database_gone", told, note.moment)
    told = f"the database {path.name} was damaged ({note.reason}), set aside as {note.aside}; {restored.summary}"
    if removed:
        told += f"; removed for their age: {', '.join(removed)}"
    return Incident("database_damaged", told, note.moment)


def _size(path: Path) -> int | None:
    """Bytes; None when there is no such file."""
    return path.stat().st_size if path.exists() else None
