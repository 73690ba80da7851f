"""A damaged file that SQLite takes for a sound one of another program, and a copy that is made to read one."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random

import pytest
from fakes.clock import ManualClock
from fakes.damage import copy_database, header_overwritten

from presets_store.services.restoring.restore import Kept, open_or_replace
from presets_store.storage import DatabaseDamaged, open_database
from presets_store.storage.damage import remains
from presets_store.storage.damage.salvage import salvage


@pytest.fixture
def path(filled_file: Path, tmp_path: Path) -> Path:
    return copy_database(filled_file, tmp_path / "store.db")


@pytest.mark.parametrize(
    "statement",
    ["ALTER TABLE alembic_version RENAME TO alembic_versiom", "UPDATE alembic_version SET version_num = 'p002'"],
    ids=["table", "number"],
)
async def test_a_revision_that_nobody_can_have_written_is_damage_and_not_another_program(
    path: Path, statement: str
) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)
    with pytest.raises(DatabaseDamaged, match="which revision it has"):
        await open_database(f"sqlite:///{path}")


def test_the_copy_that_is_made_to_read_a_damaged_file_is_for_nobody_else(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # else the log still has a header
    header_overwritten(path, Random(1))
    seen: list[int] = []
    read = remains._reading

    @contextmanager
    def looked_at(copy: Path, *arguments: object) -> Iterator[remains.Remains]:
        if copy != path:
            seen.append(stat.S_IMODE(copy.stat().st_mode))
        with read(copy, *arguments) as found:  # type: ignore[arg-type]
            yield found

    monkeypatch.setattr(remains, "_reading", looked_at)
    before = os.umask(0o022)
    try:
        assert salvage(path).devices
    finally:
        os.umask(before)
    assert seen == [0o600]


async def test_a_device_that_has_run_before_replaces_it_too(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("ALTER TABLE alembic_version RENAME TO alembic_versiom")
    database, found = await open_or_replace(
        path, Kept(), ManualClock(), backup_folder=path.parent / "backups", report_to="", expected=True
    )
    await database.close()
    assert [incident.code for incident in found] == ["database_damaged"]
