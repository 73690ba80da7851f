import asyncio
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from fakes.postgres import PostgresServer
from fakes.stored import make_device, make_event
from sqlalchemy import Connection, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError

from presets_store.storage import Database, DatabaseClosed, StorageUnavailable, open_database
from presets_store.storage.devices import get_device, insert_device, list_devices
from presets_store.storage.events import insert_event
from presets_store.storage.meta import get_meta, set_meta
from presets_store.storage.records import Device
from presets_store.storage.sqlite import SqliteDatabase


def seen_by_others(url: str, server: PostgresServer, name: str) -> str:
    """A meta value as another program sees it at this moment."""
    target = make_url(url)
    if target.get_backend_name() == "postgresql":
        return server.sql(str(target.database), f"SELECT value FROM meta WHERE name = '{name}'")
    with sqlite3.connect(str(target.database)) as other:
        found = other.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    other.close()
    return str(found[0]) if found else ""


async def test_a_write_is_committed_when_it_returns(
    database: Database, url: str, postgres_server: PostgresServer
) -> None:
    for number in range(5):
        await database.write(lambda c, value=str(number): set_meta(c, "n", value))  # type: ignore[misc]
        assert await asyncio.to_thread(seen_by_others, url, postgres_server, "n") == str(number)


async def test_who_fails_undoes_only_its_own_work(database: Database) -> None:
    def work(connection: Connection, name: str) -> str:
        set_meta(connection, name, "kept")
        if name == "bad":
            raise RuntimeError("mine alone")
        if name == "clash":
            connection.execute(text("INSERT INTO meta (name, value) VALUES ('clash', '')"))
        return name

    names = ["a", "bad", "b", "clash", "c"]
    done = await asyncio.gather(
        *(database.write(lambda c, name=name: work(c, name)) for name in names),  # type: ignore[misc]
        return_exceptions=True,
    )
    assert [done[0], done[2], done[4]] == ["a", "b", "c"]
    assert isinstance(done[1], RuntimeError)
    assert isinstance(done[3], IntegrityError)
    kept = await database.read(lambda c: [name for name in names if get_meta(c, name)])
    assert kept == ["a", "b", "c"]


async def test_a_caller_may_use_savepoints_of_its_own(database: Database) -> None:
    def work(connection: Connection) -> None:
        set_meta(connection, "kept", "1")
        inner = connection.begin_nested()
        set_meta(connection, "undone", "1")
        inner.rollback()

    await database.write(work)
    assert await database.read(lambda c: (get_meta(c, "kept"), get_meta(c, "undone"))) == ("1", None)


async def test_savepoints_left_open_do_no_harm(database: Database) -> None:
    def work(connection: Connection, name: str) -> None:
        connection.begin_nested()
        set_meta(connection, name, "1")
        if name == "bad":
            raise RuntimeError("with its savepoint open")

    calls = (database.write(lambda c, name=name: work(c, name)) for name in ("a", "bad", "b"))  # type: ignore[misc]
    done = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(one) for one in done] == [type(None), RuntimeError, type(None)]
    assert await database.read(lambda c: [get_meta(c, name) for name in ("a", "bad", "b")]) == ["1", None, "1"]


async def test_readers_cannot_write(database: Database) -> None:
    with pytest.raises((DBAPIError, StorageUnavailable), match=r"read-?only"):
        await database.read(lambda c: insert_device(c, make_device()))
    assert await database.read(list_devices) == []


async def test_foreign_keys_are_kept(database: Database) -> None:
    with pytest.raises(IntegrityError):
        await database.write(lambda c: insert_event(c, make_event(4711)))


async def test_a_closed_database_says_so(database: Database) -> None:
    await database.close()
    await database.close()
    for call in (database.write, database.read):
        with pytest.raises(DatabaseClosed):
            await call(list_devices)


async def test_work_handed_in_before_closing_is_done(sqlite: SqliteDatabase, sqlite_url: str) -> None:
    waiting = [asyncio.ensure_future(sqlite.write(lambda c: insert_device(c, make_device()))) for _ in range(20)]
    await asyncio.sleep(0)
    await sqlite.close()
    assert len(await asyncio.gather(*waiting)) == 20
    again = await open_database(sqlite_url)
    assert len(await again.read(list_devices)) == 20
    await again.close()


@pytest.fixture
def sqlite_url(migrated_file: Path, tmp_path: Path) -> str:
    (tmp_path / "one.db").write_bytes(migrated_file.read_bytes())
    return f"sqlite:///{tmp_path / 'one.db'}"


@pytest.fixture
async def sqlite(sqlite_url: str):  # type: ignore[no-untyped-def]
    opened = await open_database(sqlite_url)
    yield opened
    await opened.close()


