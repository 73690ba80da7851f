"""Reads what is left of a damaged SQLite file, row by row past the damage, within a time limit.

Nothing in the file is trusted: it is opened read-only, only plain tables are read, and an authorizer refuses
everything else that a planted schema could bring about.
"""

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Literal

from presets_store.storage.sqlite import UNREADABLE

Row = Mapping[str, object]
"""A row by column names; texts are left undecoded, as bytes."""

Order = Literal["ASC", "DESC"]

LARGEST_KEY = 2**53 - 1
"""A larger key would be no number of ours: JSON readers could not hold it."""

_BUSY_SECONDS = 5.0
_LONGEST_VALUE = 4 << 20
_MISSES = 20_000
"""Fruitless looks into the holes of one table: a lost inner page hides thousands of rows, and there may be more."""

_STEPS_BETWEEN_LOOKS = 10_000
"""Steps of SQLite's machine between two looks at the clock."""

_HEADER_BYTES = 100
_PAGE_BYTES = 4096
_COPY_SUFFIX = ".readable"


class Remains:
    """An open damaged file. `marks`: per table the highest key that was given out, as far as the file tells.

    `incomplete`: tables of which rows may be missing; `exhausted`: the time was over before all had been read.
    """

    def __init__(self, connection: sqlite3.Connection, seconds: float, monotonic: Callable[[], float]) -> None:
        self._raw = connection
        self._deadline = monotonic() + seconds
        self._monotonic = monotonic
        self.exhausted = False
        self.incomplete: set[str] = set()
        connection.set_progress_handler(self._out_of_time, _STEPS_BETWEEN_LOOKS)
        self._tables = self._plain_tables()
        self.marks: dict[str, int] = {}
        self.marks = self._given_out()

    @property
    def anything(self) -> bool:
        """Whether at least the list of tables could be read."""
        return bool(self._tables)

    def rows(self, table: str) -> Iterator[tuple[int, Row]]:
        """Every row that can be read, with its key: from the first on, past damage from the last on and between.

        With damage a key may come twice, of which the first row that makes sense is to be taken. A table with holes is
        named in `incomplete` afterwards.
        """
        if table not in self._tables or self._out_of_time():
            self.incomplete.add(table)
            return
        doubtful: list[tuple[int, Row]] = []
        last, first = 0, LARGEST_KEY + 1
        try:
            for key, row in self._whole(table, "ASC", doubtful):
                yield key, row
                last = max(last, key)
        except UNREADABLE:
            self.incomplete.add(table)
            with contextlib.suppress(*UNREADABLE):
                for key, row in self._whole(table, "DESC", doubtful):
                    yield key, row
                    first = min(first, key)
            if first > LARGEST_KEY:  # nothing lies behind the last key that was given out
                first = max(last, self.marks.get(table, LARGEST_KEY)) + 1
            yield from self._within(table, last, first)
        yield from doubtful

    def highest_key(self, table: str) -> int:
        """The highest key that a row of the table has, 0 when that cannot be read."""
        if table in self._tables:
            with contextlib.suppress(*UNREADABLE):
                return next((key for key, _ in self._whole(table, "DESC", [])), 0)
        return 0

    def _within(self, table: str, last: int, first: int) -> Iterator[tuple[int, Row]]:
        """The rows between two keys, in steps that get smaller around what cannot be read."""
        misses, spans = 0, _halves(last, first)
        while spans and misses < _MISSES and not self._out_of_time():
            low, high = spans.pop()
            last, first = low - 1, high + 1
            with contextlib.suppress(*UNREADABLE):
                for key, row in self._between(table, low, high, "ASC"):
                    yield key, row
                    last = key
                continue
            with contextlib.suppress(*UNREADABLE):
                for key, row in self._between(table, last + 1, high, "DESC"):
                    yield key, row
                    first = key
                continue
            misses += 1
            spans += _halves(last, first)

    def _whole(self, table: str, order: Order, doubtful: list[tuple[int, Row]]) -> Iterator[tuple[int, Row]]:
        """All rows as they follow one another, past wrong keys.

        To look for a key would trust the inner pages: a wrong bit there leaves rows out without an error. A row is
        held until the next has a key beyond its own; else it is `doubtful`, and might take another row's place.
        """
        sign = 1 if order == "ASC" else -1
        last = 0 if order == "ASC" else -LARGEST_KEY - 1
        held: tuple[int, Row] | None = None
        try:
            for found in self._select(table, order):
                if held is None:
                    held = found
                    continue
                place, before = sign * found[0], sign * held[0]
                if place > before:
                    yield held
                    held, last = found, before
                    continue
                self.incomplete.add(table)
                if place <= last:
                    yield found
                elif place == before == last + 1:
                    doubtful.append(found)
                else:
                    doubtful.append(held)
                    held = found
        except UNREADABLE:
            if held is not None:
                doubtful.append(held)
            raise
        if held is not None:
            yield held

    def _between(self, table: str, low: int, high: int, order: Order) -> Iterator[tuple[int, Row]]:
        """Looks for the rows with these keys; keys out of order are an error."""
        before = low - 1 if order == "ASC" else high + 1
        for key, row in self._select(table, order, low, high):
            if not (low <= key <= high) or (key <= before if order == "ASC" else key >= before):
                raise sqlite3.DatabaseError("keys out of order")
            before = key
            yield key, row

    def _select(self, table: str, order: Order, *bounds: int) -> Iterator[tuple[int, Row]]:
        where = "WHERE rowid BETWEEN ? AND ?" if bounds else ""
        statement = f'SELECT rowid, * FROM "{table}" {where} ORDER BY rowid {order}'  # noqa: S608
        # The table's name is one that the caller wrote down, and is known to be there.
        with contextlib.closing(self._raw.execute(statement, bounds)) as found:
            names = [column[0] for column in found.description][1:]
            if len(set(names)) != len(names):
                raise sqlite3.DatabaseError("two columns of one name")
            for key, *values in found:
                if 1 <= key <= LARGEST_KEY:
                    yield key, dict(zip(names, values, strict=True))
                else:
                    self.incomplete.add(table)

    def _plain_tables(self) -> set[str]:
        names: set[str] = set()
        with contextlib.suppress(*UNREADABLE):
            for kind, name, sql in self._raw.execute("SELECT type, name, sql FROM sqlite_master"):
                if kind == b"table" and isinstance(sql, bytes) and sql.upper().startswith(b"CREATE TABLE"):
                    names.add(name.decode(errors="replace"))
        return names

    def _given_out(self) -> dict[str, int]:
        marks: dict[str, int] = {}
        for _, row in self.rows("sqlite_sequence"):
            name, mark = row.get("name"), row.get("seq")
            if isinstance(name, bytes) and isinstance(mark, int) and mark <= LARGEST_KEY:
                marks[name.decode(errors="replace")] = mark
        return marks

    def _out_of_time(self) -> bool:
        self.exhausted = self.exhausted or self._monotonic() > self._deadline
        return self.exhausted


