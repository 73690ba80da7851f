"""PostgreSQL: an asynchronous engine that runs the same functions, each write in a transaction of its own."""

import asyncio
import contextlib
import random
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, event, inspect
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

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
    target = _target(url)
    if find_spec("asyncpg") is None:
        raise StorageUnavailable(database=target.database, reason="asyncpg is missing; install cuelight[hub]")
    engine = create_async_engine(
        target,
        pool_size=connections,
        max_overflow=0,
        connect_args={"timeout": _CONNECT_SECONDS, "server_settings": {"application_name": "cuelight"}},
    )
    event.listen(engine.sync_engine, "checkout", _require_open)
    return engine


def _require_open(_connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
    """Has the pool make another in place of a connection that knows that it was closed.

    To ask the server at each checkout costs three round trips; what it did not tell yet, a repeat finds out.
    """
    driver: Any = record.driver_connection
    if driver.is_closed():
        raise DisconnectionError("the connection was closed")


async def connect_directly(url: str) -> Any:
    """An asyncpg connection outside of any pool, for LISTEN and NOTIFY. Raises `direct_errors`.

    Its transactions write nothing, so none of them waits for the disk.
    """
    import asyncpg  # type: ignore[import-untyped]

    settings = {"application_name": "cuelight line", "synchronous_commit": "off"}
    _, options = PGDialect_asyncpg().create_connect_args(_target(url))  # type: ignore[no-untyped-call]
    return await asyncpg.connect(**options, timeout=_CONNECT_SECONDS, server_settings=settings)


def _target(url: str) -> URL:
    """As asyncpg takes it: it has `ssl` where others have `sslmode`."""
    target = make_url(url).set(drivername="postgresql+asyncpg")
    mode = target.query.get("sslmode")
    return target if mode is None else target.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})


def driver_errors() -> tuple[type[Exception], ...]:
    """What the engine raises; asyncpg's own while it connects."""
    import asyncpg

    return DBAPIError, PoolTimeout, OSError, asyncpg.PostgresError


def direct_errors() -> tuple[type[Exception], ...]:
    """What a connection of `connect_directly` raises, and making one."""
    import asyncpg

    return OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError


class _Repeat(StorageUnavailable):
    """The server undid the transaction so that another could go on, or the connection was lost before the commit: the
    same work may succeed now.
    """


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
        return await self._until_done(self._engine, function)

    async def read(self, function: Callable[[Connection], Result]) -> Result:
        return await self._until_done(self._reading, function)

    async def _until_done(self, engine: AsyncEngine, function: Callable[[Connection], Result]) -> Result:
        for attempt in range(_ATTEMPTS - 1):
            try:
                return await self._once(engine, function)
            except _Repeat:
                jitter = random.uniform(0.5, 1.0)  # noqa: S311 - so that the two do not meet again
                await asyncio.sleep(jitter * _FIRST_PAUSE_SECONDS * 2**attempt)
        return await self._once(engine, function)

    async def until_damaged(self) -> DatabaseDamaged:
        never: asyncio.Future[DatabaseDamaged] = asyncio.get_running_loop().create_future()
        return await never  # its files are the server's to look after

    async def close(self) -> None:
        self._closed = True
        await self._engine.dispose()

    async def _once(self, engine: AsyncEngine, function: Callable[[Connection], Result]) -> Result:
        if self._closed:
            raise DatabaseClosed(database=self._name)
        committing = False
        try:
            async with engine.begin() as connection:
                result = await connection.run_sync(function)
                committing = True
        except driver_errors() as error:
            if not committing and isinstance(error, DBAPIError) and error.connection_invalidated:
                raise _Repeat(database=self._name, reason=str(error.orig)) from error
            raise translated(error, self._name) from error
        return result


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
