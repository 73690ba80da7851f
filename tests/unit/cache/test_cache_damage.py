"""Each kind of damage, and of planted content, is named; what is sound stays, nothing planted runs."""

import os
import pickle
import shutil
from pathlib import Path

import pytest
from fakes.sealed_caches import FILE, SEALER, VALUES, Trap, assert_recovered, assert_sound, change, filled

from presets_store.cache import CacheReport, open_cache
from presets_store.cache.disk import SETTINGS
from presets_store.sealing import Sealer

ROW = "INSERT INTO Cache (key, raw, store_time, access_time, size, mode, value) VALUES (?, ?, 1, 1, 0, ?, ?)"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return filled(tmp_path / "cache")


@pytest.mark.parametrize(("raw", "mode"), [(1, 4), (0, 1), (0, 4)])
def test_a_pickle_row_is_named_and_never_executed(folder: Path, tmp_path: Path, raw: int, mode: int) -> None:
    trap = tmp_path / "sprung"
    change(folder, ROW, values=("planted", raw, mode, pickle.dumps(Trap(trap))))
    report = assert_recovered(folder)
    assert "'planted' (it is not stored as ours are)" in report.damage
    assert report.lost == ("planted",)
    assert not trap.exists()


def test_a_pickle_in_the_place_of_a_value_is_never_executed(folder: Path, tmp_path: Path) -> None:
    trap = tmp_path / "sprung"
    planted = "UPDATE Cache SET mode = 4, value = ? WHERE key = 'standalone'"
    change(folder, planted, values=(pickle.dumps(Trap(trap)),))
    report = assert_recovered(folder, "standalone")
    assert "'standalone'" in report.damage
    assert not trap.exists()


def test_a_pickled_key_is_never_executed(folder: Path, tmp_path: Path) -> None:
    trap = tmp_path / "sprung"
    change(folder, ROW, values=(pickle.dumps(Trap(trap)), 0, 1, b"value"))
    assert_recovered(folder)
    assert not trap.exists()


def test_swapped_rows_are_named(folder: Path) -> None:
    change(
        folder,
        "UPDATE Cache SET key = 'waiting' WHERE key = 'standalone'",
        "UPDATE Cache SET key = 'standalone' WHERE key = 'credentials'",
        "UPDATE Cache SET key = 'credentials' WHERE key = 'waiting'",
    )
    report = assert_recovered(folder, "credentials", "standalone")
    assert report.lost == ("credentials", "standalone")
    assert report.damage.count("kept under another name") == 2


def test_a_row_of_another_key_is_named_with_its_key(folder: Path) -> None:
    other = Sealer(b"o" * 32, "0123456789abcdef")
    sealed = other.seal("standalone", b"planted")
    change(folder, "UPDATE Cache SET value = ? WHERE key = 'standalone'", values=(sealed,))
    assert "sealed with key 0123456789abcdef" in assert_recovered(folder, "standalone").damage


def test_another_seal_key_opens_nothing_and_keeps_everything(folder: Path) -> None:
    other = Sealer(b"o" * 32, "0123456789abcdef")
    cache, report = open_cache(folder, other)
    assert (cache.names(), report.salvaged, report.lost) == ([], (), tuple(sorted(VALUES)))
    assert report.set_aside is not None
    folder = report.set_aside.rename(folder.with_name("cache-again"))
    assert_sound(folder, VALUES)


@pytest.mark.parametrize(
    "column", ["expire_time = 1", "tag = 'tag'", "size = 1", "mode = 2", "filename = '../precious'", "raw = 0"]
)
def test_a_row_that_diskcache_would_treat_otherwise_is_damage(folder: Path, column: str) -> None:
    (folder.parent / "precious").touch()
    change(folder, f"UPDATE Cache SET {column} WHERE key = 'clock.floor'")
    report = assert_recovered(folder)
    assert "'clock.floor'" in report.damage
    assert (folder.parent / "precious").exists()


SETTING = "INSERT OR REPLACE INTO Settings VALUES (?, ?)"
PLANTED_SETTINGS = [
    ("disk__directory", "/"),
    ("disk_min_file_size", 10),
    ("sqlite_temp_store_directory", "'/tmp'"),
    ("sqlite_writable_schema", 1),
    ("sqlite_journal_mode", "off"),
    ("sqlite_synchronous", 0),
    ("sqlite_mmap_size", 2**26),
    ("eviction_policy", "least-recently-used"),
    ("cull_limit", 10),
    ("cull_limit", 0.0),
    ("statistics", "0"),
    ("_sql", "1"),
    ("count", 77),
    ("size", None),
    (b"cull_limit", 0),
]


@pytest.mark.parametrize(("key", "value"), PLANTED_SETTINGS)
def test_planted_settings_are_named(folder: Path, key: object, value: object) -> None:
    change(folder, SETTING, values=(key, value))
    assert f"the setting {key!r} = {value!r}" in assert_recovered(folder).damage


