"""The top-level boxes of an MP4 file: how much of a recording is whole. Reads headers only, never media."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from hardware.containers.layout import Layout

_SHORT_HEADER = 8
_LONG_HEADER = 16
_MAX_BOXES = 1_000_000
"""More than a year of one-second fragments; only a hostile file has more."""


@dataclass(frozen=True, slots=True)
class Box:
    """One top-level box: four-character type and its place in the file, `end` exclusive, in bytes."""

    type: bytes
    start: int
    end: int


def read_boxes(file: BinaryIO, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """The whole boxes from `start` to `end` (None: of the file); ends before the first one that is torn or is none."""
    if end is None:
        end = file.seek(0, os.SEEK_END)
    for _ in range(_MAX_BOXES):
        box = _read_box(file, start, end)
        if box is None:
            return
        yield box
        start = box.end


def _read_box(file: BinaryIO, start: int, limit: int) -> Box | None:
    """The box at `start`, or None. Size 1 announces a 64-bit size; size 0 (to the end of the file) is never whole."""
    file.seek(start)
    header = file.read(_LONG_HEADER)
    if len(header) < _SHORT_HEADER:
        return None
    size, kind, least = int.from_bytes(header[:4], "big"), header[4:8], _SHORT_HEADER
    if size == 1:
        size, least = int.from_bytes(header[8:], "big"), _LONG_HEADER
    if size < least or start + size > limit or not all(0x20 <= byte < 0x7F for byte in kind):
        return None
    return Box(kind, start, start + size)


def measure(file: BinaryIO) -> Layout:
    """Finds the last whole fragment of a fragmented MP4."""
    playable = fragmented = False
    fragments = end = 0
    previous = b""
    for box in read_boxes(file):
        if box.type == b"moov":
            playable = True
            fragmented = any(child.type == b"mvex" for child in read_boxes(file, box.start + _SHORT_HEADER, box.end))
        if box.type == b"mdat" and previous == b"moof":
            fragments += 1
        if box.type in (b"moov", b"mdat", b"mfra"):
            end = box.end
        previous = box.type
    return Layout(playable=playable, fragmented=fragmented, fragments=fragments, end=end)
