"""States of a small disk after a power cut, against all that the rules allow."""

from pathlib import Path
from random import Random

import pytest
from fakes.vm.crash_states import SECTOR, Disk, State
from fakes.vm.write_log import ENTRY, MAGIC, SUPERBLOCK, VERSION, Flag, LogDamaged, WriteLog

SECTORS = 64
Line = tuple[int, int, Flag, int]
"""First sector, sectors, flags, and the byte that all of them get."""
NONE = Flag(0)


def line(sector: int, fill: int, *, sectors: int = 1, flags: Flag = NONE) -> Line:
    return sector, sectors, flags, fill


FLUSH = line(0, 0, sectors=0, flags=Flag.FLUSH)


class Cut:
    """A disk of zeros whose log has the lines."""

    def __init__(self, folder: Path, *lines: Line) -> None:
        self.folder = folder
        self.before = folder / "before.img"
        self.before.write_bytes(bytes(SECTORS * SECTOR))
        parts = [SUPERBLOCK.pack(MAGIC, VERSION, len(lines), SECTOR).ljust(SECTOR, b"\0")]
        for sector, sectors, flags, fill in lines:
            data = b"" if flags & Flag.DISCARD else bytes([fill]) * (sectors * SECTOR)
            parts += [ENTRY.pack(sector, sectors, flags, 0).ljust(SECTOR, b"\0"), data]
        (folder / "log").write_bytes(b"".join(parts))

    def states(self, length: int, count: int = 40, **options: int) -> list[tuple[bytes, State]]:
        """`count` states after so many lines: of each sector its first byte."""
        made = []
        with WriteLog(self.folder / "log") as log:
            for seed in range(count):
                with Disk(self.before, log, self.folder / "disk.img", **options) as disk:
                    state = disk.crash(length, self.folder / "state.img", Random(seed))
                    made.append((state.image.read_bytes()[::SECTOR], state))
        return made


def test_what_was_flushed_is_there(tmp_path: Path) -> None:
    cut = Cut(tmp_path, line(1, 11), line(2, 22, sectors=3), FLUSH, line(1, 99))
    for content, state in cut.states(3):
        assert content[:6] == bytes([0, 11, 22, 22, 22, 0])
        assert (state.open, state.lost, state.torn) == (0, 0, 0)


def test_what_was_not_flushed_may_be_there_or_not_whatever_came_later(tmp_path: Path) -> None:
    cut = Cut(tmp_path, line(1, 11), FLUSH, line(1, 12), line(2, 22))
    seen = {content[1:3] for content, _ in cut.states(4)}
    assert seen == {bytes([before, after]) for before in (11, 12) for after in (0, 22)}


def test_a_write_may_be_torn_at_its_sectors(tmp_path: Path) -> None:
    cut = Cut(tmp_path, line(8, 7, sectors=8))
    states = cut.states(1, 150)
    partly = [content for content, state in states if state.torn]
    assert partly
    assert all(0 < content.count(7) < 8 for content in partly)
    assert all(content.count(7) in (0, 8) for content, state in states if not state.torn)


def test_a_write_with_fua_is_there_although_nothing_was_flushed(tmp_path: Path) -> None:
    cut = Cut(tmp_path, line(1, 11), line(2, 22, flags=Flag.FUA))
    states = cut.states(2)
    assert {content[2] for content, _ in states} == {22}
    assert {content[1] for content, _ in states} == {0, 11}


def test_data_that_come_with_a_flush_are_not_flushed_themselves(tmp_path: Path) -> None:
    cut = Cut(tmp_path, line(1, 11), line(2, 22, flags=Flag.FLUSH))
    states = cut.states(2)
    assert {content[1] for content, _ in states} == {11}
    assert {content[2] for content, _ in states} == {0, 22}


def test_what_was_discarded_may_still_be_read(tmp_path: Path) -> None:
    cut = Cut(tmp_path, line(1, 11), line(1, 0, sectors=4, flags=Flag.DISCARD), FLUSH)
    assert {content[1] for content, _ in cut.states(3)} == {11}


def test_a_disk_that_lies_forgets_what_was_flushed(tmp_path: Path) -> None:
    cut = Cut(tmp_path, line(1, 11), FLUSH, line(2, 22), FLUSH)
    states = cut.states(4, lying_after=2)
    assert {content[1] for content, _ in states} == {11}
    assert {content[2] for content, _ in states} == {0, 22}


def test_one_disk_makes_one_state_after_the_other(tmp_path: Path) -> None:
    lines = [each for fill in range(1, 30) for each in (line(fill, fill), FLUSH)]
    cut = Cut(tmp_path, *lines)
    with WriteLog(tmp_path / "log") as log, Disk(cut.before, log, tmp_path / "disk.img") as disk:
        for length in range(2, len(lines) + 1, 2):
            state = disk.crash(length, tmp_path / "state.img", Random(length))
            content = state.image.read_bytes()[::SECTOR]
            assert content[: length // 2 + 1] == bytes(range(length // 2 + 1))
            assert not any(content[length // 2 + 1 :])
    assert not (tmp_path / "disk.img").exists()
    assert not any(cut.before.read_bytes())


def test_a_write_beyond_the_disk_is_refused(tmp_path: Path) -> None:
    cut = Cut(tmp_path, line(SECTORS, 1), FLUSH)
    with pytest.raises(LogDamaged, match="the disk has"):
        cut.states(2, 1)
