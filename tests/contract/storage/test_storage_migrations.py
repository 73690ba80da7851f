import asyncio
import shutil
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from fakes.postgres import PostgresServer
from fakes.stored import make_device, make_event, make_preset
from sqlalchemy import Connection
from sqlalchemy.engine import make_url

from presets_store.storage import (
    Database,
    DatabaseDamaged,
    DatabaseForeign,
    MigrationFailed,
    StorageUnavailable,
    open_database,
)
from presets_store.storage.cameras import insert_camera
from presets_store.storage.devices import insert_device, list_devices
from presets_store.storage.events import insert_event
from presets_store.storage.presets import delete_preset, insert_preset
from presets_store.storage.records import Camera
from presets_store.storage.revision import CURRENT, Schema
from presets_store.storage.schema import metadata
from presets_store.storage.sqlite import ensure_migrated

REBUILD = """
from alembic import op
import sqlalchemy as sa
revision = "next"
down_revision = "{head}"

def upgrade():
    for table in ("devices", "presets"):
        with op.batch_alter_table(table, recreate="always", table_kwargs={{"sqlite_autoincrement": True}}) as batch:
            batch.add_column(sa.Column("shade", sa.Text, nullable=False, server_default="grey"))
    {also}
"""


@pytest.fixture
def path(migrated_file: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(migrated_file, tmp_path / "store.db"))


def newer_schema(folder: Path, also: str = "pass") -> Schema:
    """This release's scripts and one more that rebuilds tables which have children."""
    scripts = Path(shutil.copytree(CURRENT.scripts, folder / "scripts"))
    (scripts / "versions" / "next.py").write_text(REBUILD.format(head=CURRENT.head, also=also))
    return Schema(revisions=(*CURRENT.revisions, "next"), scripts=scripts)


def rows(path: Path, statement: str) -> list[Any]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


def a_family(connection: Connection) -> None:
    """A device with children of each kind, and a preset whose key was given out and is gone."""
    device = insert_device(connection, make_device())
    insert_camera(connection, Camera(device_key=device.key, camera_index=0, camera_id="front"))
    insert_event(connection, make_event(device.key))
    for _ in range(3):
        preset = insert_preset(connection, make_preset(device.key))
    delete_preset(connection, preset.key)


async def fill(path: Path) -> None:
    database = await open_database(f"sqlite:///{path}")
    await database.write(a_family)
    await database.close()


def test_the_known_revisions_are_those_of_the_scripts() -> None:
    scripts = ScriptDirectory(str(CURRENT.scripts))
    assert tuple(reversed([script.revision for script in scripts.walk_revisions()])) == CURRENT.revisions


async def test_the_migrations_make_the_tables_that_the_repositories_use(database: Database) -> None:
    def differences(connection: Connection) -> list[Any]:
        options = {"compare_type": True, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))

    assert await database.read(differences) == []


