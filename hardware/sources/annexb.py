"""H.264 and H.265 between start codes (Annex B): what is in a picture, and its parameter sets in front of it. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from hardware.models import Codec

MOST_PIXELS = 139_264 * 256
"""In the largest picture of any level of H.264 and H.265. What claims more is not decoded: it would take the memory."""

LONGEST_SIDE = 16384
"""The limit of `hardware.models.Format`."""

_START = b"\x00\x00\x01"

_PARAMETER_SETS = {Codec.H264: (7, 8), Codec.HEVC: (32, 33, 34)}
_SIZE_SET = {Codec.H264: 7, Codec.HEVC: 33}
_DELIMITER = {Codec.H264: 9, Codec.HEVC: 35}

_LONGEST_SETS = 1 << 16
"""Bytes of one kind that are kept for later pictures: they are some dozens."""


class Unit(NamedTuple):
    """One NAL unit: its type, and where it begins and ends, start code included."""

    kind: int
    start: int
    end: int


def unit_kind(codec: Codec, header: int) -> int:
    """The type in the first byte of a NAL unit."""
    return header & 0x1F if codec is Codec.H264 else (header >> 1) & 0x3F


def units(codec: Codec, data: bytes) -> Iterator[Unit]:
    """The NAL units of `data` in order; bytes before the first start code belong to none."""
    at = data.find(_START)
    while at >= 0 and at + 3 < len(data):
        following = data.find(_START, at + 3)
        end = len(data) if following < 0 else _code_start(data, following)
        yield Unit(unit_kind(codec, data[at + 3]), _code_start(data, at), end)
        at = following


def _code_start(data: bytes, at: int) -> int:
    """Where a start code begins: it may have a zero in front."""
    return at - 1 if at > 0 and data[at - 1] == 0 else at


class ParameterSets:
    """The newest parameter sets of a stream, for pictures that come without. `known` are what its description has."""

    def __init__(self, codec: Codec, known: bytes = b"") -> None:
        self._codec = codec
        self._kinds = _PARAMETER_SETS[codec]
        self._sets: dict[int, bytes] = {}
        self._learn(known)

    @property
    def size_set(self) -> bytes:
        """The newest set that tells the size of the pictures (SPS); empty when none is known."""
        return self._sets.get(_SIZE_SET[self._codec], b"")

    def in_front_of(self, key_picture: bytes) -> bytes:
        """The key picture with all parameter sets: its own are learnt, missing ones are put before it."""
        own = self._learn(key_picture)
        missing = b"".join(self._sets[kind] for kind in self._kinds if kind in self._sets and kind not in own)
        if not missing:
            return key_picture
        first = next(units(self._codec, key_picture), None)
        if first is not None and first.kind == _DELIMITER[self._codec]:  # nothing may stand before a delimiter
            return key_picture[first.start : first.end] + missing + key_picture[first.end :]
        return missing + key_picture

    def _learn(self, data: bytes) -> frozenset[int]:
        """Remembers the sets in `data`; which kinds there were."""
        found: dict[int, list[bytes]] = {}
        for unit in units(self._codec, data):
            if unit.kind in self._kinds:
                found.setdefault(unit.kind, []).append(data[unit.start : unit.end])
        sets = {kind: b"".join(parts) for kind, parts in found.items()}
        self._sets.update({kind: own for kind, own in sets.items() if len(own) <= _LONGEST_SETS})
        return frozenset(found)
