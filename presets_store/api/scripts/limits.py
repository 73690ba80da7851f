"""How many inbound events a sender may tell in a time."""

import math
from dataclasses import dataclass
from typing import Final

from presets_store.clock import Clock
from presets_store.errors import CuelightError, Kind

_SENDERS: Final = 1000


class TooManyInboundEvents(CuelightError):
    """The sender tells of more than it may."""

    code = "too_many_inbound_events"
    kind = Kind.LIMITED
    template = "{who} tells of too many events: try again in {retry_after} s."


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_second` in the long run, `burst` at once."""

    per_second: float
    burst: float


EVENTS: Final = Rate(200, 2_000)
BYTES: Final = Rate(8 * 1024 * 1024, 64 * 1024 * 1024)


class InboundLimits:
    """Of each sender apart, in this process. Of many senders those that told something last are known."""

    def __init__(self, clock: Clock, events: Rate = EVENTS, of_bytes: Rate = BYTES) -> None:
        self._clock = clock
        self._rates = (events, of_bytes)
        self._used: dict[str, tuple[float, tuple[float, float]]] = {}

    def take(self, who: str, size: int) -> None:
        """Counts one event of `size` bytes. Raises TooManyInboundEvents, and counts nothing, when it is too much."""
        now = self._clock.monotonic()
        then, used = self._used.pop(who, (now, (0.0, 0.0)))
        left = [max(0.0, each - (now - then) * rate.per_second) for each, rate in zip(used, self._rates, strict=True)]
        after = (left[0] + 1, left[1] + size)
        wait = max((each - rate.burst) / rate.per_second for each, rate in zip(after, self._rates, strict=True))
        self._used[who] = (now, (left[0], left[1]) if wait > 0 else after)
        if len(self._used) > _SENDERS:
            del self._used[next(iter(self._used))]
        if wait > 0:
            raise TooManyInboundEvents(who=repr(who), retry_after=math.ceil(wait))
