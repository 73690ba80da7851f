"""Ways in which a database file gets damaged, each repeatable by its seed; and what plain sqlite3 still reads of it."""

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

SIDECARS = ("", "-wal", "-shm")


def copy_database(source: Path, target: Path) -> Path:
    """The file with its log, in place of what was there."""
    for sidecar in SIDECARS:
        beside(target, sidecar).unlink(missing_ok=True)
        if beside(source, sidecar).exists() and sidecar != "-shm":
            shutil.copyfile(beside(source, sidecar), beside(target, sidecar))
    return target


def beside(path: Path, sidecar: str) -> Path:
    return path.with_name(path.name + sidecar)


def header_overwritten(path: Path, random: Random) -> None:
    """The first bytes, at least a part of what tells a database from other files."""
    _overwrite(path, 0, random.randbytes(random.choice([16, 40, 100])))


def header_byte_changed(path: Path, random: Random) -> None:
    _overwrite(path, random.randrange(100), random.randbytes(1))


def page_garbled(path: Path, random: Random) -> None:
    """A whole page, as a worn-out memory card leaves it."""
    _overwrite(path, random.randrange(path.stat().st_size // 4096) * 4096, random.randbytes(4096))


def pages_zeroed(path: Path, random: Random) -> None:
    """Several pages at places of their own."""
    for _ in range(random.randrange(1, 6)):
        _overwrite(path, random.randrange(path.stat().st_size // 4096) * 4096, bytes(4096))


def bytes_garbled(path: Path, random: Random) -> None:
    _overwrite(path, random.randrange(path.stat().st_size), random.randbytes(random.randrange(1, 3000)))


def bits_flipped(path: Path, random: Random) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(random.randrange(1, 40)):
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    path.write_bytes(content)


def truncated(path: Path, random: Random) -> None:
    os.truncate(path, random.randrange(path.stat().st_size))


def log_garbled(path: Path, random: Random) -> None:
    """The write-ahead log: SQLite believes it up to the damage."""
    log = beside(path, "-wal")
    if log.exists():
        _overwrite(log, random.randrange(log.stat().st_size), random.randbytes(random.randrange(1, 3000)))


def gone(path: Path, random: Random) -> None:
    for sidecar in SIDECARS:
        beside(path, sidecar).unlink(missing_ok=True)


def gone_without_its_log(path: Path, random: Random) -> None:
    path.unlink()


def emptied(path: Path, random: Random) -> None:
    path.write_bytes(b"")


def text_file(path: Path, random: Random) -> None:
    gone(path, random)
    path.write_text("this is no database, it is a letter\n" * 100)


def foreign_database(path: Path, random: Random) -> None:
    """A sound database of another program: damaged it is not."""
    gone(path, random)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE photos (id INTEGER PRIMARY KEY, name TEXT)")
        connection.commit()


DAMAGES: dict[str, Callable[[Path, Random], None]] = {
    damage.__name__: damage
    for damage in (
        header_overwritten,
        header_byte_changed,
        page_garbled,
        pages_zeroed,
        bytes_garbled,
        bits_flipped,
        truncated,
        log_garbled,
        gone,
        gone_without_its_log,
        emptied,
        text_file,
    )
}
"""What may happen to our own database, by name."""


def damage(path: Path, kind: str, seed: int) -> None:
    DAMAGES[kind](path, Random(seed))


def readable_rows(path: Path, table: str, scratch: Path) -> list[tuple[Any, ...]]:
    """The rows that plain sqlite3 reads of a copy, from the first on until it meets damage."""
    copy = copy_database(path, scratch) if path.exists() else scratch
    rows: list[tuple[Any, ...]] = []
    with (
        contextlib.suppress(sqlite3.Error, UnicodeDecodeError),
        contextlib.closing(sqlite3.connect(copy)) as connection,
    ):
        found = connection.execute(f"SELECT * FROM {table}")
        while (row := found.fetchone()) is not None:
            rows.append(row)
    gone(copy, Random(0))
    return rows


def _overwrite(path: Path, place: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(place)
        file.write(content[: max(0, path.stat().st_size - place)])