@pytest.mark.parametrize("key", [*SETTINGS, "count"])
def test_a_missing_setting_is_named(folder: Path, key: str) -> None:
    change(folder, "DELETE FROM Settings WHERE key = ?", values=(key,))
    assert f"{key!r} is missing" in assert_recovered(folder).damage


def test_a_kill_while_diskcache_opened_it_is_no_damage(folder: Path) -> None:
    change(folder, "UPDATE Settings SET value = 1 WHERE key = 'sqlite_synchronous'")
    assert_sound(folder, VALUES)


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
PLANTED_SCHEMAS = [
    ["CREATE TRIGGER planted AFTER UPDATE ON Settings BEGIN DELETE FROM Cache; END"],
    ["CREATE VIEW planted AS SELECT 1"],
    ["CREATE TABLE planted (a)"],
    ["CREATE INDEX planted ON Cache(value)"],
    ["DROP TRIGGER Settings_size_delete"],
    ["DROP INDEX Cache_key_raw"],
    ["ALTER TABLE Cache ADD COLUMN planted DEFAULT 1"],
    [
        "ALTER TABLE Settings RENAME TO Real",
        f"CREATE VIEW Settings AS {ENDLESS} SELECT i AS key, 1 AS value FROM n",
    ],
    ["CREATE VIRTUAL TABLE planted USING fts5(a)"],
]


@pytest.mark.parametrize("statements", PLANTED_SCHEMAS, ids=lambda statements: statements[-1][:30])
def test_a_planted_schema_is_named(folder: Path, statements: list[str]) -> None:
    change(folder, *statements)
    assert "does not declare what diskcache does" in assert_recovered(folder).damage


@pytest.mark.parametrize("content", [b"", b"garbage", b"SQLite format 3\0", os.urandom(4096), os.urandom(50_000)])
def test_what_is_no_database_is_replaced(folder: Path, content: bytes) -> None:
    (folder / FILE).write_bytes(content)
    cache, report = open_cache(folder, SEALER)
    assert report.damage
    assert (cache.names(), report.salvaged) == ([], ())
    assert report.set_aside is not None
    assert (report.set_aside / FILE).read_bytes() == content
    cache.set("new", b"value")
    assert_sound(folder, {"new": b"value"})


def test_a_damaged_first_page_costs_no_row(folder: Path) -> None:
    content = (folder / FILE).read_bytes()
    (folder / FILE).write_bytes(os.urandom(4096) + content[4096:])
    assert_recovered(folder)


def test_a_file_that_cannot_be_ours_is_not_read(folder: Path) -> None:
    os.truncate(folder / FILE, 64 * 2**20 + 4096)
    report = assert_recovered(folder, *VALUES)
    assert "more than a cache of ours can have" in report.damage


def test_a_file_that_is_missing_is_told(folder: Path) -> None:
    (folder / FILE).rename(folder / "cache.db.old")
    assert "no file of the cache" in assert_recovered(folder, *VALUES).damage


def test_a_log_without_its_file_is_told(folder: Path) -> None:
    (folder / FILE).rename(folder / "cache.db-wal")
    assert "cache.db is missing" in assert_recovered(folder, *VALUES).damage


def test_other_files_are_told_and_kept(folder: Path) -> None:
    (folder / "ab" / "cd").mkdir(parents=True)
    (folder / "ab" / "cd" / "e.val").write_bytes(b"planted")
    report = assert_recovered(folder)
    assert "'ab' is no file of the cache" in report.damage
    assert report.set_aside is not None
    assert (report.set_aside / "ab" / "cd" / "e.val").exists()


def test_a_folder_in_the_place_of_the_file(folder: Path) -> None:
    (folder / FILE).unlink()
    (folder / FILE).mkdir()
    assert "not a file of ours" in assert_recovered(folder, *VALUES).damage


@pytest.mark.parametrize("name", [FILE, "cache.db-wal"])
def test_a_link_in_the_place_of_a_file_is_not_followed(folder: Path, name: str) -> None:
    elsewhere = folder.parent / "elsewhere"
    shutil.copy(folder / FILE, elsewhere)
    before = elsewhere.read_bytes()
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(elsewhere)
    assert f"{name} is not a file of ours" in assert_recovered(folder, *(VALUES if name == FILE else ())).damage
    assert elsewhere.read_bytes() == before


def test_a_pipe_in_the_place_of_the_file_does_not_stop_the_start(folder: Path) -> None:
    (folder / FILE).unlink()
    os.mkfifo(folder / FILE, 0o600)
    assert "not a file of ours" in assert_recovered(folder, *VALUES).damage


def test_no_cache_is_no_damage(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir(0o755)
    for folder in (tmp_path / "cache", tmp_path / "missing" / "cache"):
        assert open_cache(folder, SEALER)[1] == CacheReport()
        assert folder.stat().st_mode & 0o777 == 0o700
