"""Sound on its way from a microphone to a file."""

from dataclasses import dataclass
from typing import Protocol

RATE = 48_000
"""Samples per second, everywhere."""

SAMPLE_BYTES = 2
"""Signed, 16 bits, little-endian, one channel."""

NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Sound:
    """A block of samples; the first one was taken at `mono_ns`."""

    samples: bytes
    mono_ns: int


@dataclass(frozen=True, slots=True)
class SoundPacket:
    """One encoded packet of `count` samples. The first was taken `position` samples after `origin_ns`.

    `position` is below 0 for what an encoder puts before the first sample.
    """

    data: bytes
    origin_ns: int
    position: int
    count: int

    @property
    def mono_ns(self) -> int:
        """When its first sample was taken."""
        return self.origin_ns + length_ns(self.position)

    def samples_after(self, mono_ns: int) -> int:
        """How many samples after the moment `mono_ns` it begins; packets that follow each other fit exactly."""
        return round((self.origin_ns - mono_ns) * RATE / NS) + self.position


def length_ns(count: int) -> int:
    """How long `count` samples last."""
    return count * NS // RATE


class Listener(Protocol):
    """Hears a microphone, in its thread: neither method may wait."""

    def hear(self, sound: Sound) -> None:
        """The next block."""
        ...

    def lose(self, reason: str) -> None:
        """The microphone does not work, now; `hear` tells when it does again."""
        ...
