"""Sequence numbers and time stamps that always advance, made of what drivers really deliver. Pure."""

from hardware.v4l2.capture import RawFrame

_WRAP = 1 << 32
_BACKWARDS = 1 << 31
_OLDEST_NS = 10_000_000_000
_EARLY_NS = 50_000_000


class SequenceCounter:
    """Unwraps the driver's 32-bit count.

    A driver that repeats a number or starts again (some always say 0) is counted for: plus one for each frame.
    """

    def __init__(self) -> None:
        self._last: int | None = None
        self._number = 0
        self.missed = 0

    def advance(self, driver: int) -> int:
        """The frame's number; `driver` is its 32-bit sequence. The first frame keeps the driver's own number.

        `missed` sums up the numbers left out so far.
        """
        if self._last is None:
            self._number = driver
        else:
            step = (driver - self._last) % _WRAP
            step = step if 0 < step < _BACKWARDS else 1
            self._number += step
            self.missed += step - 1
        self._last = driver
        return self._number


class StampKeeper:
    """Capture times in nanoseconds of CLOCK_MONOTONIC, strictly rising.

    The driver's stamp is taken when it is of that clock and plausible (not ahead of the arrival, at most 10 s old,
    later than the one before); else the arrival time, and `notes` says so and how often.
    """

    def __init__(self) -> None:
        self._last = 0
        self.notes: dict[str, int] = {}

    def stamp(self, frame: RawFrame) -> int:
        """The frame's capture time."""
        chosen = frame.arrival_ns
        if frame.stamp_ns is None:
            self._count("the driver's clock is not monotonic")
        elif not self._plausible(frame.stamp_ns, frame.arrival_ns):
            self._count("the driver's time stamps are implausible")
        else:
            chosen = frame.stamp_ns
        self._last = max(chosen, self._last + 1)
        return self._last

    def _plausible(self, stamp: int, arrival: int) -> bool:
        return self._last < stamp and arrival - _OLDEST_NS <= stamp <= arrival + _EARLY_NS

    def _count(self, reason: str) -> None:
        self.notes[reason] = self.notes.get(reason, 0) + 1
