"""A clock that tests move by hand."""

import asyncio
import heapq
from collections.abc import Callable

from presets_store.clock import RELEASE_EPOCH, ClockQuality


class ManualClock:
    """Starts an hour after the release; `advance` wakes whoever sleeps until then."""

    def __init__(self, now: float = RELEASE_EPOCH + 3600, quality: ClockQuality = ClockQuality.SYNCHRONISED) -> None:
        self.wall = now
        self.mono = 1000.0
        self.declared = quality
        self.slept: list[float] = []
        """Seconds that were asked for, sleep after sleep."""
        self._sleepers: list[tuple[float, int, asyncio.Event | ManualTimer]] = []
        self._number = 0

    def now(self) -> float:
        return self.wall

    def monotonic(self) -> float:
        return self.mono

    def quality(self) -> ClockQuality:
        return self.declared

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        self.slept.append(seconds)
        wake = asyncio.Event()
        self._at(seconds, wake)
        await wake.wait()

    def call_later(self, seconds: float, function: Callable[[], None]) -> "ManualTimer":
        timer = ManualTimer(function)
        self._at(seconds, timer)
        return timer

    def _at(self, seconds: float, sleeper: "asyncio.Event | ManualTimer") -> None:
        self._number += 1
        heapq.heappush(self._sleepers, (self.mono + seconds, self._number, sleeper))

    def advance(self, seconds: float) -> None:
        """Time passes."""
        self.wall += seconds
        self.mono += seconds
        while self._sleepers and self._sleepers[0][0] <= self.mono:
            heapq.heappop(self._sleepers)[2].set()


class ManualTimer:
    """A call that `advance` makes."""

    def __init__(self, function: Callable[[], None]) -> None:
        self._function = function
        self._cancelled = False

    def cancel(self) -> None:
        self._cancelled = True

    def set(self) -> None:
        """Its time has come."""
        if not self._cancelled:
            self._function()
