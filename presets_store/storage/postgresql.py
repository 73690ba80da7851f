"""PostgreSQL: an asynchronous engine that runs the same functions, each write in a transaction of its own."""

import asyncio
import contextlib
import random
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from presets_store.storage.database import Database
from presets_store.storage.errors import DatabaseClosed, DatabaseDamaged, DatabaseForeign, StorageUnavailable
from presets_store.storage.revision import CURRENT, Schema, migrate_in_child

Result = TypeVar("Result")

MIGRATION_LOCK = "SELECT pg_advisory_xact_lock(4831207715)"

_CONNECTIONS = 10
_CONNECT_SECONDS = 10
_ATTEMPTS = 5
_FIRST_PAUSE_SECONDS = 0.01
_REPEATABLE = {"40001", "40P01"}
"""Serialization failure, deadlock: the server undid everything and the same work may succeed now."""

_SERVER_TROUBLE = ("08", "28", "3D", "53", "57", "58", "XX")
"""SQLSTATE classes that speak of the server, the network or the log-in, not of the statement."""


def make_async_engine(url: str, connections: int = _CONNECTIONS) -> AsyncEngine:
    """An engine by asyncpg, whatever driver the URL names; StorageUnavailable when asyncpg is not installed."""
    target = make_url(url).set(drivername="postgresql+asyncpg")
    if find_spec("asyncpg") is None:
        raise StorageUnavailable(database=target.database, reason="asyncpg is missing; install cuelight[hub]")
    return create_async_engine(
        target,
        pool_size=connections,
        max_overflow=0,
        pool_pre_ping=True,
        connect_args={"timeout": _CONNECT_SECONDS, "server_settings": {"application_name": "cuelight"}},
    )


def driver_errors() -> tuple[type[Exception], ...]:
    """What the engine raises; asyncpg's own while it connects."""
    import asyncpg  # type: ignore[import-untyped]

    return DBAPIError, PoolTimeout, OSError, asyncpg.PostgresError


class _Repeat(StorageUnavailable):
    """The server undid the transaction so that another could go on; the same work may succeed now."""


def translated(error: Exception, database: str) -> Exception:
    """`error`, or StorageUnavailable when the server is its cause and not the statement."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    state = str(getattr(cause, "sqlstate", None) or "")
    lost = isinstance(error, OSError | PoolTimeout) or (isinstance(error, DBAPIError) and error.connection_invalidated)
    reason = str(cause) or type(cause).__name__
    if state in _REPEATABLE:
        return _Repeat(database=database, reason=reason)
    return StorageUnavailable(database=database, reason=reason) if lost or state.startswith(_SERVER_TROUBLE) else error


class PostgresqlDatabase:
    """A Database on a server. Made by `open_runner`."""

    dialect = "postgresql"

    def __init__(self, engine: AsyncEngine, name: str) -> None:
        self._name = name
        self._engine = engine
        self._reading = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._closed = False

    async def write(self, function: Callable[[Connection], Result]) -> Result:
        for attempt in range(_ATTEMPTS - 1):
            try:
                return await self._once(self._engine, function)
            except _Repeat:
                jitter = random.uniform(0.5, 1.0)  # noqa: S311 - so that the two do not meet again
                await asyncio.sleep(jitter * _FIRST_PAUSE_SECONDS * 2**attempt)
        return await self._once(self._engine, function)

    async def read(self, function: Callable[[Connection], Result]) -> Result:
        return await self._once(self._reading, function)

    async def until_damaged(self) -> DatabaseDamaged:
        never: asyncio.Future[DatabaseDamaged] = asyncio.get_running_loop().create_future()
        return await never  # its files are the server's to look after

    async def close(self) -> None:
        self._closed = True
        await self._engine.dispose()

    async def _once(self, engine: AsyncEngine, function: Callable[[Connection], Result]) -> Result:
        if self._closed:
            raise DatabaseClosed(database=self._name)
        try:
            async with engine.begin() as connection:
                return await connection.run_sync(function)
        except driver_errors() as error:
            raise translated(error, self._name) from error


async def open_runner(url: str, _backup_folder: Path | None) -> Database:
    """See `open_database`; backups of a server's databases are its operator's."""
    name = make_url(url).database or "postgres"
    engine = make_async_engine(url)
    async with contextlib.AsyncExitStack() as undo:
        undo.push_async_callback(engine.dispose)
        await ensure_migrated(engine, name)
        undo.pop_all()
    return PostgresqlDatabase(engine, name)


async def ensure_migrated(engine: AsyncEngine, name: str, schema: Schema = CURRENT) -> None:
    """Brings the database to the schema's revision, one process at a time."""
    try:
        async with engine.connect() as connection:
            found = await connection.run_sync(_revision, name)
    except driver_errors() as error:
        raise translated(error, name) from error
    if schema.outdated(found, database=name):
        url = engine.url.render_as_string(hide_password=False)
        await migrate_in_child(url, found, None, schema, database=name)


def _revision(connection: Connection, name: str) -> str | None:
    """The revision of the database; None if its schema holds nothing yet."""
    tables = set(inspect(connection).get_table_names())
    if "alembic_version" in tables:
        return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar())
    if tables:
        raise DatabaseForeign(database=name, reason="it holds tables of another program")
    return None
