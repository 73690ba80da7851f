import io
import pickle
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import diskcache
import pytest
from fakes.sealed_caches import Trap

from presets_store.cache.disk import SETTINGS, connect, write
from presets_store.cache.errors import ForeignRow


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[diskcache.Cache]:
    cache = connect(tmp_path)
    yield cache
    cache.close()


def plant(folder: Path, key: object, raw: int, mode: int, filename: str | None, value: object) -> None:
    with closing(sqlite3.connect(folder / "cache.db", isolation_level=None)) as database:
        database.execute(
            "INSERT INTO Cache (key, raw, store_time, access_time, mode, filename, value) VALUES (?, ?, 1, 1, ?, ?, ?)",
            (key, raw, mode, filename, value),
        )


def test_the_trap_works_on_a_plain_cache(tmp_path: Path) -> None:
    trap = tmp_path / "sprung"
    with closing(diskcache.Cache(str(tmp_path))) as plain:
        plant(tmp_path, "key", 1, 4, None, pickle.dumps(Trap(trap)))
        plain.get("key")
    assert trap.exists()


@pytest.mark.parametrize("filename", [None, "trap.val"])
def test_a_pickle_is_refused_and_not_executed(cache: diskcache.Cache, tmp_path: Path, filename: str | None) -> None:
    trap, pickled = tmp_path / "sprung", pickle.dumps(Trap(tmp_path / "sprung"))
    if filename:
        (tmp_path / filename).write_bytes(pickled)
    plant(tmp_path, "key", 1, 4, filename, None if filename else pickled)
    with pytest.raises(ForeignRow, match="mode 4"):
        cache.get("key")
    assert not trap.exists()


def test_a_pickled_key_is_refused_and_not_executed(cache: diskcache.Cache, tmp_path: Path) -> None:
    trap = tmp_path / "sprung"
    plant(tmp_path, pickle.dumps(Trap(trap)), 0, 1, None, b"value")
    with pytest.raises(ForeignRow, match="raw=0"):
        list(cache)
    assert not trap.exists()


@pytest.mark.parametrize(
    ("mode", "filename", "value"),
    [(2, "other", None), (3, "other", None), (1, "other", b"value"), (1, None, "text"), (1, None, 7), (0, None, b"x")],
)
def test_other_modes_are_refused(
    cache: diskcache.Cache, tmp_path: Path, mode: int, filename: str | None, value: object
) -> None:
    (tmp_path / "other").write_bytes(b"not of the cache")
    plant(tmp_path, "key", 1, mode, filename, value)
    with pytest.raises(ForeignRow):
        cache.get("key")


def test_a_planted_file_name_removes_no_file(cache: diskcache.Cache, tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"")
    plant(tmp_path, "key", 1, 1, "precious", b"value")
    with pytest.raises(ForeignRow, match="precious"):
        cache.delete("key")
    assert (tmp_path / "precious").exists()


@pytest.mark.parametrize("misuse", [1, 1.5, b"bytes", ("a", 1), None])
def test_only_text_is_a_key(cache: diskcache.Cache, misuse: object) -> None:
    with pytest.raises(ForeignRow, match="a key of type"):
        cache.set(misuse, b"value")


@pytest.mark.parametrize("misuse", [1, 1.5, "text", bytearray(b"x"), {"a": 1}, None])
def test_only_bytes_are_a_value(cache: diskcache.Cache, misuse: object) -> None:
    with pytest.raises(ForeignRow, match="a value of type"):
        cache.set("key", misuse)


@pytest.mark.parametrize(
    "misuse",
    [
        lambda cache: cache.set("key", io.BytesIO(b"x"), read=True),
        lambda cache: cache.read("there"),
    ],
    ids=["from a file", "to a file"],
)
def test_what_needs_open_files_is_refused(cache: diskcache.Cache, misuse: Callable[[diskcache.Cache], object]) -> None:
    cache.set("there", b"value")
    with pytest.raises(ForeignRow):
        misuse(cache)


def test_long_values_stand_in_their_row(tmp_path: Path) -> None:
    write(connect(tmp_path), {"long": bytes(2**20), "empty": b""})
    assert [path.name for path in tmp_path.iterdir()] == ["cache.db"]
    with closing(connect(tmp_path)) as cache:
        assert (cache.get("long"), cache.get("empty")) == (bytes(2**20), b"")


def test_every_setting_of_diskcache_is_ours(tmp_path: Path) -> None:
    connect(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "cache.db")) as database:
        found = dict(database.execute("SELECT key, value FROM Settings").fetchall())
    assert found == {**SETTINGS, "count": 0, "size": 0, "hits": 0, "misses": 0}


def test_commits_wait_for_the_disk(tmp_path: Path, cache: diskcache.Cache) -> None:
    pragmas = {}
    for pragma in ("synchronous", "journal_mode", "mmap_size", "auto_vacuum"):
        pragmas[pragma] = cache._sql(f"PRAGMA {pragma}").fetchall()[0][0]  # type: ignore[attr-defined]
    assert pragmas == {"synchronous": 2, "journal_mode": "wal", "mmap_size": 0, "auto_vacuum": 1}


def test_a_locked_file_is_told_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(tmp_path).close()
    monkeypatch.setattr("presets_store.cache.disk.BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(tmp_path / "cache.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            connect(tmp_path)


def test_a_path_that_diskcache_would_read_otherwise_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELSEWHERE", "other")
    with pytest.raises(OSError, match="variable"):
        connect(tmp_path / "$ELSEWHERE")
