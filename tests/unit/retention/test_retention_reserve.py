"""The reserve, on a disk whose numbers the test says; what a full disk's start does is in the integration tests."""

from pathlib import Path

import pytest

from agent.media.retention import reserve, starting
from agent.media.retention.reserve import SIZE, Reserve, wanted_on
from agent.media.retention.starting import make_room_to_start
from agent.media.room import Disk
from agent.settings import Settings

GB = 10**9


class SomeDisk:
    """`free` bytes of `total`, whatever is asked for."""

    def __init__(self, free: int, total: int = 32 * GB) -> None:
        self.free = free
        self.total = total

    def __call__(self, _folder: Path) -> Disk:
        return Disk(self.total, self.free)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> SomeDisk:
    some = SomeDisk(GB)
    monkeypatch.setattr(reserve, "disk_of", some)
    monkeypatch.setattr(starting, "disk_of", some)
    return some


def test_it_is_taken_given_up_once_and_taken_again(tmp_path: Path, disk: SomeDisk) -> None:
    kept = Reserve(tmp_path)
    kept.keep(waited_for=False)
    assert (kept.path.stat().st_size, kept.path.stat().st_blocks * 512) == (SIZE, SIZE)
    assert [path.name for path in tmp_path.iterdir()] == ["reserve"]
    disk.free = 0
    kept.keep(waited_for=False)
    assert kept.missing(disk(tmp_path)) == 0, "a recording has not noticed yet, and would take it"
    kept.keep(waited_for=True)
    assert kept.missing(disk(tmp_path)) == SIZE
    disk.free = 2 * SIZE
    kept.keep(waited_for=True)
    assert not kept.path.exists(), "who waits needs that"
    disk.free = GB
    kept.keep(waited_for=False)
    assert kept.path.exists()


def test_it_is_given_up_on_a_disk_that_stays_full(tmp_path: Path, disk: SomeDisk) -> None:
    kept = Reserve(tmp_path)
    kept.keep(waited_for=False)
    disk.free = 1000
    kept.keep(waited_for=False)
    kept.keep(waited_for=False)
    assert not kept.path.exists()


def test_a_small_disk_gives_a_small_part() -> None:
    assert wanted_on(Disk(total=16_000_000, free=0)) == 1_000_000
    assert wanted_on(Disk(total=32 * GB, free=0)) == SIZE


def test_a_start_with_room_touches_nothing(tmp_path: Path, disk: SomeDisk) -> None:
    (tmp_path / "reserve").write_bytes(b"r")
    make_room_to_start(Settings(state_folder=tmp_path))
    make_room_to_start(Settings(state_folder=tmp_path / "new"))
    assert (tmp_path / "reserve").exists()


def test_a_start_without_room_gives_up_the_reserve_and_says_what_is_missing(
    tmp_path: Path, disk: SomeDisk, caplog: pytest.LogCaptureFixture
) -> None:
    disk.free = 1_000_000
    (tmp_path / "reserve").write_bytes(b"r")
    make_room_to_start(Settings(state_folder=tmp_path))
    assert not (tmp_path / "reserve").exists()
    assert "Free at least 1.1 MB on it" in caplog.text
