"""H.264 and H.265 in Annex B: the parameter sets that a receiver needs before the first picture. Pure."""

import re
from collections.abc import Iterator

from hardware.models import Codec

_START = re.compile(rb"\x00\x00\x01")
_SETS = {Codec.H264: frozenset({7, 8}), Codec.HEVC: frozenset({32, 33, 34})}
_FIRST_PICTURES = {Codec.H264: range(1, 6), Codec.HEVC: range(32)}


def parameter_sets(codec: Codec, data: bytes) -> bytes:
    """The parameter sets in front of the picture, each with a start code; empty when there are none."""
    found = []
    for unit in _units(data):
        kind = _kind(codec, unit)
        if kind in _FIRST_PICTURES[codec]:
            break
        if kind in _SETS[codec]:
            found.append(b"\x00\x00\x00\x01" + unit)
    return b"".join(found)


def _units(data: bytes) -> Iterator[bytes]:
    """The NAL units without start codes; zeros that belong to the next start code are cut off."""
    begin = None
    for match in _START.finditer(data):
        if begin is not None:
            yield data[begin : match.start()].rstrip(b"\x00")
        begin = match.end()
    if begin is not None:
        yield data[begin:].rstrip(b"\x00")


def _kind(codec: Codec, unit: bytes) -> int:
    if not unit:
        return -1
    return unit[0] & 0x1F if codec is Codec.H264 else (unit[0] >> 1) & 0x3F
