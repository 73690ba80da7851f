"""Samples to encoded packets. Loads av when it is first made."""

import io
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from hardware.audio.sound import RATE, SAMPLE_BYTES, SoundPacket
from hardware.containers.table import Container

if TYPE_CHECKING:
    import av
    from av.audio.stream import AudioStream

_BITRATE = 96_000


class SoundEncoder:
    """Encodes one stretch of sound without a gap, whose first sample was taken at `origin_ns`.

    `stream` describes what it makes: the template of a file's audio track.
    """

    def __init__(self, container: Container, origin_ns: int) -> None:
        import av

        self._origin_ns = origin_ns
        self._given = 0
        # A file that nobody reads: there the encoder's parameters become those of a stream, as tracks are made of.
        self._desk = av.open(io.BytesIO(), "w", format=container.muxer)
        self.stream: AudioStream = self._desk.add_stream(container.sound, rate=RATE, layout="mono")
        self.stream.bit_rate = _BITRATE
        self._desk.start_encoding()

    @property
    def end_ns(self) -> int:
        """When the next sample is due."""
        return SoundPacket(b"", self._origin_ns, self._given, 0).mono_ns

    def encode(self, samples: bytes) -> Iterator[SoundPacket]:
        """The packets that `samples`, which follow those before, complete."""
        import av

        count = len(samples) // SAMPLE_BYTES
        if count:
            frame = av.AudioFrame(format="s16", layout="mono", samples=count)
            frame.planes[0].update(samples)
            frame.sample_rate = RATE
            frame.pts, frame.time_base = self._given, Fraction(1, RATE)
            self._given += count
            yield from self._packets(frame)

    def finish(self) -> Iterator[SoundPacket]:
        """The last packets."""
        yield from self._packets(None)

    def _packets(self, frame: "av.AudioFrame | None") -> Iterator[SoundPacket]:
        for packet in self.stream.encode(frame):
            yield SoundPacket(bytes(packet), self._origin_ns, packet.pts or 0, packet.duration or 0)
