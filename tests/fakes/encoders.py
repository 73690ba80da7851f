"""Entries of the table of encoders that misbehave."""

import time
from collections.abc import Callable, Sequence

import av

from hardware.models import Codec
from hardware.pipeline.encoders import CANDIDATES, Candidate, Coded, Encoding
from hardware.pipeline.recipe import Recipe
from hardware.pipeline.shaping import Shaped

X264 = next(candidate for candidate in CANDIDATES if candidate.name == "libx264")


def slow_encoder(seconds: float) -> Candidate:
    """libx264, only slower by that much a picture."""
    return wrapped("slow", lambda: time.sleep(seconds))


def wrapped(name: str, before: Callable[[], None]) -> Candidate:
    """libx264, only that `before` is called for each picture."""

    class Wrapped:
        def __init__(self, recipe: Recipe) -> None:
            self._inner = X264.create(recipe)

        def encode(self, shaped: Shaped, pts: int) -> Sequence[Coded]:
            before()
            return self._inner.encode(shaped, pts)

    return Candidate(name, Codec.H264, Wrapped)


class BrokenEncoder:
    """A hardware encoder that holds back `delay` pictures, and fails with the first after `good` of them; -1: never."""

    def __init__(self, good: int = 0, delay: int = 0, hardware: bool = False) -> None:
        self.good = good
        self.delay = delay
        self.hardware = hardware
        self.created = 0

    def candidate(self) -> Candidate:
        return Candidate("h264_broken", Codec.H264, self._create, hardware=self.hardware)

    def _create(self, recipe: Recipe) -> Encoding:
        self.created += 1
        return _Breaking(X264.create(recipe), self)


class _Breaking:
    def __init__(self, inner: Encoding, plan: BrokenEncoder) -> None:
        self._inner = inner
        self._plan = plan
        self._given = 0
        self._held: list[Coded] = []

    def encode(self, shaped: Shaped, pts: int) -> Sequence[Coded]:
        if self._given == self._plan.good:
            raise av.FFmpegError(5, "the driver gave up")
        self._given += 1
        self._held += self._inner.encode(shaped, pts)
        ready = max(0, len(self._held) - self._plan.delay)
        coded, self._held = self._held[:ready], self._held[ready:]
        return coded
