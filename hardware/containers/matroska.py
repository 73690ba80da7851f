"""The elements of a Matroska file: how many of its clusters are whole. Reads headers only, never media."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from hardware.containers.layout import Layout

_EBML, _SEGMENT, _TRACKS, _CLUSTER = 0x1A45DFA3, 0x18538067, 0x1654AE6B, 0x1F43B675
_LONGEST_ID, _LONGEST_SIZE = 4, 8
_MAX_ELEMENTS = 10_000_000
"""More than a day of clusters of one picture each, at 60 a second; only a hostile file has more."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its id with the marker bit, where its content begins and ends (exclusive) in the file.

    `open_ended`: its size was not known when it was written; it then ends where its parent does.
    """

    id: int
    content: int
    end: int
    open_ended: bool


def read_elements(file: BinaryIO, start: int, end: int) -> Iterator[Element]:
    """The whole elements from `start` to `end`; ends before the first one that is torn or is none."""
    for _ in range(_MAX_ELEMENTS):
        element = _read_element(file, start, end)
        if element is None:
            return
        yield element
        start = element.end


def _read_element(file: BinaryIO, start: int, limit: int) -> Element | None:
    file.seek(start)
    header = file.read(min(_LONGEST_ID + _LONGEST_SIZE, max(0, limit - start)))
    id_length = _length(header[:1], _LONGEST_ID)
    size_length = _length(header[id_length : id_length + 1], _LONGEST_SIZE) if id_length else 0
    content = start + id_length + size_length
    if not size_length or len(header) < id_length + size_length:
        return None
    coded = int.from_bytes(header[id_length : id_length + size_length], "big")
    unknown = (1 << 7 * size_length) - 1
    size = coded & unknown
    end = limit if size == unknown else content + size
    if end > limit:
        return None
    return Element(int.from_bytes(header[:id_length], "big"), content, end, size == unknown)


def _length(first: bytes, longest: int) -> int:
    """How many bytes a number has by its first one; 0 when there is no such number."""
    length = 9 - first[0].bit_length() if first else 0
    return length if length <= longest else 0


def measure(file: BinaryIO) -> Layout:
    """Finds the last whole cluster. A segment whose size was written is no recording of ours: it is never cut."""
    size = file.seek(0, os.SEEK_END)
    header = next(read_elements(file, 0, size), None)
    segment = _read_element(file, header.end, size) if header is not None and header.id == _EBML else None
    if segment is None or segment.id != _SEGMENT:
        return Layout(playable=False, fragmented=False, fragments=0, end=0)
    playable = False
    clusters, end = 0, segment.content
    for element in read_elements(file, segment.content, segment.end):
        if element.open_ended:
            break
        playable = playable or element.id == _TRACKS
        clusters += element.id == _CLUSTER
        end = element.end
    return Layout(playable=playable, fragmented=segment.open_ended, fragments=clusters, end=end)
