"""The pages of an Ogg file: how many of them are whole."""

import os
from typing import BinaryIO, NamedTuple

from hardware.containers.layout import Layout

_CAPTURE = b"OggS"
_HEADER = 27
"""Bytes before the table of segments, whose length is the last of them."""
_POSITION = slice(6, 14)
_CHECKSUM = slice(22, 26)
_HEADERS = 2
"""Pages before the first sound: what the codec is, and comments."""
_POLYNOMIAL = 0x04C1_1DB7


class _Page(NamedTuple):
    start: int
    end: int
    sounds: bool


def measure(file: BinaryIO) -> Layout:
    """Finds the last whole page. Of those at the end the checksums are looked at: a power cut may leave zeros there."""
    pages = _pages(file)
    while pages and not _is_intact(file, pages[-1]):
        del pages[-1]
    return Layout(
        playable=len(pages) >= _HEADERS,
        fragmented=True,
        fragments=sum(page.sounds for page in pages),
        end=pages[-1].end if pages else 0,
    )


def _pages(file: BinaryIO) -> list[_Page]:
    """By their headers."""
    size = file.seek(0, os.SEEK_END)
    pages: list[_Page] = []
    start = 0
    while True:
        file.seek(start)
        header = file.read(_HEADER)
        table = file.read(header[-1]) if len(header) == _HEADER and header.startswith(_CAPTURE) else b""
        end = start + _HEADER + len(table) + sum(table)
        if not table or len(table) < header[-1] or end > size:
            return pages
        pages.append(_Page(start, end, int.from_bytes(header[_POSITION], "little") > 0))
        start = end


def _is_intact(file: BinaryIO, page: _Page) -> bool:
    """Whether its bytes are those that were written."""
    file.seek(page.start)
    data = bytearray(file.read(page.end - page.start))
    written = int.from_bytes(data[_CHECKSUM], "little")
    data[_CHECKSUM] = bytes(4)
    checksum = 0
    for byte in data:
        checksum = (checksum << 8 & 0xFFFF_FFFF) ^ _TABLE[checksum >> 24 ^ byte]
    return checksum == written


def _remainder(byte: int) -> int:
    value = byte << 24
    for _ in range(8):
        value = value << 1 & 0xFFFF_FFFF ^ (_POLYNOMIAL if value & 0x8000_0000 else 0)
    return value


_TABLE = tuple(map(_remainder, range(256)))
