"""Writes the fragments of an MP4 itself, for pictures of which each stands alone.

FFmpeg's muxer copies every picture four times on its way to the file. Of a camera's MJPG, megabytes a second, that is a
third of what a recording costs; here each goes from where it was captured to the file as it is. The header is FFmpeg's.
"""

import struct
from typing import TYPE_CHECKING

from hardware.audio.sound import SoundPacket
from hardware.sinks.mediafile import MediaFile

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST = 45_000
"""Ticks (of 90,000 a second) of a fragment."""

_STANDS_ALONE = 0x0200_0000
_BASE_IS_FRAGMENT, _HAS_FLAGS = 0x02_0000, 0x20
_HAS_OFFSET, _HAS_DURATIONS, _HAS_SIZES = 0x1, 0x100, 0x200
_BOX_HEADER, _SEQUENCE, _TRACK_BOXES, _SAMPLE = 8, 16, 68, 8
"""Bytes of a box's header, of `mfhd`, of a `traf` without samples, and of a sample in it."""


class _Track:
    """What waits for the next fragment: samples, when each begins, and how long the last one lasts."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.samples: list[bytes] = []
        self._starts: list[int] = []
        self._length = 0

    @property
    def start(self) -> int:
        """When the first begins."""
        return self._starts[0]

    @property
    def size(self) -> int:
        """Bytes of media."""
        return sum(map(len, self.samples))

    def add(self, data: bytes, start: int, length: int) -> None:
        self.samples.append(data)
        self._starts.append(start)
        self._length = length

    def describe(self, offset: int) -> bytes:
        """The `traf` box; `offset` is where its media begins, from the start of the fragment."""
        ends = [*self._starts[1:], self._starts[-1] + self._length]
        durations = (end - start for start, end in zip(self._starts, ends, strict=True))
        entries = (value for pair in zip(durations, map(len, self.samples), strict=True) for value in pair)
        count = len(self.samples)
        run = struct.pack(f">Ii{2 * count}I", count, offset, *entries)
        return _box(
            b"traf",
            _full_box(b"tfhd", 0, _BASE_IS_FRAGMENT | _HAS_FLAGS, struct.pack(">II", self.number, _STANDS_ALONE)),
            _full_box(b"tfdt", 1, 0, struct.pack(">Q", self.start)),
            _full_box(b"trun", 0, _HAS_OFFSET | _HAS_DURATIONS | _HAS_SIZES, run),
        )


class Fragments:
    """The same for a file as `FFmpegMuxer`; `header` is what that writes before the first picture.

    `pace`: seconds of media in a second of filming.
    """

    def __init__(self, file: MediaFile, header: bytes, pace: float, *, sound: bool) -> None:
        self._file = file
        self._longest = round(_LONGEST * pace)
        self._sound = sound
        self._written = 0
        self._tracks = self._begin()
        file.write(header)

    def add_picture(self, data: bytes, *, key: bool, tick: int, ticks: int) -> None:  # noqa: ARG002 - each is one
        """See `Muxer`."""
        pictures = self._tracks[0]
        if pictures.samples and tick - pictures.start >= self._longest:
            self._write()
        self._tracks[0].add(data, tick, ticks)

    def add_sound(self, packet: SoundPacket, start: int) -> None:
        """See `Muxer`."""
        self._tracks[1].add(packet.data, start, packet.count)

    def close(self) -> None:
        """See `Muxer`."""
        if any(track.samples for track in self._tracks):
            self._write()

    def _begin(self) -> list[_Track]:
        return [_Track(number) for number in ((1, 2) if self._sound else (1,))]

    def _write(self) -> None:
        tracks = [track for track in self._tracks if track.samples]
        self._tracks = self._begin()
        self._written += 1
        self._file.write_all(list(_fragment(self._written, tracks)))


def _fragment(number: int, tracks: list[_Track]) -> "Iterable[bytes]":
    """`moof` and `mdat`."""
    samples = sum(len(track.samples) for track in tracks)
    offset = _BOX_HEADER + _SEQUENCE + _TRACK_BOXES * len(tracks) + _SAMPLE * samples + _BOX_HEADER
    described = []
    for track in tracks:
        described.append(track.describe(offset))
        offset += track.size
    yield _box(b"moof", _full_box(b"mfhd", 0, 0, struct.pack(">I", number)), *described)
    yield struct.pack(">I4s", _BOX_HEADER + sum(track.size for track in tracks), b"mdat")
    for track in tracks:
        yield from track.samples


def _box(kind: bytes, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return struct.pack(">I4s", _BOX_HEADER + len(content), kind) + content


def _full_box(kind: bytes, version: int, flags: int, content: bytes) -> bytes:
    return _box(kind, struct.pack(">I", version << 24 | flags), content)
