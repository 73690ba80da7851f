"""Replacing a damaged cache: at any kill, on a full disk, and where nothing may be written."""

import os
import stat
from pathlib import Path

import pytest
from fakes.full_disk import full_disk
from fakes.privileges import permissions_count
from fakes.sealed_caches import FILE, SEALER, VALUES, assert_recovered, assert_sound, change, filled, values_of

from presets_store.cache import CacheReport, CacheUnwritable, open_cache
from presets_store.cache import folder as folder_module
from presets_store.cache.folder import replace
from presets_store.cache.inspection import inspect


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return filled(tmp_path / "state" / "cache")


def damage(folder: Path) -> None:
    change(folder, "UPDATE Cache SET value = x'00' WHERE key = 'long'")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.parent.iterdir())


def test_what_was_damaged_is_kept_under_a_name_that_tells_when(folder: Path) -> None:
    damage(folder)
    before = (folder / FILE).read_bytes()
    report = assert_recovered(folder, "long")
    assert report.set_aside is not None
    assert report.set_aside.match("state/cache.damaged-0001-2???????T??????Z")
    assert (report.set_aside / FILE).read_bytes() == before
    assert names(folder) == ["cache", report.set_aside.name]


def test_three_are_kept_whatever_the_clock_says(folder: Path) -> None:
    aside = []
    for number in range(5):
        damage(folder)
        cache, report = open_cache(folder, SEALER)
        assert report.set_aside is not None
        earlier = report.set_aside.with_name(f"cache.damaged-{number + 1:04}-19{70 - number}0101T000000Z")
        aside.append(report.set_aside.rename(earlier).name)
        cache.set("long", b"again")
    assert names(folder) == sorted(["cache", *aside[-3:]])


STEPS = ["remove what is left", "write", "sync", "set aside", "take its place", "sync what is around"]


class Killed(BaseException):
    pass


@pytest.mark.parametrize("step", range(len(STEPS)), ids=STEPS)
def test_a_kill_at_any_step_of_a_replacement_loses_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """The step and what follows it is not done. Once all is in its place, the folder set aside is what tells of it."""
    damage(folder)
    finding = inspect(folder, SEALER)
    done = 0

    def counted(function: object) -> object:
        def call(*arguments: object, **named: object) -> object:
            nonlocal done
            if done >= step:
                raise Killed
            done += 1
            return function(*arguments, **named)  # type: ignore[operator]

        return call

    with monkeypatch.context() as patched:
        for name in ("write", "sync_folder", "_remove"):
            patched.setattr(folder_module, name, counted(getattr(folder_module, name)))
        patched.setattr(Path, "rename", counted(Path.rename))
        with pytest.raises(Killed):
            replace(folder, finding.rows)
    cache, report = open_cache(folder, SEALER)
    kept = {name: value for name, value in VALUES.items() if name != "long"}
    assert values_of(cache) == kept
    assert bool(report.damage) is (STEPS[step] != "sync what is around")
    (aside,) = folder.parent.glob("cache.damaged-0001-*")
    assert report.set_aside == (aside if report.damage else None)
    assert inspect(aside, SEALER).damage
    assert_sound(folder, kept)
    assert names(folder) == ["cache", aside.name]


def test_a_first_cache_that_was_cut_off_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "cache.new").mkdir(0o700)
    (tmp_path / "cache.new" / FILE).write_bytes(b"half")
    assert open_cache(tmp_path / "cache", SEALER)[1] == CacheReport()
    assert names(tmp_path / "cache") == ["cache"]


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o777, 0o1700 | 0o004])
def test_a_folder_that_is_not_ours_alone_is_replaced(folder: Path, mode: int) -> None:
    folder.chmod(mode)
    assert "not ours alone" in assert_recovered(folder).damage
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("name", ["", FILE])
def test_what_belongs_to_another_user_is_replaced(folder: Path, name: str) -> None:
    os.chown(folder / name, 12345, -1)
    assert "user 12345" in assert_recovered(folder).damage


def test_a_link_in_the_place_of_the_folder_is_not_followed(folder: Path) -> None:
    elsewhere = folder.rename(folder.with_name("elsewhere"))
    folder.symlink_to(elsewhere)
    report = assert_recovered(folder, *VALUES)
    assert "cache is not a folder" in report.damage
    assert report.set_aside is not None
    assert report.set_aside.is_symlink()
    assert_sound(elsewhere, VALUES)


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    assert_recovered(tmp_path / "cache", *VALUES)


@pytest.mark.parametrize("damaged", [False, True])
@pytest.mark.parametrize("limit", [0, 8192, 33_000, 40_000])
def test_on_a_full_disk_everything_can_be_read_and_writing_is_refused(folder: Path, limit: int, damaged: bool) -> None:
    kept = {name: value for name, value in VALUES.items() if not (damaged and name == "long")}
    if damaged:
        damage(folder)
    before = names(folder)
    with full_disk(limit):
        cache, report = open_cache(folder, SEALER)
        assert values_of(cache) == kept
        assert "it cannot be written" in report.damage
        assert report.set_aside is None
        with pytest.raises(CacheUnwritable, match="cannot be written"):
            cache.set("new", b"value")
        assert cache.get("new") is None
        assert names(folder) == before
    cache.set("new", b"value")
    assert_sound(folder, kept | {"new": b"value"})


def test_a_disk_that_fills_while_running(folder: Path) -> None:
    cache, _ = open_cache(folder, SEALER)
    with full_disk(40_000), pytest.raises(CacheUnwritable):
        cache.set("standalone", bytes(100_000))
    assert cache.get("standalone") == VALUES["standalone"]
    assert_sound(folder, VALUES)
    cache.set("standalone", b"now")
    assert_sound(folder, VALUES | {"standalone": b"now"})


def test_where_nothing_may_be_written_everything_can_be_read(folder: Path) -> None:
    folder.chmod(0o500)
    folder.parent.chmod(0o500)
    with permissions_count():
        cache, report = open_cache(folder, SEALER)
        assert values_of(cache) == VALUES
        assert "it cannot be written" in report.damage
        assert report.salvaged == tuple(sorted(VALUES))
        with pytest.raises(CacheUnwritable, match="readonly"):
            cache.set("new", b"value")
    folder.parent.chmod(0o700)
    folder.chmod(0o700)
    assert_sound(folder, VALUES)


def test_a_folder_that_cannot_be_written_is_replaced_where_its_parent_can(folder: Path) -> None:
    folder.chmod(0o500)
    with permissions_count():
        assert "it cannot be written" in assert_recovered(folder).damage


def test_a_file_that_cannot_be_read_is_replaced(folder: Path) -> None:
    (folder / FILE).chmod(0)
    with permissions_count():
        assert "cache.db" in assert_recovered(folder, *VALUES).damage


def test_no_cache_where_none_can_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    cache, report = open_cache(tmp_path / "state" / "cache", SEALER)
    assert "it cannot be written" in report.damage
    assert cache.names() == []
    with pytest.raises(CacheUnwritable):
        cache.set("name", b"value")
