"""SQLite: one writer thread whose callers share commits, and read-only connections beside it."""

import asyncio
import contextlib
import re
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from presets_store.storage.database import Database
from presets_store.storage.errors import DatabaseClosed, DatabaseDamaged, DatabaseForeign, StorageUnavailable
from presets_store.storage.revision import CURRENT, Schema, migrate_in_child
from presets_store.storage.writer import Writer

Result = TypeVar("Result")

_READERS = 3
_BUSY_SECONDS = 10.0
"""How long to wait for another process (command line, migration) that holds the file."""

_REVISION = re.compile(r"\d{4}")
_OURS = {"devices", "presets", "events", "outbox", "keys"}
"""Tables that together no other program has: since the first release."""

UNREADABLE = (sqlite3.Error, UnicodeDecodeError)
"""What sqlite3 raises; the second where a damaged schema gives a name, or an error message, that is no text."""

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_FAILED = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
}


def translated(error: Exception, database: str) -> Exception:
    """`error`, or what it means when the file or the disk is its cause and not the statement."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(cause, "sqlite_errorcode", None)
    if code is None:
        return error
    if code & 0xFF in _DAMAGED:
        return DatabaseDamaged(database=database, reason=str(cause))
    return StorageUnavailable(database=database, reason=str(cause)) if code & 0xFF in _FAILED else error


def translated_at_open(error: Exception, database: str) -> Exception:
    """As `translated`; the statements of opening are always the same, so that what else fails is the file's fault."""
    meant = translated(error, database)
    return DatabaseDamaged(database=database, reason=str(error)) if meant is error else meant


def make_engine(path: Path, *, begin: str, pragmas: tuple[str, ...], mode: str = "rw", connections: int = 1) -> Engine:
    """An engine on the file. `begin` starts its transactions; `pragmas` are set on each new connection."""

    def connect() -> sqlite3.Connection:
        uri = f"{path.absolute().as_uri()}?mode={mode}"
        raw = sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            for pragma in pragmas:
                raw.execute(f"PRAGMA {pragma}")
        except sqlite3.Error:
            raw.close()
            raise
        return raw

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, pool_size=connections, max_overflow=0)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def writing_engine(path: Path, *, foreign_keys: bool = True, mode: str = "rw") -> Engine:
    """One connection whose commits are on the disk when they return."""
    keys = "foreign_keys=ON" if foreign_keys else "foreign_keys=OFF"
    pragmas = ("journal_mode=WAL", "synchronous=FULL", keys)
    return make_engine(path, begin="BEGIN IMMEDIATE", pragmas=pragmas, mode=mode)


class SqliteDatabase:
    """A Database on one file. Made by `open_runner`."""

    dialect = "sqlite"

    def __init__(self, path: Path) -> None:
        self._name = path.name
        self._engine = writing_engine(path)
        pragmas = ("query_only=ON", "synchronous=FULL")
        self._reading = make_engine(path, begin="BEGIN", pragmas=pragmas, mode="ro", connections=_READERS)
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="storage-reader")
        self._writer = Writer(self._engine.connect(), self._translated)
        self._damage: DatabaseDamaged | None = None
        self._damaged = asyncio.Event()

    async def write(self, function: Callable[[Connection], Result]) -> Result:
        if self._writer.stopped:
            raise DatabaseClosed(database=self._name)
        with self._noting_damage():
            return await self._writer.submit(function)

    async def read(self, function: Callable[[Connection], Result]) -> Result:
        if self._writer.stopped:
            raise DatabaseClosed(database=self._name)
        with self._noting_damage():
            return await asyncio.get_running_loop().run_in_executor(self._readers, self._on_snapshot, function)

    async def until_damaged(self) -> DatabaseDamaged:
        while self._damage is None:
            await self._damaged.wait()
        return self._damage

    @contextlib.contextmanager
    def _noting_damage(self) -> Iterator[None]:
        try:
            yield
        except DatabaseDamaged as damage:
            self._damage = damage
            self._damaged.set()
            raise

    async def close(self) -> None:
        if not self._writer.stopped:
            await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._writer.stop()
        self._readers.shutdown()
        # Readers first: the last connection to go folds the log into the file, which a read-only one cannot.
        self._reading.dispose()
        self._engine.dispose()

    def _on_snapshot(self, function: Callable[[Connection], Result]) -> Result:
        try:
            with self._reading.begin() as connection:
                return function(connection)
        except (DBAPIError, sqlite3.Error) as error:
            raise self._translated(error) from error

    def _translated(self, error: Exception) -> Exception:
        return translated(error, self._name)


async def open_runner(url: str, backup_folder: Path | None) -> Database:
    """See `open_database`."""
    name = make_url(url).database
    if not name or name == ":memory:":
        raise DatabaseForeign(database="in memory", reason="events must outlive the process: name a file")
    path = Path(name)
    await ensure_migrated(path, backup_folder or path.parent / "backups")
    return await asyncio.to_thread(_open, path)


def _open(path: Path) -> SqliteDatabase:
    try:
        return SqliteDatabase(path)
    except (DBAPIError, *UNREADABLE) as error:
        raise translated_at_open(error, path.name) from error


async def ensure_migrated(path: Path, backup_folder: Path, schema: Schema = CURRENT) -> None:
    """Brings the file to the schema's revision, making it if need be."""
    found = await asyncio.to_thread(revision_of, path)
    if schema.outdated(found, database=path.name):
        try:
            await asyncio.to_thread(path.parent.mkdir, mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StorageUnavailable(database=path.name, reason=str(error)) from error
        await migrate_in_child(f"sqlite:///{path}", found, backup_folder, schema, database=path.name)


def revision_of(path: Path) -> str | None:
    """The revision of the file; None if it holds nothing yet. Raises DatabaseDamaged, DatabaseForeign."""
    if not path.exists() or path.stat().st_size == 0:
        return None
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)) as raw:
            tables = {str(name) for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if "alembic_version" in tables:
                found = raw.execute("SELECT max(version_num) FROM alembic_version").fetchone()[0]
                if found is None or not _REVISION.fullmatch(str(found)):
                    raise DatabaseDamaged(database=path.name, reason="it does not say which revision it has")
                return str(found)
    except UNREADABLE as error:
        raise translated_at_open(error, path.name) from error
    if tables >= _OURS:
        raise DatabaseDamaged(database=path.name, reason="the table that says which revision it has is gone")
    if tables:
        raise DatabaseForeign(database=path.name, reason="it holds tables of another program")
    return None
