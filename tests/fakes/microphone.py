"""A microphone that delivers in real time, at the driver's edge: silence, with beeps at moments that the test knows."""

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
from fakes.alsa import tone

from hardware.audio.microphone import Microphone
from hardware.errors import MicrophoneFailed

RATE = 48_000
BLOCK = RATE // 50
BEEP_EVERY_NS = 500_000_000
BEEP_NS = 100_000_000
_FADE = 0.06


class FakeMicrophone:
    """`device` may be broken, or taken away, by the test."""

    def __init__(self) -> None:
        self.broken = False

    def create(self, device: str) -> Microphone:
        return Microphone(device, self.open, longest_delay=0.05)

    @contextmanager
    def open(self, device: str) -> Iterator[Iterator[bytes]]:
        if self.broken:
            raise MicrophoneFailed(device=device, reason="No such device")
        yield self._blocks(device)

    def _blocks(self, device: str) -> Iterator[bytes]:
        loud = np.frombuffer(tone(0, BLOCK), "<i2")
        began_ns = time.monotonic_ns()
        for number in itertools.count():
            start_ns = began_ns + number * BLOCK * 1_000_000_000 // RATE
            times = start_ns + np.arange(BLOCK) * (1_000_000_000 // RATE)
            time.sleep(max(0.0, (start_ns - time.monotonic_ns()) / 1e9 + BLOCK / RATE))
            if self.broken:
                raise MicrophoneFailed(device=device, reason="it was unplugged")
            yield np.where(times % BEEP_EVERY_NS < BEEP_NS, loud, 0).astype("<i2").tobytes()


def beep_starts(path: Path) -> list[float]:
    """When beeps begin, in seconds after the file's first picture; a decoder fades its first moments in: not there."""
    with av.open(str(path)) as file:
        video = next(packet for packet in file.demux(video=0) if packet.size)
        first = float((video.pts or 0) * (video.time_base or 0))
    with av.open(str(path)) as file:
        return [start for start in _starts(file.decode(audio=0), first) if start > _FADE]


def _starts(frames: Iterator[av.AudioFrame], first: float) -> Iterator[float]:
    loud = True  # one that is under way at the beginning has no start here
    for frame in frames:
        levels = np.abs(frame.to_ndarray()[0].astype(np.float64))
        levels = levels / 32768 if frame.format.name.startswith("s16") else levels
        for part in range(0, len(levels) - 47, 48):
            now = bool(levels[part : part + 48].max() > 0.15)
            if now and not loud:
                yield float((frame.pts or 0) * (frame.time_base or 0)) - first + part / RATE
            loud = now


def sound_seconds(path: Path) -> float:
    """How much sound is in a file."""
    with av.open(str(path)) as file:
        return sum(frame.samples for frame in file.decode(audio=0)) / RATE
