"""Wall time from the `Date` of a server's answers: pure, the moments are given."""

from dataclasses import dataclass

SLOWEST = 10.0
"""Seconds; an answer that took longer says too little about the time."""
SLACK = 5.0
"""Seconds by which a date may be below the last time known: that one was not more certain."""
RESOLUTION = 1.0
"""Seconds; a `Date` has no fraction."""
DRIFT = 200e-6
"""By how much a cheap oscillator may be off, in seconds per second."""
AGREEING = 3
"""So many answers in a row that agree with each other overrule what was believed before."""


@dataclass(frozen=True, slots=True)
class Span:
    """Between what the offset (wall minus monotonic time, s) is for certain, as of the monotonic moment `at`."""

    low: float
    high: float
    at: float

    @property
    def middle(self) -> float:
        return (self.low + self.high) / 2

    def meet(self, newer: "Span") -> "Span | None":
        """What both allow, this one widened by the drift since; None when they contradict each other."""
        drift = DRIFT * max(0.0, newer.at - self.at)
        low, high = max(self.low - drift, newer.low), min(self.high + drift, newer.high)
        return Span(low, high, newer.at) if low <= high else None


class ServerDates:
    """The offset that the answers so far amount to.

    The first plausible answer counts at once, else a box could not begin to talk. Later ones narrow it down to less
    than a second. One that contradicts what is believed changes nothing, until AGREEING in a row say the same.
    """

    def __init__(self, offset: float | None = None, at: float = 0.0) -> None:
        self.offset = offset
        self._span = None if offset is None else Span(offset - RESOLUTION, offset + RESOLUTION, at)
        self._rival: Span | None = None
        self._agreeing = 0

    @property
    def error(self) -> float:
        """By how much (s) the offset may be off, if the server is right; 0 without one."""
        if self.offset is None or self._span is None:
            return 0.0
        return max(self._span.high - self.offset, self.offset - self._span.low)

    def take(self, date: float, round_trip: float, now: float, *, least: float, latest: float) -> None:
        """An answer with this `date` (epoch s) came at the monotonic moment `now`, `round_trip` s after its request.

        `least` and `latest` (epoch s): wall time is not below and not above that at `now`, whatever a server says.
        """
        if not 0.0 <= round_trip <= SLOWEST or not least - SLACK <= date + RESOLUTION + round_trip or date > latest:
            return
        span = Span(date - now, date + RESOLUTION + round_trip - now, now)
        if self._span is None or self.offset is None:
            self._believe(span)
            return
        both = self._span.meet(span)
        if both is None:
            self._doubt(span)
            return
        self._span, self._rival = both, None
        self.offset = min(max(self.offset, both.low), both.high)  # moved no further than it must be

    def _doubt(self, span: Span) -> None:
        met = self._rival.meet(span) if self._rival else None
        self._agreeing = self._agreeing + 1 if met else 1
        self._rival = met or span
        if self._agreeing >= AGREEING:
            self._believe(self._rival)

    def _believe(self, span: Span) -> None:
        self._span, self._rival, self.offset = span, None, span.middle
