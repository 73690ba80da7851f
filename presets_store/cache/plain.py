"""Plain sqlite3 on a file that may be damaged or planted: nothing in it is taken on trust, and reading it ends."""

import itertools
import sqlite3
from pathlib import Path

from presets_store.cache.disk import BUSY_SECONDS, DATABASE

LOG = f"{DATABASE}-wal"
SHARED = f"{DATABASE}-shm"

UNREADABLE = (sqlite3.Error, UnicodeDecodeError)
"""What reading such a file raises; the second when a message of SQLite quotes what is no text."""

_MAX_CELL_BYTES = 2 * 2**20
_STEPS, _MAX_PAUSES = 10_000, 10_000
_SHOWN = 60


def open_plainly(path: Path) -> sqlite3.Connection:
    """The file at `path`, to be read.

    Without a log it is read as it is: no lock, and no log made beside it, so that a full or read-only disk does not
    matter. With one (we were killed while writing) SQLite has to recover first.
    """
    log = path.with_name(LOG)
    recover = log.exists() and log.stat().st_size > 0
    uri = f"{path.absolute().as_uri()}?{'mode=rw' if recover else 'mode=ro&immutable=1'}"
    return _guarded(sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None))


def open_content(content: bytes) -> sqlite3.Connection:
    """A database that is in memory only."""
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.deserialize(content)
    return _guarded(database)


def _guarded(database: sqlite3.Connection) -> sqlite3.Connection:
    """What a planted or damaged file may make SQLite do is bounded: no functions, no huge cells, no endless loops."""
    pauses = itertools.count()
    database.set_progress_handler(lambda: next(pauses) > _MAX_PAUSES, _STEPS)
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_CELL_BYTES)
    database.text_factory = lambda text: text.decode(errors="replace")
    for pragma in ("trusted_schema = OFF", "cell_size_check = ON", "query_only = ON"):
        database.execute(f"PRAGMA {pragma}")
    return database


def shown(value: object) -> str:
    """A value of the file for a person: quoted and not too long."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
