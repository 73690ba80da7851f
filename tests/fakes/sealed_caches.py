"""Sealed caches to be damaged: filled, planted with rows, opened again and judged."""

import sqlite3
from contextlib import closing
from pathlib import Path

from presets_store.cache import CacheReport, SealedCache, open_cache
from presets_store.sealing import Sealer, key_id_of

KEY = bytes(range(32))
SEALER = Sealer(KEY, key_id_of(KEY))
VALUES = {"clock.floor": b"12", "credentials": b"c" * 200, "long": b"l" * 9000, "standalone": b"s" * 1500}
FILE = "cache.db"
LOG = "cache.db-wal"


class Trap:
    """Unpickling one makes a folder at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, (f"import os; os.mkdir({str(self.path)!r})",)


def filled(folder: Path) -> Path:
    """A closed cache that holds VALUES."""
    cache, report = open_cache(folder, SEALER)
    assert report == CacheReport()
    for name, value in VALUES.items():
        cache.set(name, value)
    cache.close()
    return folder


def change(folder: Path, *statements: str, values: tuple[object, ...] = ()) -> None:
    """Executes SQL in the cache's file, behind the cache's back."""
    with closing(sqlite3.connect(folder / FILE, isolation_level=None)) as database:
        for statement in statements:
            database.execute(statement, values)


def values_of(cache: SealedCache) -> dict[str, bytes | None]:
    return {name: cache.get(name) for name in cache.names()}


def assert_recovered(folder: Path, *lost: str) -> CacheReport:
    """Opens the damaged cache: all but `lost` is there, it can be written, and nothing is wrong at the next opening."""
    cache, report = open_cache(folder, SEALER)
    kept = {name: value for name, value in VALUES.items() if name not in lost}
    assert report.damage
    assert values_of(cache) == kept
    assert report.salvaged == tuple(sorted(kept))
    cache.set("new", b"value")
    cache.close()
    assert_sound(folder, kept | {"new": b"value"})
    return report


def assert_sound(folder: Path, values: dict[str, bytes]) -> None:
    cache, report = open_cache(folder, SEALER)
    assert report == CacheReport()
    assert values_of(cache) == values
    cache.close()
