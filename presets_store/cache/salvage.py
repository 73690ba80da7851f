"""Rows out of a file that is damaged: whatever can be reached and opens under its name was ours."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from presets_store.cache.plain import UNREADABLE, open_content
from presets_store.cache.schema import with_first_page_made_anew
from presets_store.sealing import SealBroken, Seals

_SCANS = (
    "SELECT key, value FROM Cache NOT INDEXED ORDER BY rowid",
    "SELECT key, value FROM Cache NOT INDEXED ORDER BY rowid DESC",
    "SELECT key, NULL FROM Cache INDEXED BY Cache_key_raw ORDER BY key",
    "SELECT key, NULL FROM Cache INDEXED BY Cache_key_raw ORDER BY key DESC",
)
"""From both ends, each up to the first damaged page; the index still tells the names of rows that are gone."""

_ONE = "SELECT key, value FROM Cache WHERE rowid = ?"
_MAX_ROWID = 256
"""Rows between two damaged pages are asked for one by one; row ids are small, since rows are replaced in place."""


def salvage(path: Path, seals: Seals) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Sealed rows of the file by name, and the names of those that are lost. Never raises for the file's content.

    Only the file itself is read, not its log: what was acknowledged is in the file.
    """
    rows: dict[str, bytes] = {}
    names: set[str] = set()
    try:
        content = path.read_bytes()
        with closing(open_content(with_first_page_made_anew(content))) as database:
            for key, value in _reachable(database):
                if isinstance(key, str):
                    names.add(key)
                    if isinstance(value, bytes) and key not in rows and _opens(seals, key, value):
                        rows[key] = value
    except (OSError, *UNREADABLE):
        pass  # what was reached until then counts
    return rows, tuple(sorted(names - rows.keys()))


def _reachable(database: sqlite3.Connection) -> Iterator[tuple[object, object]]:
    for scan in _SCANS:
        yield from _until_damage(database, scan)
    for rowid in range(1, _MAX_ROWID + 1):
        yield from _until_damage(database, _ONE, rowid)


def _until_damage(database: sqlite3.Connection, select: str, *values: int) -> Iterator[tuple[object, object]]:
    try:
        yield from database.execute(select, values)
    except UNREADABLE:
        return


def _opens(seals: Seals, name: str, sealed: bytes) -> bool:
    try:
        seals.unseal(name, sealed)
    except SealBroken:
        return False
    return True