async def test_a_new_database_is_private_and_migrated(tmp_path: Path) -> None:
    path = tmp_path / "folder with % and ü" / "store.db"
    database = await open_database(f"sqlite:///{path}")
    assert await database.read(list_devices) == []
    await database.close()
    assert rows(path, "SELECT version_num FROM alembic_version") == [(CURRENT.head,)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_a_current_database_starts_no_child(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(asyncio, "create_subprocess_exec")
    await fill(path)


async def test_an_older_database_keeps_its_children_and_is_backed_up(path: Path, tmp_path: Path) -> None:
    await fill(path)
    schema = newer_schema(tmp_path)
    await ensure_migrated(path, tmp_path / "backups", schema)
    assert rows(path, "SELECT version_num FROM alembic_version") == [("next",)]
    assert rows(path, "SELECT shade FROM devices") == [("grey",)]
    for table, count in (("cameras", 1), ("events", 1), ("presets", 2)):
        assert rows(path, f"SELECT count(*) FROM {table}") == [(count,)]
    assert rows(path, "SELECT seq FROM sqlite_sequence WHERE name = 'presets'") == [(3,)]
    assert rows(path, "PRAGMA foreign_key_check") == []

    backup = tmp_path / "backups" / f"store-{CURRENT.head}.db"
    assert list(backup.parent.iterdir()) == [backup]
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert rows(backup, "SELECT count(*) FROM cameras") == [(1,)]
    restored = await open_database(f"sqlite:///{backup}")
    assert len(await restored.read(list_devices)) == 1
    await restored.close()


@pytest.mark.parametrize(
    ("also", "reason"),
    [
        ('op.execute("DELETE FROM devices")', "would lose their parent"),
        ('op.execute("SELECT * FROM nowhere")', "nowhere"),
        ('raise ValueError("a fault in a script")', "a fault in a script"),
    ],
)
async def test_a_migration_that_fails_changes_nothing(path: Path, tmp_path: Path, also: str, reason: str) -> None:
    await fill(path)
    before = rows(path, "SELECT * FROM sqlite_master")
    for _ in range(2):
        with pytest.raises(MigrationFailed, match=reason):
            await ensure_migrated(path, tmp_path / "backups", newer_schema(tmp_path / also[:3] / str(_), also))
    assert rows(path, "SELECT * FROM sqlite_master") == before
    assert len(list((tmp_path / "backups").iterdir())) == 1
    await fill(path)


def test_without_a_backup_nothing_is_migrated(path: Path, tmp_path: Path) -> None:
    asyncio.run(fill(path))
    (tmp_path / "backups").write_text("a file where the folder should be")
    with pytest.raises(MigrationFailed, match="FileExistsError"):
        asyncio.run(ensure_migrated(path, tmp_path / "backups", newer_schema(tmp_path)))
    assert rows(path, "SELECT version_num FROM alembic_version") == [(CURRENT.head,)]


async def test_a_revision_that_is_not_ours_is_refused(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(DatabaseForeign, match=r"store\.db.*'9999' is unknown to this release"):
        await open_database(f"sqlite:///{path}")


async def test_tables_of_another_program_are_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "photos.db") as connection:
        connection.execute("CREATE TABLE photos (id)")
    connection.close()
    with pytest.raises(DatabaseForeign, match="tables of another program"):
        await open_database(f"sqlite:///{tmp_path / 'photos.db'}")
    assert rows(tmp_path / "photos.db", "SELECT name FROM sqlite_master") == [("photos",)]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "text": lambda _: b"this is no database, it is a letter\n" * 100,
    "header": lambda whole: b"\0" * 100 + whole[100:],
    "cut": lambda whole: whole[:5000],
    "schema": lambda whole: whole[:100] + b"\xff" * 8 + whole[108:],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_reported_and_left_alone(path: Path, damage: str) -> None:
    damaged = DAMAGES[damage](path.read_bytes())
    path.write_bytes(damaged)
    with pytest.raises(DatabaseDamaged, match=r"store\.db is damaged"):
        asyncio.run(open_database(f"sqlite:///{path}"))
    assert path.read_bytes() == damaged


@pytest.mark.parametrize("url", ["mysql://here/cuelight", "sqlite://", "sqlite:///:memory:", "nonsense", ""])
async def test_an_address_that_cannot_work_is_refused(url: str) -> None:
    with pytest.raises(DatabaseForeign):
        await open_database(url)


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageUnavailable, match=r"store\.db"):
        asyncio.run(open_database(f"sqlite:///{tmp_path / 'file' / 'store.db'}"))


async def test_postgresql_is_migrated_by_one_of_those_who_come_together(postgres_url: str) -> None:
    databases = await asyncio.gather(*(open_database(postgres_url) for _ in range(2)))
    await databases[0].write(a_family)
    assert len(await databases[1].read(list_devices)) == 1
    await asyncio.gather(*(database.close() for database in databases))


async def test_postgresql_with_other_tables_or_a_newer_revision_is_refused(
    postgres_url: str, postgres_server: PostgresServer
) -> None:
    name = str(make_url(postgres_url).database)
    await asyncio.to_thread(postgres_server.sql, name, "CREATE TABLE photos (id int)")
    with pytest.raises(DatabaseForeign, match="tables of another program"):
        await open_database(postgres_url)
    statement = "CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('9999')"
    await asyncio.to_thread(postgres_server.sql, name, statement)
    with pytest.raises(DatabaseForeign, match="'9999' is unknown"):
        await open_database(postgres_url)
