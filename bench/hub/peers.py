"""The bare frameworks: handlers that do nothing, and the rows of a cycle without anybody around them."""

import asyncio
import itertools
import sqlite3
import sys
import tempfile
import uuid
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from bench.hub.cycles import REQUESTS, Cycles, repeated
from bench.hub.hubs import PLACE, durable_postgresql, request_bytes
from bench.plain_http import Connection

_TABLES = (
    "CREATE TABLE nonces (access_key TEXT, nonce TEXT, expires BIGINT, PRIMARY KEY (access_key, nonce))",
    "CREATE TABLE devices (key INTEGER PRIMARY KEY, heard BIGINT)",
    (
        "CREATE TABLE events (key {key} PRIMARY KEY{counted}, uuid TEXT UNIQUE, device_key INTEGER, status INTEGER, "
        "parameters TEXT, token TEXT, lease BIGINT, modified BIGINT)"
    ),
    "CREATE INDEX waiting ON events (status, device_key, key)",
)
_NONCE = "INSERT INTO nonces VALUES ($1, $2, $3)"
_CREATE = "INSERT INTO events (uuid, device_key, status, parameters, modified) VALUES ($1, $2, 0, $3, $4) RETURNING key"
_WAITING = "SELECT * FROM events WHERE status = 0 AND device_key = $1 ORDER BY key LIMIT 1"
_HEARD = "UPDATE devices SET heard = $1 WHERE key = $2"
_TAKE = "UPDATE events SET status = 2, token = $1, lease = $2, modified = $3 WHERE key = $4 AND status = 0 RETURNING *"
_REPORT = "UPDATE events SET status = $1, modified = $2 WHERE key = $3 AND status = $4"

Statements = Sequence[tuple[str, tuple[object, ...]]]

_clock = itertools.count(1)
"""Times for the rows; what they say does not matter."""


def _transactions(device: int, event: int) -> tuple[Statements, ...]:
    """Each the work of one request; the first one creates the event, the second, which waited for it, only reads."""
    now = next(_clock)
    return (
        [_nonce(now), (_WAITING, (device,))],
        [_nonce(now), (_HEARD, (now, device)), (_TAKE, ("token", now, now, event))],
        [_nonce(now), (_REPORT, (3, now, event, 2))],
        [_nonce(now), (_REPORT, (4, now, event, 3))],
    )


def _creation(device: int) -> tuple[object, ...]:
    return str(uuid.uuid4()), device, "{}", next(_clock)


def _nonce(now: int) -> tuple[str, tuple[object, ...]]:
    return _NONCE, ("access key", str(uuid.uuid4()), now)


@asynccontextmanager
async def bare_aiohttp() -> AsyncIterator[tuple[str, int]]:
    """The URL and the pid of a server in a process of its own, whose handlers check and keep nothing."""
    command = (sys.executable, "-P", "-m", "bench.hub.bare_server")
    root = Path(__file__).parents[2]
    process = await asyncio.create_subprocess_exec(*command, cwd=root, env={"PYTHONPATH": str(root)}, stdout=PIPE)
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().strip(), process.pid
    finally:
        process.terminate()
        await process.wait()


async def bare_requests(workers: int, seconds: float) -> float:
    """Cycles per second of requests to an empty handler, one after the other."""
    asked = request_bytes("POST", "/empty", '{"deviceID": 1}', {})
    async with bare_aiohttp() as (url, _):
        connections = [await Connection.open(url) for _ in range(workers)]

        async def cycle(number: int) -> None:
            for _ in range(REQUESTS):
                await connections[number].ask(asked)

        found = await repeated(cycle, workers, seconds)
        for connection in connections:
            connection.close()
    return found.per_second


async def bare_rows(kind: str, workers: int, seconds: float) -> Cycles:
    """The rows of a cycle in one transaction for each of its requests, without HTTP, signatures and rules."""
    return await {"SQLite": _bare_sqlite, "PostgreSQL": _bare_asyncpg}[kind](workers, seconds)


async def _bare_asyncpg(workers: int, seconds: float) -> Cycles:
    import asyncpg  # type: ignore[import-untyped]

    async with durable_postgresql() as url:
        pool = await asyncpg.create_pool(url, min_size=10, max_size=10)
        for table in _TABLES:
            await pool.execute(table.format(key="BIGINT GENERATED ALWAYS AS IDENTITY", counted=""))
        await pool.executemany("INSERT INTO devices VALUES ($1, 0)", [(number,) for number in range(workers)])

        async def cycle(device: int) -> None:
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute(*_flat(_nonce(0)))
                event = await connection.fetchval(_CREATE, *_creation(device))
            for statements in _transactions(device, event):
                async with pool.acquire() as connection, connection.transaction():
                    for statement in statements:
                        await connection.fetch(*_flat(statement))

        found = await repeated(cycle, workers, seconds)
        await pool.close()
    return found


def _flat(statement: tuple[str, tuple[object, ...]]) -> tuple[Any, ...]:
    return statement[0], *statement[1]


async def _bare_sqlite(workers: int, seconds: float) -> Cycles:
    """One connection, whose users take turns."""
    with tempfile.TemporaryDirectory(prefix="cuelight-bench-", dir=PLACE) as folder:
        return await asyncio.to_thread(_cycle_sqlite, Path(folder) / "bare.db", workers, seconds)


def _cycle_sqlite(file: Path, workers: int, seconds: float) -> Cycles:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        for table in _TABLES:
            connection.execute(table.format(key="INTEGER", counted=" AUTOINCREMENT"))
        connection.executemany("INSERT INTO devices VALUES (?, 0)", [(number,) for number in range(workers)])

        async def cycle(device: int) -> None:
            event = _committed(connection, [_nonce(0), (_CREATE, _creation(device))])
            for statements in _transactions(device, event):
                _committed(connection, statements)

        return asyncio.run(repeated(cycle, 1, seconds))


def _committed(connection: sqlite3.Connection, statements: Statements) -> int:
    """The first value of the last statement that answers rows."""
    connection.execute("BEGIN IMMEDIATE")
    value = 0
    for text, parameters in statements:
        row = connection.execute(text, parameters).fetchone()
        value = row[0] if row else value
    connection.execute("COMMIT")
    return value
