"""Whether bytes are a JPEG that may be kept and shown, by its markers alone: nothing is decoded."""

from collections.abc import Iterator
from typing import Final

MOST_PIXELS: Final = 50_000_000
"""Of a picture; to decode it takes three bytes for each."""
MOST_SCANS: Final = 64
"""A progressive picture has some ten; each is a pass over all of it for whoever decodes it."""

_START, _END, _SCAN = 0xD8, 0xD9, 0xDA
_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2})
"""Baseline, extended, progressive: what browsers show."""
_OTHER_FRAMES: Final = frozenset(range(0xC3, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a length."""
_MOST_MARKERS: Final = 1000


def jpeg_problem(data: bytes) -> str:
    """Why the bytes are no picture to keep; "" when they are one."""
    if data[:2] != bytes((0xFF, _START)):
        return "is no JPEG"
    if data.rfind(bytes((0xFF, _END)), len(data) - 1024) < 0:  # some cameras fill the last block up
        return "is a JPEG that breaks off"
    size = None
    for marker, body in _markers(data):
        if marker in _OTHER_FRAMES:
            return "is a JPEG of a kind that hardly anything shows"
        if marker in _FRAMES:
            if size is not None:
                return "is a JPEG with two sizes"
            size = body
        if marker == _SCAN:
            return "is a JPEG without a size" if size is None else _size_problem(size) or _scans_problem(data)
    return "is a JPEG without a picture"


def _markers(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Each marker before the first scan's data, with the first bytes of its segment; ends where the form is wrong."""
    place = 2
    for _ in range(_MOST_MARKERS):
        while data[place : place + 2] == b"\xff\xff":
            place += 1
        if len(data) < place + 4 or data[place] != 0xFF:
            return
        marker = data[place + 1]
        if marker in _BARE:
            place += 2
            continue
        length = int.from_bytes(data[place + 2 : place + 4])
        if length < 2 or place + 2 + length > len(data):
            return
        yield marker, data[place + 4 : place + 2 + min(length, 32)]
        place += 2 + length


def _size_problem(frame: bytes) -> str:
    """Of a frame's segment: precision, height, width, number of components."""
    height, width = int.from_bytes(frame[1:3]), int.from_bytes(frame[3:5])
    if len(frame) < 6 or frame[0] != 8 or frame[5] not in (1, 3) or not height or not width:
        return "is a JPEG of a kind that hardly anything shows"
    if height * width > MOST_PIXELS:
        return f"has {width} x {height} pixels"
    return ""


def _scans_problem(data: bytes) -> str:
    scans = data.count(bytes((0xFF, _SCAN)))  # those of a small picture inside count too
    return f"has {scans} scans" if scans > MOST_SCANS else ""
