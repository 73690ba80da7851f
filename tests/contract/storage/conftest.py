import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes.damage import copy_database
from fakes.filled_store import fill
from fakes.postgres import PostgresServer
from fakes.stored import make_device
from sqlalchemy.engine import make_url

from presets_store.storage import Database, open_database
from presets_store.storage.devices import insert_device
from presets_store.storage.records import Device


def _migrate(url: str) -> None:
    async def open_and_close() -> None:
        await (await open_database(url)).close()

    asyncio.run(open_and_close())


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file to copy."""
    path = tmp_path_factory.mktemp("storage") / "migrated.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def filled_file(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of a device, the youngest part of it only in its log, as a power cut leaves it."""
    path, copy = (tmp_path_factory.mktemp(name) / "store.db" for name in ("running", "filled"))

    async def build() -> None:
        database = await open_database(f"sqlite:///{copy_database(migrated_file, path)}")
        await database.write(fill)
        copy_database(path, copy)
        await database.close()

    asyncio.run(build())
    return copy


@pytest.fixture
def quick_migration(migrated_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A migrated file is copied: to make one takes a process and half a second."""

    async def copied(url: str, found: str | None, *_: Any, **__: Any) -> None:
        assert found is None
        await asyncio.to_thread(shutil.copyfile, migrated_file, url.removeprefix("sqlite:///"))

    monkeypatch.setattr("presets_store.storage.sqlite.migrate_in_child", copied)


@pytest.fixture(scope="session")
def migrated_name(postgres_server: PostgresServer) -> str:
    """The name of a migrated, empty PostgreSQL database to copy."""
    url = postgres_server.database()
    _migrate(url)
    return str(make_url(url).database)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a migrated, empty database of this test's own, on either system."""
    if request.param == "sqlite":
        path = tmp_path / "store.db"
        shutil.copy(request.getfixturevalue("migrated_file"), path)
        yield f"sqlite:///{path}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.lent(template=request.getfixturevalue("migrated_name")) as lent:
        yield lent


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    opened = await open_database(url)
    yield opened
    await opened.close()


@pytest.fixture
async def device(database: Database) -> Device:
    return await database.write(lambda connection: insert_device(connection, make_device()))
