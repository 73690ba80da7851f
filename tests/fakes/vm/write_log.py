"""The log of everything that a virtual machine had its disk do: what QEMU's `blklogwrites` keeps.

The format is that of Linux' dm-log-writes, in sectors and little-endian: one with the superblock; then, in the order in
which the disk was done with them, one that describes a request, followed by the request's data.
"""

import os
import struct
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from enum import IntFlag
from pathlib import Path
from typing import Self

MAGIC = 0x6A736677736872
VERSION = 1
SUPERBLOCK = struct.Struct("<QQQL")
"""Magic, version, entries (QEMU writes it anew at each flush only: there may be more), sector size in bytes."""
ENTRY = struct.Struct("<QQQQ")
"""First sector, sectors, flags, bytes of a mark that follow in the same sector."""

SMALLEST_SECTOR, LARGEST_SECTOR = 512, 1 << 16


class Flag(IntFlag):
    """What kind of request it was; none: a write that may stay in the disk's cache."""

    FLUSH = 1
    FUA = 2
    DISCARD = 4
    MARK = 8


class LogDamaged(ValueError):
    """It is not such a log, or not a whole one."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One request: `size` bytes at `offset` of the disk, whose data are at `data_at` of the log."""

    begins_at: int
    data_at: int
    offset: int
    size: int
    flags: Flag
    mark: bytes = b""

    @property
    def stored(self) -> int:
        """Bytes of data in the log."""
        return 0 if self.flags & Flag.DISCARD else self.size


class WriteLog:
    """What a log had when it was opened. `entries` in the order in which the disk was done with them."""

    def __init__(self, path: Path) -> None:
        """Raises LogDamaged, OSError."""
        self.path = path
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        with ExitStack() as undo:
            undo.callback(self.close)
            self.sector_size, told = self._superblock()
            self._size = os.fstat(self._descriptor).st_size
            self.entries = list(self._entries())
            if len(self.entries) < told:
                raise LogDamaged(f"{path.name}: {told} entries are promised, {len(self.entries)} are there")
            undo.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        os.close(self._descriptor)

    def data(self, entry: Entry) -> bytes:
        """What was written. Raises LogDamaged."""
        data = os.pread(self._descriptor, entry.stored, entry.data_at)
        if len(data) != entry.stored:
            raise LogDamaged(f"{self.path.name}: cut off after {entry.data_at + len(data)} bytes")
        return data

    def length_at(self, size: int) -> int:
        """How many entries there were, begun or whole, when the file had `size` bytes."""
        return bisect_left(self.entries, size, key=lambda entry: entry.begins_at)

    def _superblock(self) -> tuple[int, int]:
        raw = os.pread(self._descriptor, SUPERBLOCK.size, 0)
        if len(raw) != SUPERBLOCK.size:
            raise LogDamaged(f"{self.path.name}: no superblock")
        magic, version, told, sector = SUPERBLOCK.unpack(raw)
        if magic != MAGIC or version != VERSION:
            raise LogDamaged(f"{self.path.name}: not a log of writes, or of version {version}")
        if not SMALLEST_SECTOR <= sector <= LARGEST_SECTOR or sector & (sector - 1):
            raise LogDamaged(f"{self.path.name}: sectors of {sector} bytes")
        return sector, told

    def _entries(self) -> Iterator[Entry]:
        """Ends before the first entry that is not whole: QEMU was killed while it wrote that."""
        at = self.sector_size
        while at + self.sector_size <= self._size:
            entry = self._entry(at)
            at = entry.data_at + entry.stored
            if at > self._size or not (entry.size or entry.flags):
                return
            yield entry

    def _entry(self, at: int) -> Entry:
        sector, sectors, flags, mark = ENTRY.unpack(os.pread(self._descriptor, ENTRY.size, at))
        if flags & ~sum(Flag):
            raise LogDamaged(f"{self.path.name}: flags {flags:#x} at {at}")
        if mark > self.sector_size - ENTRY.size:
            raise LogDamaged(f"{self.path.name}: a mark of {mark} bytes at {at}")
        return Entry(
            begins_at=at,
            data_at=at + self.sector_size,
            offset=sector * self.sector_size,
            size=sectors * self.sector_size,
            flags=Flag(flags),
            mark=os.pread(self._descriptor, mark, at + ENTRY.size),
        )
