"""The packets of an MPEG transport stream: where its last whole picture ends.

A picture's end is only known by the beginning of the next one, so the last one of a torn stream is given up.
"""

import os
from collections.abc import Iterator
from typing import BinaryIO

from hardware.containers.layout import Layout

PACKET = 188
_SYNC = 0x47
_BLOCK = PACKET * 10_000
_FIRST_PACKETS = 100
"""The tables are repeated ten times a second and come first."""

_HEAD = 4
_BEGINS, _NUMBER_HIGH, _HAS_FIELD, _HAS_CONTENT = 0x40, 0x1F, 0x20, 0x10
_PROGRAMS_ID = 0
_VIDEO_TYPES = frozenset({0x1B, 0x24})
"""H.264 and H.265."""


def measure(file: BinaryIO) -> Layout:
    """Finds the beginning of the last picture; without a table that tells of video the stream is not playable."""
    file.seek(0, os.SEEK_SET)
    video = _video_id(file.read(PACKET * _FIRST_PACKETS))
    if video is None:
        return Layout(playable=False, fragmented=True, fragments=0, end=0)
    begun = end = 0
    for start in _picture_starts(file, video):
        begun, end = begun + 1, start
    return Layout(playable=True, fragmented=True, fragments=max(0, begun - 1), end=end)


def _picture_starts(file: BinaryIO, video: int) -> Iterator[int]:
    """Offsets of the packets with which pictures begin; ends where the stream loses its rhythm."""
    offset = 0
    file.seek(0)
    while block := file.read(_BLOCK):
        syncs = block[::PACKET]
        torn = len(syncs) - len(syncs.lstrip(bytes([_SYNC])))
        highs, lows = block[1::PACKET], block[2::PACKET]
        wanted = _BEGINS | video >> 8
        place = highs.find(wanted)
        while 0 <= place < min(torn, len(lows)):
            if lows[place] == video & 0xFF:
                yield offset + place * PACKET
            place = highs.find(wanted, place + 1)
        if torn < len(syncs):
            return
        offset += len(block)


def _video_id(head: bytes) -> int | None:
    """The number of the video stream's packets, from the tables at the beginning."""
    programs = _table(head, _PROGRAMS_ID)
    if programs is None or len(programs) < _PROGRAM_ENTRY + 4:
        return None
    streams = _table(head, int.from_bytes(programs[_PROGRAM_ENTRY + 2 : _PROGRAM_ENTRY + 4], "big") & 0x1FFF)
    if streams is None or len(streams) < _STREAM_LIST:
        return None
    place = _STREAM_LIST + (int.from_bytes(streams[_STREAM_LIST - 2 : _STREAM_LIST], "big") & 0x0FFF)
    while place + 5 <= len(streams):
        if streams[place] in _VIDEO_TYPES:
            return int.from_bytes(streams[place + 1 : place + 3], "big") & 0x1FFF
        place += 5 + (int.from_bytes(streams[place + 3 : place + 5], "big") & 0x0FFF)
    return None


_PROGRAM_ENTRY = 8
_STREAM_LIST = 12
"""Where the entries of the two tables begin."""


def _table(head: bytes, number: int) -> bytes | None:
    """The first table in packets of `number`, without its checksum; one that goes on in a second packet is none."""
    for start in range(0, len(head) - PACKET + 1, PACKET):
        packet = head[start : start + PACKET]
        if packet[0] != _SYNC or (packet[1] & _NUMBER_HIGH) << 8 | packet[2] != number or not packet[1] & _BEGINS:
            continue
        content = _HEAD + (1 + packet[_HEAD] if packet[3] & _HAS_FIELD else 0)
        if not packet[3] & _HAS_CONTENT or content >= PACKET:
            continue
        table = packet[content + 1 + packet[content] :]
        length = 3 + (int.from_bytes(table[1:3], "big") & 0x0FFF)
        if 4 <= length <= len(table):
            return table[: length - 4]
    return None
