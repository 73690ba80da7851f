"""A real hub in a process of its own, on either database, and what is put into its store past it."""

import asyncio
import json
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fakes.hub_process import HubProcess, first_key
from fakes.postgres import PostgresServer
from sqlalchemy import insert
from sqlalchemy import text as sql

from bench.plain_http import Connection
from presets_store.protocol.signing import sign_headers
from presets_store.services.people.keys import NewKey
from presets_store.storage import Database, open_database
from presets_store.storage.records import Device
from presets_store.storage.rows import values_of
from presets_store.storage.tables import devices, events

PLACE = "/var/tmp"
"""On a disk, and where the account of PostgreSQL may go."""

DATABASES = ("SQLite", "PostgreSQL")

_DURABLE = ("listen_addresses=", "max_connections=80")
_ANSWER_SECONDS = 300.0
"""A server that falls behind is measured, not given up."""


@dataclass(frozen=True, slots=True)
class BenchHub:
    """One replica. `pid`: of its process."""

    url: str
    key: NewKey
    pid: int
    database: Database

    def signed(self, method: str, path: str, body: Mapping[str, Any], **headers: str) -> bytes:
        """A whole request."""
        text = json.dumps(body)
        secret, access = self.key.secret, self.key.access_key
        headers |= sign_headers(secret, access, method, path, {}, text, str(uuid.uuid4()), int(time.time()))
        return request_bytes(method, path, text, headers)

    async def ask(self, connection: Connection, method: str, path: str, body: Mapping[str, Any], **headers: str) -> Any:
        """The parsed answer, None without one. Raises RuntimeError unless the status is 200."""
        async with asyncio.timeout(_ANSWER_SECONDS):
            answer = await connection.ask(self.signed(method, path, body, **headers))
        return json.loads(answer) if answer else None

    async def new_devices(self, count: int) -> list[int]:
        """The keys of devices that are put into the store without asking the hub."""
        new = [Device(guid=str(uuid.uuid4()), serial_number=str(uuid.uuid4())) for _ in range(count)]
        statement = insert(devices).returning(devices.c.key)
        rows = [values_of(device) for device in new]
        return await self.database.write(lambda connection: list(connection.execute(statement, rows).scalars()))

    async def copy_ended(self, event: int, count: int) -> None:
        """`count` copies of an event that has ended, spread over all devices, each a millisecond older."""
        statement = sql(_copying())
        await self.database.write(lambda connection: connection.execute(statement, {"pattern": event, "count": count}))
        if self.database.dialect == "postgresql":  # which does so by itself within a minute; SQLite never does
            await self.database.write(lambda connection: connection.exec_driver_sql("ANALYZE events"))


def request_bytes(method: str, path: str, body: str, headers: Mapping[str, str]) -> bytes:
    """A request as it goes on the wire."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body.encode())}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def _copying() -> str:
    """One statement for both databases."""
    changed = {
        "uuid": "old.uuid || '-' || numbers.i || '-' || :count",
        "device_key": "(SELECT min(key) FROM devices) + numbers.i % (SELECT count(*) FROM devices)",
        **{name: f"old.{name} - 1000 * numbers.i" for name in ("created", "modified", "started", "ended")},
    }
    names = [column.name for column in events.columns if column.name != "key"]
    values = ", ".join(changed.get(name, f"old.{name}") for name in names)
    return (
        "WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < :count) "
        f"INSERT INTO events ({', '.join(names)}) SELECT {values} "
        "FROM numbers, events AS old WHERE old.key = :pattern"
    )


@asynccontextmanager
async def bench_hub(kind: str) -> AsyncIterator[BenchHub]:
    """A ready hub on an empty database of that kind; gone with all of it at the end."""
    with tempfile.TemporaryDirectory(prefix="cuelight-bench-", dir=PLACE) as name:
        folder = Path(name)
        if kind == "SQLite":
            async with _hub_on(folder, f"sqlite:///{folder / 'hub.db'}") as hub:
                yield hub
            return
        async with durable_postgresql() as url, _hub_on(folder, url) as hub:
            yield hub


@asynccontextmanager
async def durable_postgresql() -> AsyncIterator[str]:
    """The URL of an empty database on a server that syncs its commits to the disk."""
    with tempfile.TemporaryDirectory(prefix="cuelight-bench-", dir=PLACE) as name:
        server = await asyncio.to_thread(PostgresServer, Path(name), _DURABLE)
        try:
            yield await asyncio.to_thread(server.database)
        finally:
            await asyncio.to_thread(server.stop)


@asynccontextmanager
async def _hub_on(folder: Path, url: str) -> AsyncIterator[BenchHub]:
    process = HubProcess(folder, url, CUELIGHT_HUB_LOG__LEVEL="WARNING")
    try:
        await asyncio.to_thread(process.start)
        assert process.process is not None
        database = await open_database(url)
        try:
            yield BenchHub(process.url, first_key(folder), process.process.pid, database)
        finally:
            await database.close()
        await asyncio.to_thread(process.stop)
    finally:
        process.end()
