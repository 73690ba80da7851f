"""The sealed cache: named values, each encrypted and bound to its name, checked in full when it is opened."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from diskcache import Cache

from presets_store.cache.disk import FAILURES, connect, reason_of, write
from presets_store.cache.errors import CacheEntryRefused, CacheUnwritable
from presets_store.cache.folder import replace, take_up
from presets_store.cache.inspection import inspect
from presets_store.sealing import Seals

MAX_NAME = 200
MAX_VALUE_BYTES = 2**20
MAX_TOTAL_BYTES = 16 * 2**20

_PROBE = ".probe"
"""The row that is written and read at each opening: that a file opens does not prove that it can be written."""


@dataclass(frozen=True, slots=True)
class CacheReport:
    """What was found at the opening. All fields are empty when the cache was sound, or there was none.

    `damage`: what is wrong, for people. `set_aside`: where the damaged folder is now; None when it had to stay.
    `salvaged`: names of values that are there nevertheless. `lost`: names of those that are not, as far as they can
    still be read.
    """

    damage: str = ""
    set_aside: Path | None = None
    salvaged: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


class SealedCache:
    """Made by `open_cache`. For one thread; everything but `get` and `names` blocks for the disk.

    What was checked is what is read: sealed values stay in memory, diskcache makes them last.
    """

    def __init__(self, folder: Path, seals: Seals, rows: Mapping[str, bytes], *, sound: bool) -> None:
        self._folder = folder
        self._seals = seals
        self._rows = {name: sealed for name, sealed in rows.items() if name != _PROBE}
        self._sound = sound
        self._disk: Cache | None = None

    def get(self, name: str) -> bytes | None:
        """The value; None when there is none."""
        sealed = self._rows.get(name)
        return None if sealed is None else self._seals.unseal(name, sealed)

    def names(self) -> list[str]:
        """The names of all values, in their order."""
        return sorted(self._rows)

    def set(self, name: str, value: bytes) -> None:
        """Keeps `value`; it is on the disk when this returns. Raises CacheEntryRefused, CacheUnwritable."""
        self.update({name: value})

    def delete(self, name: str) -> None:
        """Forgets the value, if there is one. Raises CacheUnwritable."""
        self.update({name: None})

    def update(self, changes: Mapping[str, bytes | None]) -> None:
        """Keeps the values and forgets the names with None, all or none, in one write. Raises as `set`."""
        for name, value in changes.items():
            if value is not None:
                self._check_limits(name, value)
        wanted = {name: value for name, value in changes.items() if value is not None or name in self._rows}
        if wanted:
            self._write(
                {name: None if value is None else self._seals.seal(name, value) for name, value in wanted.items()}
            )

    def reseal(self, seals: Seals) -> int:
        """Seals every value anew with `seals`, all or none, and goes on with them; how many. Raises CacheUnwritable."""
        fresh = {name: seals.seal(name, self._seals.unseal(name, sealed)) for name, sealed in self._rows.items()}
        self._write({**fresh, **_probe(seals)})
        self._seals = seals
        return len(fresh)

    def close(self) -> None:
        """Nothing is open between two writes, so this only ends the use of the object."""
        self._disk = None

    def prepare(self) -> tuple[str, Path | None]:
        """Proves that the cache can be written; if not, puts a new one with the same values in its place.

        Answers why that was necessary ("" when not, or when it was known before), and where the old one is. Raises one
        of `disk.FAILURES` when the new one cannot be written either: the old one then stays where it is.
        """
        damage = ""
        if self._sound:
            try:
                self._disk = self._proven()
            except FAILURES as error:
                damage = f"it cannot be written: {reason_of(error)}"
            else:
                return "", None
        aside = replace(self._folder, {**self._rows, **_probe(self._seals)})
        self._sound = True
        return damage, aside

    def _proven(self) -> Cache:
        disk = connect(self._folder)
        write(disk, _probe(self._seals))
        return disk

    def _write(self, changes: Mapping[str, bytes | None]) -> None:
        try:
            if not self._sound:
                self.prepare()
            self._disk = self._disk or connect(self._folder)
            write(self._disk, changes)
        except FAILURES as error:
            raise CacheUnwritable(folder=str(self._folder), reason=reason_of(error)) from error
        for name, sealed in changes.items():
            self._rows.pop(name, None)
            if sealed is not None and name != _PROBE:
                self._rows[name] = sealed

    def _check_limits(self, name: str, value: bytes) -> None:
        if name == _PROBE:
            raise CacheEntryRefused(name=name, reason="the name is reserved")
        if not 0 < len(name) <= MAX_NAME:
            raise CacheEntryRefused(name=name[:MAX_NAME], reason=f"a name has 1 to {MAX_NAME} characters")
        if len(value) > MAX_VALUE_BYTES:
            raise CacheEntryRefused(name=name, reason=f"it has {len(value)} bytes; at most {MAX_VALUE_BYTES} are kept")
        others = sum(len(sealed) for other, sealed in self._rows.items() if other != name)
        if others + len(value) > MAX_TOTAL_BYTES:
            raise CacheEntryRefused(name=name, reason=f"all values together may have {MAX_TOTAL_BYTES} bytes")


def open_cache(folder: Path, seals: Seals) -> tuple[SealedCache, CacheReport]:
    """Opens the cache in `folder`, whatever became of it, and tells what was found.

    It is made if there is none. Damage of any kind (a row that does not open included) has one cure: the folder is set
    aside as it is, for a person to look at, and a new one takes its place with every row that opens. When nothing can
    be written, the report says so, what could be read is there, and `set` tries again. Never raises for what it finds.
    """
    folder = folder.absolute()
    cut_off = take_up(folder, seals)
    finding = inspect(folder, seals)
    cache = SealedCache(folder, seals, finding.rows, sound=finding.sound)
    known = "the start before this one was cut off while it replaced a damaged cache" if cut_off else finding.damage
    try:
        damage, aside = cache.prepare()
    except FAILURES as error:
        damage, aside = f"it cannot be written: {reason_of(error)}", None
    damage = "; ".join(filter(None, (known, damage)))
    lost = tuple(name for name in finding.lost if name != _PROBE)
    salvaged = tuple(cache.names()) if damage else ()
    return cache, CacheReport(damage, aside or cut_off, salvaged, lost)


def _probe(seals: Seals) -> dict[str, bytes]:
    return {_PROBE: seals.seal(_PROBE, secrets.token_bytes(16))}