def _halves(last: int, first: int) -> list[tuple[int, int]]:
    """The keys between two others, the lower half last: it is popped first, for what lies behind a hole is near."""
    if first - last <= 2:  # the one key between them has been tried
        return []
    middle = (last + first) // 2
    return [(middle + 1, first - 1), (last + 1, middle)]


@contextlib.contextmanager
def remains_of(path: Path, seconds: float, monotonic: Callable[[], float]) -> Iterator[Remains]:
    """The file at `path` for `seconds`; it and its log are not changed. Raises UNREADABLE, OSError.

    Where only the header is lost, a copy with a new one is read: all that it tells is known or not needed.
    """
    with contextlib.ExitStack() as stack:
        remains = None
        if path.exists():
            with contextlib.suppress(*UNREADABLE):
                remains = stack.enter_context(_reading(path, seconds, monotonic))
        if remains is None or not remains.anything:
            copy = stack.enter_context(_copy_with_header(path))
            remains = stack.enter_context(_reading(copy, seconds, monotonic))
        yield remains


@contextlib.contextmanager
def _reading(path: Path, seconds: float, monotonic: Callable[[], float]) -> Iterator[Remains]:
    uri = f"{path.absolute().as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None)) as raw:
        raw.text_factory = bytes
        raw.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
        # With a writable schema SQLite bears a file that is too short, and a schema with errors; nothing is written.
        for pragma in ("query_only=ON", "trusted_schema=OFF", "writable_schema=ON", "mmap_size=0"):
            raw.execute(f"PRAGMA {pragma}")
        raw.set_authorizer(_only_plain_reading)
        yield Remains(raw, seconds, monotonic)


def _only_plain_reading(action: int, _one: str | None, _two: str | None, _database: str | None, by: str | None) -> int:
    """No function, no pragma, no write; nothing by way of a view or trigger (`by`)."""
    allowed = action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ) and by is None
    return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY


@contextlib.contextmanager
def _copy_with_header(path: Path) -> Iterator[Path]:
    copy = path.with_name(path.name + _COPY_SUFFIX)
    try:
        for suffix in ("", "-wal"):
            source, target = path.with_name(path.name + suffix), copy.with_name(copy.name + suffix)
            if source.exists():
                _make_private(target)
                shutil.copyfile(source, target)
        _make_private(copy)
        with copy.open("r+b") as file:
            size = max(_PAGE_BYTES, file.seek(0, os.SEEK_END))
            file.truncate(size)
            file.seek(0)
            file.write(_header(size // _PAGE_BYTES))
        yield copy
    finally:
        for suffix in ("", "-wal", "-shm"):
            copy.with_name(copy.name + suffix).unlink(missing_ok=True)


def _make_private(path: Path) -> None:
    """Before anything is in it: the database was for nobody else either."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))


def _header(pages: int) -> bytes:
    """The first 100 bytes of a database of ours with this many pages and no free ones."""
    header = bytearray(_HEADER_BYTES)
    header[:16] = b"SQLite format 3\0"
    header[16:18] = _PAGE_BYTES.to_bytes(2, "big")
    header[18:24] = bytes((2, 2, 0, 64, 32, 32))  # WAL; nothing reserved; the fractions that must be these
    for place, value in ((24, 1), (28, pages), (40, 1), (44, 4), (56, 1), (92, 1)):
        header[place : place + 4] = value.to_bytes(4, "big")
    return bytes(header)
