"""The migration process: reads an order (JSON) from standard input, brings that database up to date, and ends.

It is a process of its own so that Alembic never stays in the agent's memory. Exit status 0: done; else the last words
on standard error say why, and the database is as it was before.
"""

import asyncio
import json
import os
import sqlite3
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from presets_store.durable import sync_folder
from presets_store.storage.postgresql import MIGRATION_LOCK, make_async_engine
from presets_store.storage.sqlite import writing_engine


class MigrationRefused(Exception):
    """The migration would leave a broken database."""


def upgrade(connection: Connection, scripts: Path, head: str) -> None:
    """Runs the Alembic scripts up to `head` in the connection's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, head)


def back_up(path: Path, folder: Path, revision: str) -> Path:
    """Copies the database to `folder` as `<name>-<revision>.db`, durably, in place of an earlier such copy."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    copy = folder / f"{path.stem}-{revision}.db"
    unfinished = copy.with_suffix(".part")
    unfinished.unlink(missing_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("VACUUM INTO ?", (str(unfinished),))
    finally:
        connection.close()
    unfinished.chmod(0o600)
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    unfinished.replace(copy)
    sync_folder(folder)
    return copy


def migrate_sqlite(path: Path, order: dict[str, Any]) -> None:
    """All or nothing; foreign keys are off (else rebuilding a table deletes its children), then checked."""
    if order["found"] is not None:
        back_up(path, Path(order["backup_folder"]), order["found"])
    engine = writing_engine(path, foreign_keys=False, mode="rwc")
    path.chmod(0o600) if path.exists() else path.touch(mode=0o600)
    with engine.begin() as connection:
        marks = _key_marks(connection)
        upgrade(connection, Path(order["scripts"]), order["head"])
        _restore_key_marks(connection, marks)
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if broken:
            raise MigrationRefused(f"{len(broken)} rows would lose their parent, the first in table {broken[0][0]}")
    engine.dispose()


def _key_marks(connection: Connection) -> dict[str, int]:
    if not connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").all():
        return {}
    return {str(name): int(seq) for name, seq in connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence")}


def _restore_key_marks(connection: Connection, marks: dict[str, int]) -> None:
    """Rebuilding a table forgets which keys were given out; they must not be given out again."""
    there = _key_marks(connection)
    for table in marks.keys() & there.keys():
        statement = "UPDATE sqlite_sequence SET seq = ? WHERE name = ? AND seq < ?"
        connection.exec_driver_sql(statement, (marks[table], table, marks[table]))


async def migrate_postgresql(order: dict[str, Any]) -> None:
    """All or nothing, one process at a time: the lock lasts as long as the transaction."""
    engine = make_async_engine(order["url"])
    try:
        async with engine.begin() as connection:
            await connection.exec_driver_sql(MIGRATION_LOCK)
            await connection.run_sync(upgrade, Path(order["scripts"]), order["head"])
    finally:
        await engine.dispose()


def main() -> None:
    order = json.load(sys.stdin)
    url = make_url(order["url"])
    try:
        if url.get_backend_name() == "sqlite":
            migrate_sqlite(Path(str(url.database)), order)
        else:
            asyncio.run(migrate_postgresql(order))
    except (SQLAlchemyError, sqlite3.Error, OSError, MigrationRefused) as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from error


if __name__ == "__main__":
    main()
