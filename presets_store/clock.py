"""Time as the rest of the program sees it: injected, with its quality.

Durations and deadlines use `monotonic()`; wall time is for display, schedules and signatures only.
"""

import asyncio
import ctypes
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Protocol, runtime_checkable

from presets_store.server_dates import ServerDates

RELEASE_EPOCH = 1_795_392_000.0
"""Wall time (s) before which a clock is certainly wrong: the day of this release, 2026-11-23."""
LATEST_EPOCH = RELEASE_EPOCH + 20 * 365.25 * 86_400
"""Wall time (s) that no server is believed to have reached."""

SYNCHRONISED = (Path("/run/systemd/timesync/synchronized"), Path("/run/cuelight-clock/synchronised"))
"""Which systemd-timesyncd makes, or cuelight-clock.service beside any other time source, once the clock is right."""

_LIBC = ctypes.CDLL(None)
_REFUSED = -1
_TIME_ERROR = 5
_STA_UNSYNC = 0x0040
_TIMEX_BYTES = 256
_TIMEX_STATUS_WORD = 10
_ASK_EVERY = 1.0
"""Seconds between two looks at the kernel's clock state; every event asks for it."""
_COMPARISONS = 3
"""Looks at two clocks, of which the quickest counts: a process may be kept waiting between the two."""
_HELD = 5.0
"""Seconds; a clock that goes back by no more than that stands still until its time has come again."""


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

    @property
    def rank(self) -> int:
        """The better, the higher."""
        return tuple(ClockQuality).index(self)


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


@runtime_checkable
class HearsDates(Clock, Protocol):
    """A clock that learns from what servers say, and knows its own offset."""

    def heard(self, date: float, round_trip: float) -> None:
        """A server's answer, which has just come, has this `Date` (epoch s); its request was sent `round_trip` s ago.

        To be called in the event loop's thread. The better time, if it is one, holds when this returns.
        """
        ...

    def offset(self) -> float:
        """Wall time minus monotonic time, in seconds, at this moment."""
        ...


def offset_of(clock: Clock) -> float:
    """Wall time minus monotonic time of any clock, in seconds."""
    return clock.offset() if isinstance(clock, HearsDates) else clock.now() - clock.monotonic()


def micros(epoch: float) -> int:
    """Epoch seconds as the integer microseconds that storage keeps."""
    return round(epoch * 1_000_000)


def kernel_synchronised() -> bool:
    """Whether the kernel's clock is disciplined by a time source (adjtimex(2), read-only call).

    A sandbox that protects the clock refuses even this call: then the files of SYNCHRONISED tell.
    """
    timex = (ctypes.c_int * (_TIMEX_BYTES // 4))()
    state = int(_LIBC.adjtimex(ctypes.byref(timex)))
    if state == _REFUSED:
        return any(file.exists() for file in SYNCHRONISED)
    return state != _TIME_ERROR and not timex[_TIMEX_STATUS_WORD] & _STA_UNSYNC


class SystemClock:
    """The machine's clock.

    `floor` (epoch s): `now()` never answers below it, and goes on from it while the machine's clock is behind, until
    that is set. `known`: it is a time that this device has seen, and not only the day of the release. `least` (epoch
    s) is the same for as long as nobody knows better. `trusted`: an operator vouches for the machine's clock (an RTC
    with a battery); else the kernel is asked whether it is synchronised. A clock that once was stays so: without its
    time source it is off by some seconds a day.

    While it is not, the dates of a server count (`heard`); `told` is the offset that they gave earlier in this boot.
    """

    def __init__(
        self,
        *,
        floor: float = RELEASE_EPOCH,
        known: bool = False,
        trusted: bool = False,
        least: float = 0.0,
        told: float | None = None,
    ) -> None:
        self._known = known
        self._trusted = trusted
        self._floor = floor
        self._least = least
        self._started = self._asked = time.monotonic()
        self._dates = ServerDates(told, self._started)
        self._quality = self._look()
        self._shown = 0.0
        self.stepped: Callable[[], None] = _nobody_waits
        """Called when a server's date has changed the time or its quality."""

    def now(self) -> float:
        now = self._reading()
        if now < self._shown <= now + _HELD:
            return self._shown
        self._shown = now
        return now

    def monotonic(self) -> float:
        return time.monotonic()

    def quality(self) -> ClockQuality:
        now = time.monotonic()
        if now >= self._asked + _ASK_EVERY:
            self._asked = now
            self._quality = self._look()
        return self._quality

    def offset(self) -> float:
        return min(self._compared() for _ in range(_COMPARISONS))[1]

    @property
    def error(self) -> float:
        """By how much (s) a time that a server told may be off; 0 when it comes from elsewhere."""
        return self._dates.error if self.quality() is ClockQuality.UPSTREAM else 0.0

    def heard(self, date: float, round_trip: float) -> None:
        before = self._quality = self._look()
        if before is ClockQuality.SYNCHRONISED:
            return
        told = self._dates.offset
        self._dates.take(date, round_trip, time.monotonic(), least=self._lowest(), latest=LATEST_EPOCH)
        self._quality = self._look()
        if self._quality is not before or self._dates.offset != told:
            self.stepped()

    def _compared(self) -> tuple[float, float]:
        """How long it took to look at both clocks, and by how much they differ."""
        before = time.monotonic()
        reading = self._reading()
        took = time.monotonic() - before
        return took, reading - before - took / 2

    def _reading(self) -> float:
        """Wall time as it is known; unlike `now()` it may go back a little when that becomes better known."""
        passed = time.monotonic() - self._started
        if self._quality is ClockQuality.SYNCHRONISED:
            return max(time.time(), self._floor + passed)
        if self._dates.offset is not None:
            return max(time.monotonic() + self._dates.offset, self._floor + passed)
        return max(time.time(), max(self._floor, self._least) + passed)

    def _lowest(self) -> float:
        """The floor, and the time since it was taken."""
        return self._floor + time.monotonic() - self._started

    def _look(self) -> ClockQuality:
        if time.time() >= self._lowest() and (self._trusted or kernel_synchronised()):
            self._trusted = True
            return ClockQuality.SYNCHRONISED
        if self._dates.offset is not None:
            return ClockQuality.UPSTREAM
        return ClockQuality.FLOOR if self._known else ClockQuality.UNSET

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def call_later(self, seconds: float, function: Callable[[], None]) -> Timer:
        return asyncio.get_running_loop().call_later(seconds, function)


def _nobody_waits() -> None:
    """Before anybody wants to hear of steps."""
