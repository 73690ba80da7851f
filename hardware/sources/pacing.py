"""When a picture is due, for sources without a camera's own clock."""

import time
from collections.abc import Callable
from fractions import Fraction

_NS = 1_000_000_000


class Pacer:
    """The schedule `start + index / rate`, computed exactly: it does not drift and does not follow wall time.

    `monotonic_ns` and `sleep` (seconds) stand for the machine's clock; tests give their own.
    """

    def __init__(
        self, monotonic_ns: Callable[[], int] = time.monotonic_ns, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._monotonic_ns = monotonic_ns
        self._sleep = sleep
        self._rate = Fraction(1)
        self._start_ns = 0

    def start(self, rate: Fraction) -> None:
        """Picture 0 is due now, the others `rate` a second."""
        self._rate = rate
        self._start_ns = self._monotonic_ns()

    def due_ns(self, index: int) -> int:
        """CLOCK_MONOTONIC nanoseconds at which picture `index` is due."""
        return self._start_ns + index * _NS * self._rate.denominator // self._rate.numerator

    def wall_at(self, mono_ns: int, wall_now_ns: int) -> int:
        """Wall time (ns) of the moment `mono_ns`, when it is `wall_now_ns` now."""
        return wall_now_ns - (self._monotonic_ns() - mono_ns)

    def wait_for(self, index: int, timeout: float) -> bool:
        """Sleeps until picture `index` is due, at most `timeout` seconds; False when it is not due by then."""
        due_ns = self.due_ns(index)
        until_ns = min(due_ns, self._monotonic_ns() + max(0, round(timeout * _NS)))
        while (left_ns := until_ns - self._monotonic_ns()) > 0:
            self._sleep(left_ns / _NS)
        return due_ns <= until_ns
