"""diskcache as the sealed cache uses it: no pickle, no files, no eviction, and every write on the disk.

By default diskcache pickles (CVE-2025-69872: who can write to its folder runs code in the reader), keeps long values
in files that it never syncs, evicts, and turns each row of its Settings table into a PRAGMA or an attribute.
"""

import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from diskcache import Cache, Disk, Timeout

from presets_store.cache.errors import ForeignRow, ReadBackOtherwise

DATABASE = "cache.db"
BUSY_SECONDS = 5.0
MODE_RAW = 1
"""diskcache's number for a value that stands in its row as it is."""

SETTINGS: Mapping[str, int | str] = {
    "statistics": 0,
    "tag_index": 0,
    "eviction_policy": "none",
    "size_limit": 2**30,
    "cull_limit": 0,
    "sqlite_auto_vacuum": 1,
    "sqlite_cache_size": 256,
    "sqlite_journal_mode": "wal",
    "sqlite_mmap_size": 0,
    "sqlite_synchronous": 2,
    "disk_min_file_size": 0,
    "disk_pickle_protocol": 0,
}
"""Every setting that diskcache has: none is left to its defaults, so that the Settings table can be checked in full."""

FAILURES = (sqlite3.Error, Timeout, OSError, ForeignRow, ReadBackOtherwise)
"""What `connect` and `write` raise when the disk, the file or what stands in it does not let them."""

_FULL, _NORMAL = 2, 1


class BytesDisk(Disk):
    """Text keys and bytes values, always in the row; whatever else stands in a row is refused, never interpreted."""

    def put(self, key: object) -> tuple[str, bool]:
        if type(key) is not str:
            raise ForeignRow(what=f"a key of type {type(key).__name__}")
        return key, True

    def get(self, key: object, raw: object) -> str:
        if raw != 1 or type(key) is not str:
            raise ForeignRow(what=f"a key of type {type(key).__name__} with raw={raw!r}")
        return key

    def store(self, value: object, read: bool, key: object = None) -> tuple[int, int, None, bytes]:  # noqa: ARG002
        if read or type(value) is not bytes:
            raise ForeignRow(what=f"a value of type {type(value).__name__}")
        return 0, MODE_RAW, None, value

    def fetch(self, mode: int, filename: str | None, value: object, read: bool) -> bytes:
        if read or mode != MODE_RAW or filename is not None or type(value) is not bytes:
            raise ForeignRow(what=f"a value of mode {mode!r}, type {type(value).__name__}, file {filename!r}")
        return value

    def filename(self, key: object = None, value: object = None) -> tuple[str, str]:  # noqa: ARG002
        raise ForeignRow(what="a value in a file")

    def remove(self, file_path: str) -> None:
        raise ForeignRow(what=f"the removal of the file {file_path!r}")


class BytesCache(Cache):
    """diskcache's cache with our disk and settings, which leaves no connection behind when it cannot be opened."""

    def __init__(self, path: str) -> None:
        try:
            super().__init__(path, BUSY_SECONDS, BytesDisk, **{**SETTINGS, "sqlite_synchronous": _NORMAL})
            self.reset("sqlite_synchronous", _FULL)
        except BaseException:  # boundary: whatever it was, it is raised again
            self.close()
            raise


def connect(folder: Path) -> Cache:
    """The cache in `folder`, which was inspected or is new. One of FAILURES when it cannot be opened.

    At each opening diskcache writes all settings anew, one commit each, and folds the log into the file. They say
    nothing new, so these commits do not wait for the disk (what is written afterwards does), and a connection beside
    it, which also finds out whether the file is locked (diskcache would try for a minute), puts the folding off.
    """
    path = str(folder)
    if os.path.expandvars(path) != path:
        raise OSError(f"diskcache would read the $ in {path!r} as a variable")
    with closing(sqlite3.connect(folder / DATABASE, timeout=BUSY_SECONDS, isolation_level=None)) as beside:
        beside.execute("BEGIN IMMEDIATE")
        beside.execute("ROLLBACK")
        return BytesCache(path)


def write(cache: Cache, changes: Mapping[str, bytes | None]) -> None:
    """Makes all of `changes` (None: delete) or none; they are on the disk, and were read back, when this returns.

    One of FAILURES when they are not. Afterwards nothing is open and the log is folded into the file: between two
    writes the cache is one file, in which any damage shows (SQLite takes a damaged log for one that ends earlier).
    """
    try:
        with cache.transact():
            for name, sealed in changes.items():
                if sealed is None:
                    cache.delete(name)
                else:
                    cache.set(name, sealed)
        cache.close()
        for name, sealed in changes.items():
            if cache.get(name) != sealed:
                raise ReadBackOtherwise(name=name)
    finally:
        cache.close()


def reason_of(error: BaseException) -> str:
    """Why it failed: diskcache's Timeout says nothing and hides what SQLite said."""
    hidden = error.__context__ if isinstance(error, Timeout) else None
    return str(hidden or error)
