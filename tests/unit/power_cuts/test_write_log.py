"""The reader of a log of writes, against a writer of the same format."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from fakes.vm.write_log import ENTRY, MAGIC, SUPERBLOCK, VERSION, Flag, LogDamaged, WriteLog
from hypothesis import given
from hypothesis import strategies as st

SECTOR = 512


@dataclass(frozen=True)
class Request:
    sector: int
    sectors: int
    flags: int
    fill: int
    mark: bytes = b""

    @property
    def data(self) -> bytes:
        return b"" if self.flags & Flag.DISCARD else bytes([self.fill]) * (self.sectors * SECTOR)


def superblock(entries: int, *, magic: int = MAGIC, version: int = VERSION, sector: int = SECTOR) -> bytes:
    return SUPERBLOCK.pack(magic, version, entries, sector).ljust(sector, b"\0")


def written(requests: Sequence[Request], told: int | None = None) -> bytes:
    """The log of these requests."""
    parts = [superblock(len(requests) if told is None else told)]
    for request in requests:
        head = ENTRY.pack(request.sector, request.sectors, request.flags, len(request.mark)) + request.mark
        parts += [head.ljust(SECTOR, b"\0"), request.data]
    return b"".join(parts)


def plain(draw_fill: int = 7) -> Request:
    return Request(3, 2, 0, draw_fill)


WRITES = st.builds(
    Request,
    st.integers(0, 2**40),
    st.integers(1, 5),
    st.sampled_from([0, Flag.FUA, Flag.FLUSH, 3]),
    st.integers(0, 255),
)
FLUSHES = st.builds(Request, st.just(0), st.just(0), st.just(int(Flag.FLUSH)), st.just(0))
DISCARDS = st.builds(Request, st.integers(0, 2**40), st.integers(1, 2**30), st.just(int(Flag.DISCARD)), st.just(0))
MARKS = st.builds(Request, st.just(0), st.just(0), st.just(int(Flag.MARK)), st.just(0), st.binary(max_size=480))
REQUESTS = st.lists(st.one_of(WRITES, FLUSHES, DISCARDS, MARKS), max_size=12)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log"


@given(requests=REQUESTS)
def test_what_was_written_is_read(requests: list[Request], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "written.log"
    path.write_bytes(written(requests))
    with WriteLog(path) as log:
        told = [(entry.offset, entry.size, entry.flags, entry.mark, log.data(entry)) for entry in log.entries]
        assert told == [(r.sector * SECTOR, r.sectors * SECTOR, r.flags, r.mark, r.data) for r in requests]
        sizes = [entry.begins_at + 1 for entry in log.entries]
        assert [log.length_at(size) for size in sizes] == list(range(1, len(requests) + 1))


@given(requests=REQUESTS, cut=st.integers(0, 20_000), told=st.integers(0, 12))
def test_a_log_that_was_cut_off_is_read_as_far_as_it_is_whole(
    requests: list[Request], cut: int, told: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "cut.log"
    whole = written(requests, told=min(told, len(requests)))
    path.write_bytes(whole[:cut])
    try:
        with WriteLog(path) as log:
            assert len(log.entries) >= min(told, len(requests))
            for entry, request in zip(log.entries, requests, strict=False):
                assert log.data(entry) == request.data
    except LogDamaged:
        assert cut < len(whole), "a whole log was refused"


@given(noise=st.binary(max_size=3 * SECTOR), sector=st.sampled_from([SECTOR, 4096]))
def test_noise_is_refused_or_read_but_nothing_worse(
    noise: bytes, sector: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "noise.log"
    path.write_bytes(superblock(0, sector=sector) + noise)
    try:
        with WriteLog(path) as log:
            assert len(log.entries) <= len(noise) // sector
    except LogDamaged:
        pass


def test_the_superblock_of_a_running_machine_promises_less_than_there_is(path: Path) -> None:
    path.write_bytes(written([plain(), plain(), plain()], told=1))
    with WriteLog(path) as log:
        assert len(log.entries) == 3


def test_room_that_was_not_written_yet_ends_the_log(path: Path) -> None:
    path.write_bytes(written([plain()]) + bytes(9 * SECTOR) + written([plain()])[SECTOR:])
    with WriteLog(path) as log:
        assert len(log.entries) == 1


def test_sectors_are_as_large_as_the_superblock_says(path: Path) -> None:
    head = ENTRY.pack(5, 1, 0, 0).ljust(4096, b"\0")
    path.write_bytes(superblock(1, sector=4096) + head + b"x" * 4096)
    with WriteLog(path) as log:
        (entry,) = log.entries
        assert (entry.offset, entry.size, log.data(entry)) == (5 * 4096, 4096, b"x" * 4096)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no superblock"),
        (b"x" * SECTOR, "not a log of writes"),
        (superblock(0, version=2), "of version 2"),
        (superblock(0, sector=768), "sectors of 768 bytes"),
        (superblock(0, sector=256), "sectors of 256 bytes"),
        (superblock(2), "2 entries are promised, 0 are there"),
        (superblock(1) + ENTRY.pack(0, 0, 16, 0).ljust(SECTOR, b"\0"), "flags 0x10"),
        (superblock(1) + ENTRY.pack(0, 0, Flag.MARK, 481).ljust(SECTOR, b"\0"), "a mark of 481 bytes"),
    ],
    ids=["empty", "foreign", "version", "odd-sector", "small-sector", "short", "flags", "mark"],
)
def test_what_is_no_log_is_refused(content: bytes, message: str, path: Path) -> None:
    path.write_bytes(content)
    with pytest.raises(LogDamaged, match=message):
        WriteLog(path)
