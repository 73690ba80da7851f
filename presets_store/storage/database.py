"""The database as services see it: functions of a connection go in, results come out after the commit."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar, cast

from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from presets_store.storage.errors import DatabaseDamaged, DatabaseForeign

Result = TypeVar("Result")

_RUNNERS = {"sqlite": "presets_store.storage.sqlite", "postgresql": "presets_store.storage.postgresql"}
"""Loaded when needed: SQLAlchemy's asynchronous part costs a device 8 MB that only a hub needs."""


class Database(Protocol):
    """A migrated, open database.

    Functions given to `write` and `read` must touch nothing but their connection (on SQLite they run in another thread)
    and may be run a second time (on PostgreSQL after a deadlock). What they raise reaches their caller and undoes only
    their own work. StorageUnavailable: the database failed. A write has then left nothing behind, unless the connection
    to a server broke during the commit: repeat it only where that is harmless.
    """

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        ...

    async def write(self, function: Callable[[Connection], Result]) -> Result:
        """Runs `function` in a transaction; returns when that is on the disk."""
        ...

    async def read(self, function: Callable[[Connection], Result]) -> Result:
        """Runs `function` on one snapshot; it cannot write."""
        ...

    async def until_damaged(self) -> DatabaseDamaged:
        """Returns when a function has met with damage in the database's own file; of a server's it is never said."""
        ...

    async def close(self) -> None:
        """Finishes what was handed in, then lets go. Later calls raise DatabaseClosed."""
        ...


class _Runner(Protocol):
    async def open_runner(self, url: str, backup_folder: Path | None) -> Database: ...


async def open_database(url: str, *, backup_folder: Path | None = None) -> Database:
    """Opens `sqlite:///path` or `postgresql://...`, migrated to this release's revision.

    A SQLite file that needs migrating is copied to `backup_folder` first (None: `backups` beside it).
    Raises DatabaseDamaged, DatabaseForeign, MigrationFailed or StorageUnavailable.
    """
    try:
        dialect = make_url(url).get_backend_name()
    except ArgumentError:
        dialect = ""
    if dialect not in _RUNNERS:
        raise DatabaseForeign(
            database="named in the settings", reason="its URL begins neither sqlite:/// nor postgresql://"
        )
    runner = cast("_Runner", importlib.import_module(_RUNNERS[dialect]))
    return await runner.open_runner(url, backup_folder)