class Held:
    """Keeps the writer busy in a transaction until `release`, so that what is written meanwhile waits together."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._begun, self._released = threading.Event(), threading.Event()
        self._task = asyncio.ensure_future(database.write(self._hold))

    def _hold(self, _: Connection) -> None:
        self._begun.set()
        assert self._released.wait(10)

    async def begun(self) -> None:
        assert await asyncio.to_thread(self._begun.wait, 10)

    async def release(self) -> None:
        self._released.set()
        await self._task


async def test_those_who_wait_share_a_commit_and_the_loop_goes_on(sqlite: SqliteDatabase) -> None:
    commits: list[Connection] = []
    event.listen(sqlite._engine, "commit", commits.append)
    held = Held(sqlite)
    await held.begun()
    waiting = [asyncio.ensure_future(sqlite.write(lambda c: insert_device(c, make_device()))) for _ in range(50)]
    assert await sqlite.read(list_devices) == []
    await held.release()
    assert len({device.key for device in await asyncio.gather(*waiting)}) == 50
    assert len(commits) == 2


async def test_a_failed_commit_fails_all_who_shared_it(sqlite: SqliteDatabase) -> None:
    def orphan(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        insert_event(connection, make_event(4711))

    held = Held(sqlite)
    await held.begun()
    good = asyncio.ensure_future(sqlite.write(lambda c: set_meta(c, "good", "1")))
    bad = asyncio.ensure_future(sqlite.write(orphan))
    await asyncio.sleep(0)
    await held.release()
    done = await asyncio.gather(good, bad, return_exceptions=True)
    assert [type(one) for one in done] == [IntegrityError, IntegrityError]
    assert await sqlite.read(lambda c: get_meta(c, "good")) is None
    await sqlite.write(lambda c: set_meta(c, "after", "1"))


async def test_a_lost_transaction_fails_all_who_shared_it(sqlite: SqliteDatabase) -> None:
    """As SQLite itself does it after some I/O errors: everything is rolled back under our feet."""
    held = Held(sqlite)
    await held.begun()
    calls = [
        asyncio.ensure_future(sqlite.write(lambda c: set_meta(c, "good", "1"))),
        asyncio.ensure_future(sqlite.write(lambda c: c.exec_driver_sql("ROLLBACK"))),
        asyncio.ensure_future(sqlite.write(lambda c: set_meta(c, "too", "1"))),
    ]
    await asyncio.sleep(0)
    await held.release()
    done = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(one) for one in done] == [sqlite3.OperationalError] * 3
    await sqlite.write(lambda c: set_meta(c, "after", "1"))
    assert await sqlite.read(lambda c: (get_meta(c, "good"), get_meta(c, "after"))) == (None, "1")


async def test_who_gave_up_before_its_turn_is_left_out(sqlite: SqliteDatabase) -> None:
    held = Held(sqlite)
    await held.begun()
    call = asyncio.ensure_future(sqlite.write(lambda c: set_meta(c, "gone", "1")))
    await asyncio.sleep(0)
    call.cancel()
    await held.release()
    await sqlite.write(lambda c: set_meta(c, "after", "1"))
    assert await sqlite.read(lambda c: get_meta(c, "gone")) is None


async def test_a_full_disk_is_told_to_its_caller(sqlite: SqliteDatabase, sqlite_url: str) -> None:
    pages = await sqlite.write(lambda c: c.exec_driver_sql("PRAGMA page_count").scalar())
    await sqlite.write(lambda c: c.exec_driver_sql(f"PRAGMA max_page_count={pages}"))
    with pytest.raises(StorageUnavailable, match=r"one\.db.*full"):
        await sqlite.write(lambda c: set_meta(c, "large", "x" * 100_000))
    await sqlite.write(lambda c: c.exec_driver_sql("PRAGMA max_page_count=1000000"))
    await sqlite.write(lambda c: set_meta(c, "large", "x" * 100_000))


async def test_a_file_held_by_another_process_is_waited_for_then_reported(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("presets_store.storage.sqlite._BUSY_SECONDS", 0.1)
    database = await open_database(sqlite_url)
    other = sqlite3.connect(str(make_url(sqlite_url).database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageUnavailable, match="locked"):
        await database.write(lambda c: set_meta(c, "n", "1"))
    assert await database.read(list_devices) == []
    other.execute("ROLLBACK")
    other.close()
    await database.write(lambda c: set_meta(c, "n", "1"))
    await database.close()


async def test_a_reader_sees_one_snapshot(sqlite: SqliteDatabase, sqlite_url: str) -> None:
    def twice(connection: Connection) -> tuple[int, int]:
        first = len(list_devices(connection))
        with sqlite3.connect(str(make_url(sqlite_url).database)) as other:
            other.execute("DELETE FROM devices")
        other.close()
        return first, len(list_devices(connection))

    await sqlite.write(lambda c: insert_device(c, make_device()))
    assert await sqlite.read(twice) == (1, 1)
    assert await sqlite.read(list_devices) == []


async def test_how_sqlite_is_set(sqlite: SqliteDatabase) -> None:
    def settings(connection: Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "query_only")
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

    assert await sqlite.write(settings) == ["wal", 2, 1, 0]
    assert (await sqlite.read(settings))[3] == 1


WRITE_UNTIL_KILLED = """
import asyncio, sys
from presets_store.storage import open_database
from presets_store.storage.meta import set_meta

