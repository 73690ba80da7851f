"""The look at the cache's folder before diskcache may open it: is it whole, and ours alone?

Nothing that the file declares is used before all that it declares is known.
"""

import os
import sqlite3
import stat
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from presets_store.cache.disk import DATABASE, MODE_RAW, SETTINGS
from presets_store.cache.plain import LOG, SHARED, UNREADABLE, open_plainly, shown
from presets_store.cache.salvage import salvage
from presets_store.cache.schema import expected_schema, schema_of
from presets_store.sealing import SealBroken, Seals

MAX_FILE_BYTES = 64 * 2**20
"""A longer file is not ours: see the limits in `sealed.py`."""

_FORMAT, _WITH_LOG = slice(18, 20), b"\x02\x02"
"""Where a database file says whether it may be written, and with a write-ahead log."""

_SELECT = "SELECT key, value, raw, expire_time, tag, size, mode, filename FROM Cache NOT INDEXED ORDER BY rowid"
_AS_OURS = (1, None, None, 0, MODE_RAW, None)
_CUT_OFF = ("sqlite_synchronous", 1)
"""What a kill while diskcache opened the file leaves behind; the next opening puts it right."""

_TOLD = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """What is in the folder. `rows`: name -> sealed value, each of which opens; `lost`: names of those that do not.

    `damage` is empty when the cache is sound, and when it is `absent`: no folder, or an empty one.
    """

    damage: str = ""
    absent: bool = False
    rows: Mapping[str, bytes] = field(default_factory=dict)
    lost: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        return not self.damage and not self.absent


class _Damaged(Exception):
    """Something is not as we left it; the text says what."""


def inspect(folder: Path, seals: Seals) -> Finding:
    """Whatever is there, this answers. Blocks for the disk, and writes only what SQLite does to recover from a kill."""
    try:
        if is_absent(folder):
            return Finding(absent=True)
        _check_files(folder)
        return Finding(rows=_checked_rows(folder / DATABASE, seals))
    except (_Damaged, OSError) as error:
        damage = str(error)
    except UNREADABLE as error:
        damage = f"{DATABASE} cannot be read: {error}"
    if not _may_be_read(folder):
        return Finding(damage=damage)
    rows, lost = salvage(folder / DATABASE, seals)
    return Finding(damage=damage, rows=rows, lost=lost)


def is_absent(folder: Path) -> bool:
    """No folder, or an empty one: whatever was to be made there can still be made."""
    if not os.path.lexists(folder):
        return True
    return stat.S_ISDIR(folder.lstat().st_mode) and not any(folder.iterdir())


def _check_files(folder: Path) -> None:
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode):
        raise _Damaged(f"{folder.name} is not a folder ({stat.filemode(status.st_mode)})")
    if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
        raise _Damaged(f"{folder.name} is not ours alone ({stat.filemode(status.st_mode)}, user {status.st_uid})")
    names = {entry.name for entry in folder.iterdir()}
    if strange := names - {DATABASE, LOG, SHARED}:
        raise _Damaged(f"{shown(min(strange))} is no file of the cache")
    if DATABASE not in names:
        raise _Damaged(f"{DATABASE} is missing")
    for name in sorted(names):
        status = (folder / name).lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
            raise _Damaged(f"{name} is not a file of ours ({stat.filemode(status.st_mode)}, user {status.st_uid})")
        if status.st_size > MAX_FILE_BYTES:
            raise _Damaged(f"{name} has {status.st_size} bytes, more than a cache of ours can have")


def _may_be_read(folder: Path) -> bool:
    """Whether there is a plain file in a real folder, of a bearable size, for the salvage to read."""
    try:
        parent, file = folder.lstat(), (folder / DATABASE).lstat()
    except OSError:
        return False
    return stat.S_ISDIR(parent.st_mode) and stat.S_ISREG(file.st_mode) and file.st_size <= MAX_FILE_BYTES


def _checked_rows(path: Path, seals: Seals) -> dict[str, bytes]:
    with path.open("rb") as file:
        header = file.read(_FORMAT.stop)
    if header[_FORMAT] != _WITH_LOG:
        raise _Damaged(f"{DATABASE} is not a database with a write-ahead log")
    with closing(open_plainly(path)) as database:
        if schema_of(database) != expected_schema():
            raise _Damaged(f"{DATABASE} does not declare what diskcache does")
        problem = database.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if problem != "ok":
            raise _Damaged(f"{DATABASE} is damaged: {problem}")
        rows = _rows(database, seals)
        _check_settings(database, len(rows))
    return rows


def _rows(database: sqlite3.Connection, seals: Seals) -> dict[str, bytes]:
    rows: dict[str, bytes] = {}
    broken: list[str] = []
    for name, sealed, *rest in database.execute(_SELECT):
        try:
            if not isinstance(name, str) or not isinstance(sealed, bytes) or tuple(rest) != _AS_OURS:
                raise SealBroken(name=name, reason="it is not stored as ours are")
            seals.unseal(name, sealed)
            rows[name] = sealed
        except SealBroken as error:
            broken.append(f"{shown(name)} ({error.fields['reason']})")
    if broken:
        more = f" and {len(broken) - _TOLD} more" if len(broken) > _TOLD else ""
        raise _Damaged(f"rows that do not open: {', '.join(broken[:_TOLD])}{more}")
    return rows


def _check_settings(database: sqlite3.Connection, count: int) -> None:
    """Each row of Settings becomes a PRAGMA or an attribute when diskcache opens the file."""
    expected = {**SETTINGS, "count": count, "size": 0, "hits": 0, "misses": 0}
    for key, value in database.execute("SELECT key, value FROM Settings LIMIT ?", (2 * len(expected),)):
        right = expected.pop(key, None)
        if right is None or type(value) is not type(right) or (value != right and (key, value) != _CUT_OFF):
            raise _Damaged(f"the setting {shown(key)} = {shown(value)} is not ours")
    if expected:
        raise _Damaged(f"the setting {min(expected)!r} is missing")
