"""How often somebody may be wrong: per address and what was tried, so that nobody can lock out another's device."""

import ipaddress
import math
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Final

from presets_store.api.people.errors import TooManyFailures
from presets_store.clock import Clock
from presets_store.errors import CuelightError

WINDOW: Final = 60.0
"""Seconds in which failures are counted, and until the end of which more is refused."""
CAPACITY: Final = 20_000
"""Counts kept, at most some 10 MB. With one more the oldest is forgotten, which is over soonest anyway."""


class Tried(Enum):
    """What somebody was wrong about, as it is told, and how often in the window it may be."""

    KEY = ("signatures", 10)
    UNKNOWN_KEY = ("access keys", 10)
    USER = ("passwords", 10)
    ANY_USER = ("passwords", 30)
    SESSION = ("session tokens", 30)
    ENROLMENT = ("enrolment tokens", 10)
    MEDIA = ("media tokens", 10)

    def __init__(self, told: str, limit: int) -> None:
        self.told = told
        self.limit = limit


_Place = tuple[str, Tried, str]
"""Address, what, and which one ("": all of them together)."""


class FailureLimits:
    """Counts failures in this process, by the monotonic clock. Peers on the Unix socket (address "") are not."""

    def __init__(self, clock: Clock, *, capacity: int = CAPACITY) -> None:
        self._clock = clock
        self._capacity = capacity
        self._counts: dict[_Place, tuple[float, int]] = {}

    def check(self, address: str, tried: Tried, which: str = "") -> None:
        """Raises TooManyFailures while the limit is reached."""
        began, count = self._counts.get((_neighbourhood(address), tried, which), (0.0, 0))
        left = began + WINDOW - self._clock.monotonic()
        if count >= tried.limit and left > 0:
            raise TooManyFailures(what=tried.told, retry_after=math.ceil(left))

    def failed(self, address: str, tried: Tried, which: str = "") -> None:
        """Counts a failure."""
        if not address:
            return
        place, now = (_neighbourhood(address), tried, which), self._clock.monotonic()
        began, count = self._counts.get(place, (now, 0))
        if now >= began + WINDOW:
            began, count = now, 0
        if not count:  # a new count is the newest, so that order of insertion is order of age
            self._counts.pop(place, None)
            self._make_room(now)
        self._counts[place] = (began, count + 1)

    def refused(self, address: str, tried: Tried) -> None:
        """Counts a failure about something that does not exist, and raises TooManyFailures once there were too many."""
        self.check(address, tried)
        self.failed(address, tried)

    @contextmanager
    def guess(
        self, address: str, refusals: tuple[type[CuelightError], ...], *places: tuple[Tried, str]
    ) -> Iterator[None]:
        """A try that takes its time, counted from its beginning, so that many at once are not more than one by one.

        It stays counted when it ends as one of the `refusals`, or when who tries goes away. Raises TooManyFailures.
        """
        for tried, which in places:
            self.check(address, tried, which)
        for tried, which in places:
            self.failed(address, tried, which)
        try:
            yield
        except refusals:
            raise
        except CuelightError:
            self._forgive(address, places)
            raise
        else:
            self._forgive(address, places)

    def _forgive(self, address: str, places: tuple[tuple[Tried, str], ...]) -> None:
        for tried, which in places:
            place = (_neighbourhood(address), tried, which)
            began, count = self._counts.get(place, (0.0, 0))
            if count > 1:
                self._counts[place] = (began, count - 1)
            else:
                self._counts.pop(place, None)

    def _make_room(self, now: float) -> None:
        while self._counts:
            oldest = next(iter(self._counts))
            if len(self._counts) < self._capacity and self._counts[oldest][0] + WINDOW > now:
                return
            del self._counts[oldest]


def _neighbourhood(address: str) -> str:
    """An IPv6 network of 64 bits is one subscriber's."""
    if ":" not in address:
        return address
    return str(ipaddress.IPv6Network((address, 64), strict=False))
