"""Pictures of H.264 and H.265 as cameras deliver them: Annex B, a buffer at a time. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from hardware.models import Codec
from hardware.v4l2.pictures import BrokenPicture

_START = b"\x00\x00\x01"
_LONGEST_WAIT = 1 << 16
"""Bytes without a picture, and of parameter sets, that are kept for the next one: such sets are some dozens."""


class CodedPicture(NamedTuple):
    """Bytes of one picture, and whether decoding can start there."""

    data: bytes
    key: bool


class _Grammar(NamedTuple):
    """The kinds of units of a codec. `first` is the delimiter, which nothing may stand before."""

    pictures: range
    keys: range
    sets: tuple[int, ...]
    first: int


_GRAMMARS = {
    Codec.H264: _Grammar(pictures=range(1, 6), keys=range(5, 6), sets=(7, 8), first=9),
    Codec.HEVC: _Grammar(pictures=range(32), keys=range(16, 24), sets=(32, 33, 34), first=35),
}


class _Unit(NamedTuple):
    kind: int
    start: int
    end: int


class UnitJoiner:
    """Makes of a stream's buffers pictures that can be decoded from each key frame on.

    A buffer without a picture (some encoders deliver parameter sets alone) is joined to the next; a key frame that
    comes without parameter sets gets the last ones. All else is passed on untouched.
    """

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._grammar = _GRAMMARS[codec]
        self._sets: dict[int, bytes] = {}
        self._waiting = b""

    def take(self, data: bytes) -> CodedPicture | None:
        """The picture that `data` completes; None when there is none in it. Raises BrokenPicture."""
        if not data:
            raise BrokenPicture("empty")
        _check_start(data)
        data = self._waiting + data
        self._waiting = b""
        units = list(self._head(data))
        own_sets = self._remember(data, units)
        last = units[-1]
        if last.kind not in self._grammar.pictures:
            if len(data) > _LONGEST_WAIT:
                raise BrokenPicture("pictureless")
            self._waiting = data
            return None
        key = last.kind in self._grammar.keys
        if key and not own_sets.issuperset(self._grammar.sets):
            data = self._with_sets(data, units[0])
        return CodedPicture(data, key)

    def _head(self, data: bytes) -> Iterator[_Unit]:
        """The units up to the first one of a picture: what follows is not looked at, as pictures are large."""
        position = data.find(_START)
        while position >= 0:
            start = position + len(_START)
            if start >= len(data) or data[start] & 0x80:
                raise BrokenPicture("header")
            kind = data[start] & 0x1F if self._codec is Codec.H264 else data[start] >> 1 & 0x3F
            if kind in self._grammar.pictures:
                yield _Unit(kind, start, len(data))
                return
            position = data.find(_START, start)
            yield _Unit(kind, start, position if position >= 0 else len(data))

    def _remember(self, data: bytes, units: list[_Unit]) -> set[int]:
        """Keeps the parameter sets of this picture; answers which kinds it has."""
        fresh: dict[int, list[bytes]] = {}
        for unit in units:
            if unit.kind in self._grammar.sets:
                fresh.setdefault(unit.kind, []).append(b"\x00" + _START + data[unit.start : unit.end].rstrip(b"\x00"))
        sets = {kind: b"".join(parts) for kind, parts in fresh.items()}
        self._sets.update({kind: own for kind, own in sets.items() if len(own) <= _LONGEST_WAIT})
        return set(fresh)

    def _with_sets(self, data: bytes, first: _Unit) -> bytes:
        """All sets in front, in their order. Raises BrokenPicture when they were never seen: it cannot be decoded."""
        if any(kind not in self._sets for kind in self._grammar.sets):
            raise BrokenPicture("parameterless")
        sets = b"".join(self._sets[kind] for kind in self._grammar.sets)
        if first.kind != self._grammar.first:
            return sets + data
        return data[: first.end].rstrip(b"\x00") + sets + b"\x00" + data[first.end :]


def _check_start(data: bytes) -> None:
    position = data.find(_START)
    if position < 0 or data[:position].strip(b"\x00"):
        raise BrokenPicture("start")