async def main():
    database = await open_database(sys.argv[1])
    async def one(lane):
        for number in range(100000):
            await database.write(lambda c: set_meta(c, f"{lane}-{number}", ""))
            print(f"{lane}-{number}", flush=True)
    await asyncio.gather(*(one(lane) for lane in range(8)))

asyncio.run(main())
"""


def test_nothing_that_was_acknowledged_is_lost_by_a_kill(sqlite_url: str) -> None:
    command = [sys.executable, "-P", "-c", WRITE_UNTIL_KILLED, sqlite_url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        acknowledged = [child.stdout.readline().strip() for _ in range(100)]
        child.kill()
        acknowledged += [line.strip() for line in child.stdout if line.endswith("\n")]
    with sqlite3.connect(str(make_url(sqlite_url).database)) as other:
        kept = {name for (name,) in other.execute("SELECT name FROM meta")}
        assert other.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    other.close()
    assert set(acknowledged) <= kept


LIGHT = """
import asyncio, sys
from presets_store.storage import open_database
async def main():
    await (await open_database(sys.argv[1])).close()
asyncio.run(main())
print([name for name in ("alembic", "asyncpg", "sqlalchemy.orm", "sqlalchemy.ext.asyncio") if name in sys.modules])
"""


def test_a_device_loads_neither_alembic_nor_the_server_drivers(sqlite_url: str, tmp_path: Path) -> None:
    for url in (sqlite_url, f"sqlite:///{tmp_path / 'new.db'}"):
        command = [sys.executable, "-P", "-c", LIGHT, url]
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "[]"


@pytest.fixture
def server_url(postgres_server: PostgresServer, migrated_name: str) -> str:
    return postgres_server.database(template=migrated_name)


async def test_a_deadlock_is_tried_again(server_url: str) -> None:
    database = await open_database(server_url)
    first = await database.write(lambda c: insert_device(c, make_device()))
    second = await database.write(lambda c: insert_device(c, make_device()))
    runs: list[int] = []

    def rename(connection: Connection, keys: tuple[int, int]) -> None:
        runs.append(keys[0])
        for key in keys:
            connection.execute(text("UPDATE devices SET volume = volume + 1 WHERE key = :key"), {"key": key})
            connection.execute(text("SELECT pg_sleep(0.2)"))

    await asyncio.gather(
        database.write(lambda c: rename(c, (first.key, second.key))),
        database.write(lambda c: rename(c, (second.key, first.key))),
    )
    assert len(runs) == 3
    stored: list[Device] = await database.read(list_devices)
    assert [device.volume for device in stored] == [2, 2]
    await database.close()


async def test_a_server_that_dropped_its_connections_is_used_again(
    server_url: str, postgres_server: PostgresServer
) -> None:
    database = await open_database(server_url)
    device = await database.write(lambda c: insert_device(c, make_device()))
    name = make_url(server_url).database
    kick = f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{name}'"
    assert await asyncio.to_thread(postgres_server.sql, "postgres", kick) == "1"
    assert await database.read(lambda c: get_device(c, device.key)) == device
    await database.close()


async def test_how_postgresql_reads(server_url: str) -> None:
    def settings(connection: Connection) -> list[object]:
        names = ("transaction_isolation", "transaction_read_only")
        return [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in names]

    database = await open_database(server_url)
    assert await database.read(settings) == ["repeatable read", "on"]
    assert await database.write(settings) == ["read committed", "off"]
    await database.close()


async def test_an_unreachable_server_is_named_without_its_password(tmp_path: Path, server_url: str) -> None:
    with pytest.raises(StorageUnavailable) as caught:
        await open_database(f"postgresql://me:hunter2@/fleet?host={tmp_path}")
    assert "fleet" in caught.value.message
    assert "hunter2" not in caught.value.message
    with pytest.raises(StorageUnavailable, match="does not exist"):
        await open_database(make_url(server_url).set(database="nowhere").render_as_string(hide_password=False))
