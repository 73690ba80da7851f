"""Pictures out of a pipe that carries them one after the other without lengths. Pure.

Bytes may come in pieces of any size. What is kept is bounded: a picture that does not end is a BrokenStream.
"""

from typing import NamedTuple, Protocol

from hardware.models import Codec
from hardware.sources.annexb import unit_kind

MAX_PICTURE_BYTES = 16 << 20

_START_CODE = b"\x00\x00\x01"
_IDR = 5
_SLICES = frozenset({1, _IDR})
_BEFORE_SLICES = frozenset({6, 7, 8, 9, *range(14, 19)})
"""SEI, parameter sets, delimiter: after a slice they begin the next picture."""

_SOI, _EOI = b"\xff\xd8", b"\xff\xd9"
_SOS = 0xDA
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})


class BrokenStream(ValueError):
    """No picture can be found in what comes."""


class Piece(NamedTuple):
    """A picture, whether it is a key frame, and when its first bytes came (ns)."""

    data: bytes
    key: bool
    arrival_ns: int


class Splitter(Protocol):
    """Cuts what comes out of the pipe."""

    def feed(self, data: bytes, arrival_ns: int) -> list[Piece]:
        """The pictures that are complete with `data`. Raises BrokenStream."""
        ...


class AccessUnits:
    """H.264 with start codes. A picture ends where the next one begins, so each comes when the next one does.

    Bytes before the first start code are dropped. A picture begins at a delimiter, parameter set or SEI after a slice,
    and at a slice that is its picture's first.
    """

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._scanned = 0
        self._begun = False
        self._has_slice = False
        self._key = False
        self._arrival_ns = 0

    def feed(self, data: bytes, arrival_ns: int) -> list[Piece]:
        """See `Splitter`."""
        self._waiting += data
        found: list[Piece] = []
        # A unit's kind and a slice's first bit are in the two bytes behind the start code.
        while 0 <= (at := self._waiting.find(_START_CODE, self._scanned)) < len(self._waiting) - 4:
            self._scanned = at + 3
            start = at - 1 if at > 0 and self._waiting[at - 1] == 0 else at
            self._take_unit(start, arrival_ns, found)
        if at < 0:
            self._scanned = max(self._scanned, len(self._waiting) - 2)
            if not self._begun:
                self._forget(max(0, len(self._waiting) - len(_START_CODE)))
        if len(self._waiting) > MAX_PICTURE_BYTES:
            raise BrokenStream(f"no picture ends within {MAX_PICTURE_BYTES >> 20} MiB")
        return found

    def _take_unit(self, start: int, arrival_ns: int, found: list[Piece]) -> None:
        kind = unit_kind(Codec.H264, self._waiting[self._scanned])
        first_slice = kind in _SLICES and bool(self._waiting[self._scanned + 1] & 0x80)
        if not self._begun:
            self._forget(start)
            self._begun, self._arrival_ns = True, arrival_ns
        elif self._has_slice and (kind in _BEFORE_SLICES or first_slice):
            found.append(Piece(bytes(self._waiting[:start]), self._key, self._arrival_ns))
            self._forget(start)
            self._has_slice, self._key, self._arrival_ns = False, False, arrival_ns
        if kind in _SLICES:
            self._has_slice = True
            self._key = self._key or kind == _IDR

    def _forget(self, count: int) -> None:
        del self._waiting[:count]
        self._scanned = max(0, self._scanned - count)


class Jpegs:
    """JPEGs one after the other, of one scan each. Bytes between them are dropped."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._position = 0
        self._in_scan = False
        self._arrival_ns = 0

    def feed(self, data: bytes, arrival_ns: int) -> list[Piece]:
        """See `Splitter`."""
        found: list[Piece] = []
        self._waiting += data
        while self._seek_start(arrival_ns):
            if end := self._find_end():
                found.append(Piece(bytes(self._waiting[:end]), True, self._arrival_ns))
                self._forget(end)
            elif self._position:
                break
        if len(self._waiting) > MAX_PICTURE_BYTES:
            raise BrokenStream(f"no picture ends within {MAX_PICTURE_BYTES >> 20} MiB")
        return found

    def _seek_start(self, arrival_ns: int) -> bool:
        """Whether a picture begins at the front now; drops what is before it."""
        if self._position:
            return True
        at = self._waiting.find(_SOI)
        if at < 0:
            del self._waiting[: max(0, len(self._waiting) - 1)]
            return False
        del self._waiting[:at]
        self._position, self._arrival_ns = len(_SOI), arrival_ns
        return True

    def _find_end(self) -> int:
        """Where the picture ends; 0 when that has not come yet, or it was none and is forgotten."""
        if not self._in_scan and not self._read_headers():
            return 0
        end = self._waiting.find(_EOI, self._position)
        if end < 0:
            self._position = max(self._position, len(self._waiting) - 1)
            return 0
        return end + len(_EOI)

    def _read_headers(self) -> bool:
        """Goes on to the coded data; False when that has not come yet. What is no JPEG is dropped."""
        while self._position + 4 <= len(self._waiting):
            mark, marker = self._waiting[self._position : self._position + 2]
            if mark != 0xFF or marker in (0x00, _EOI[1]):
                self._forget(len(_SOI))
                return False
            if marker == 0xFF or marker in _STANDALONE:
                self._position += 1 if marker == 0xFF else 2
                continue
            length = int.from_bytes(self._waiting[self._position + 2 : self._position + 4], "big")
            if self._position + 2 + length > len(self._waiting):
                return False
            self._position += 2 + max(2, length)
            if marker == _SOS:
                self._in_scan = True
                return True
        return False

    def _forget(self, count: int) -> None:
        del self._waiting[:count]
        self._position, self._in_scan = 0, False
