"""Time as the rest of the program sees it: injected, with its quality.

Durations and deadlines use `monotonic()`; wall time is for display, schedules and signatures only.
"""

import asyncio
import ctypes
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

RELEASE_EPOCH = 1_795_392_000.0
"""Wall time (s) before which a clock is certainly wrong: the day of this release, 2026-11-23."""

_LIBC = ctypes.CDLL(None)
_TIME_ERROR = 5
_STA_UNSYNC = 0x0040
_TIMEX_BYTES = 256
_TIMEX_STATUS_WORD = 10
_ASK_EVERY = 1.0
"""Seconds between two looks at the kernel's clock state; every event asks for it."""


class ClockQuality(StrEnum):
    """How far wall time can be trusted; kept with every clip and event."""

    UNSET = "unset"
    FLOOR = "floor"
    UPSTREAM = "upstream"
    SYNCHRONISED = "synchronised"

    @property
    def trusted(self) -> bool:
        """True when deadlines in wall time (expiry, signature window) may be applied."""
        return self in (ClockQuality.UPSTREAM, ClockQuality.SYNCHRONISED)


class Timer(Protocol):
    """A call that is to come."""

    def cancel(self) -> None:
        """It is not to come any more; harmless when it has."""
        ...


class Clock(Protocol):
    """What every component takes instead of calling `time`."""

    def now(self) -> float:
        """Wall time, Unix epoch seconds, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary origin; never runs backwards within a boot."""
        ...

    def quality(self) -> ClockQuality:
        """How far `now()` can be trusted at this moment."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Waits by the monotonic clock."""
        ...

    def call_later(self, seconds: float, function: Callable[[], None]) -> Timer:
        """Has the running event loop call `function` after `seconds` by the monotonic clock."""
        ...


def micros(epoch: float) -> int:
    """Epoch seconds as the integer microseconds that storage keeps."""
    return round(epoch * 1_000_000)


def kernel_synchronised() -> bool:
    """Whether the kernel's clock is disciplined by a time source (adjtimex(2), read-only call)."""
    timex = (ctypes.c_int * (_TIMEX_BYTES // 4))()
    state = int(_LIBC.adjtimex(ctypes.byref(timex)))
    return state not in (-1, _TIME_ERROR) and not timex[_TIMEX_STATUS_WORD] & _STA_UNSYNC


class SystemClock:
    """The machine's clock.

    `floor` (epoch s): `now()` never answers below it, and goes on from it while the machine's clock is behind, until
    that is set. `known`: it is a time that this device has seen, and not only the day of the release. `trusted`: an
    operator vouches for the machine's clock (an RTC with a battery); else the kernel is asked whether it is
    synchronised. A clock that once was stays so: without its time source it is off by some seconds a day.
    """

    def __init__(self, *, floor: float = RELEASE_EPOCH, known: bool = False, trusted: bool = False) -> None:
        self._known = known
        self._trusted = trusted
        self._floor = floor
        self._started = self._asked = time.monotonic()
        self._quality = self._look()

    def now(self) -> float:
        return max(time.time(), self._lowest())

    def monotonic(self) -> float:
        return time.monotonic()

    def quality(self) -> ClockQuality:
        now = time.monotonic()
        if now >= self._asked + _ASK_EVERY:
            self._asked = now
            self._quality = self._look()
        return self._quality

    def _lowest(self) -> float:
        """The floor, and the time since it was taken."""
        return self._floor + time.monotonic() - self._started

    def _look(self) -> ClockQuality:
        if time.time() >= self._lowest() and (self._trusted or kernel_synchronised()):
            self._trusted = True
            return ClockQuality.SYNCHRONISED
        return ClockQuality.FLOOR if self._known else ClockQuality.UNSET

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def call_later(self, seconds: float, function: Callable[[], None]) -> Timer:
        return asyncio.get_running_loop().call_later(seconds, function)
