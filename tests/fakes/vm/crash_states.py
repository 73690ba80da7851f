"""What a disk may hold after its power was cut: states made from the log of what it had been asked to do.

Whatever was done before the last flush is there. Of the writes after it, which were in the disk's cache, each may be
there, not there, or torn: some of its 512-byte sectors are. A write with FUA is there.
"""

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import TracebackType
from typing import BinaryIO, Self

from fakes.vm.write_log import Entry, Flag, LogDamaged, WriteLog

SECTOR = 512

TEMPERS = (0.0, 0.1, 0.5, 0.9, 1.0)
"""How likely a disk has a write of its cache on the platter; each state is of one temper."""
TORN = 0.15
"""How likely a write is torn, of those that are neither all lost nor all kept."""


@dataclass(frozen=True, slots=True)
class State:
    """One crash state: the disk had been asked for `length` entries, of which `open` were not flushed."""

    image: Path
    length: int
    open: int
    lost: int
    torn: int


class Disk:
    """The disk as it certainly was at a moment that advances.

    `lying`: a disk that has a cache and ignores each flush after that many entries, as a machine without fsync would
    have it.
    """

    def __init__(self, before: Path, log: WriteLog, scratch: Path, *, lying_after: int | None = None) -> None:
        """`before`: the disk's image when the log began, which stays as it is."""
        self._log = log
        self._image = scratch
        self._lying_after = lying_after
        self._certain = 0
        copy_sparse(before, scratch)
        self._size = scratch.stat().st_size
        self._descriptor = os.open(scratch, os.O_RDWR | os.O_CLOEXEC)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        os.close(self._descriptor)
        self._image.unlink()

    def crash(self, length: int, target: Path, random: Random) -> State:
        """Makes `target` a state after so many entries, not fewer than at the call before. Raises LogDamaged."""
        doubtful = self._advance(length)
        copy_sparse(self._image, target)
        temper = random.choice(TEMPERS)
        lost = torn = 0
        descriptor = os.open(target, os.O_WRONLY | os.O_CLOEXEC)
        try:
            for entry in doubtful:
                kept = _kept(entry, temper, random)
                lost += not any(kept)
                torn += any(kept) and not all(kept)
                self._write(descriptor, entry, kept)
        finally:
            os.close(descriptor)
        return State(target, length, len(doubtful), lost, torn)

    def _advance(self, length: int) -> list[Entry]:
        """Takes over what a flush made certain; answers the writes since then."""
        entries = self._log.entries
        flushed = self._certain
        for number in range(self._certain, length):
            if entries[number].flags & Flag.FLUSH and not self._ignores(number):
                flushed = number
        for entry in entries[self._certain : flushed]:
            self._write(self._descriptor, entry, [True])
        self._certain = flushed
        return [entry for entry in entries[flushed:length] if entry.size]

    def _ignores(self, number: int) -> bool:
        return self._lying_after is not None and number >= self._lying_after

    def _write(self, descriptor: int, entry: Entry, kept: list[bool]) -> None:
        """Writes the parts of the entry that are kept; of a discard nothing: the old content is still to be read."""
        if entry.offset + entry.size > self._size:
            raise LogDamaged(f"a write of {entry.size} bytes at {entry.offset}, the disk has {self._size}")
        if entry.flags & Flag.DISCARD or not any(kept):
            return
        data = self._log.data(entry)
        if all(kept):
            os.pwrite(descriptor, data, entry.offset)
            return
        for number in (number for number, there in enumerate(kept) if there):
            os.pwrite(descriptor, data[number * SECTOR : (number + 1) * SECTOR], entry.offset + number * SECTOR)


def _kept(entry: Entry, temper: float, random: Random) -> list[bool]:
    """Which parts of the write are there: all, none, or for each of its sectors."""
    if entry.flags & Flag.FUA:
        return [True]
    if 0 < temper < 1 and random.random() < TORN:
        return [random.random() < temper for _ in range(entry.size // SECTOR)]
    return [random.random() < temper]


def copy_sparse(source: Path, target: Path) -> None:
    """A copy with the same holes as the source; replaces the target."""
    with source.open("rb") as old, target.open("wb", buffering=0) as new:
        size = os.fstat(old.fileno()).st_size
        new.truncate(size)
        at = _next(old, 0, os.SEEK_DATA)
        while at < size:
            end = _next(old, at, os.SEEK_HOLE)
            new.seek(at)
            while at < end:
                at += os.sendfile(new.fileno(), old.fileno(), at, end - at)
            at = _next(old, end, os.SEEK_DATA)


def _next(file: BinaryIO, at: int, kind: int) -> int:
    """Where the next data or hole begin; the end when there are no more data."""
    try:
        return os.lseek(file.fileno(), at, kind)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return os.fstat(file.fileno()).st_size
