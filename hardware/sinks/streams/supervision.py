"""When a stream connects, is given up and connects again. Pure: the time is given."""

from dataclasses import dataclass, replace
from typing import Literal, Self

from hardware.backoff import retry_delay

CONNECT_TIMEOUT = 10.0
"""Seconds within which a connection must take its first frame."""

STALL_TIMEOUT = 10.0
"""Seconds without any progress after which a connection that has something to send is given up."""

FIRST_DELAY = 1.0
LONGEST_DELAY = 30.0

HEALTHY_AFTER = 30.0
"""A connection that was live for so many seconds starts the backoff anew."""

State = Literal["connecting", "live", "waiting"]


@dataclass(frozen=True, slots=True)
class Supervision:
    """Connecting -> live -> waiting -> connecting and so on, without limit. Times in seconds of one clock.

    `since` is when the state began, or the connection; from `moved` on something waits to go through. `attempts` counts
    connections tried, `failures` those in a row; `reason` says why the last one ended.
    """

    state: State = "connecting"
    since: float = 0.0
    moved: float = 0.0
    until: float = 0.0
    attempts: int = 0
    failures: int = 0
    reason: str = ""

    def connect(self, now: float) -> Self:
        """A connection is wanted: at the start, after a pause, or at once because the stream has changed."""
        return replace(self, state="connecting", since=now)

    def begun(self, now: float) -> Self:
        """The connection is tried now: there is something to send."""
        return replace(self, state="connecting", since=now, moved=now, attempts=self.attempts + 1)

    def waits(self, now: float) -> Self:
        """The first picture is under way after all before went through."""
        return replace(self, moved=now)

    def delivered(self, now: float) -> Self:
        """Something went through."""
        if self.state == "live":
            return replace(self, moved=now)
        return replace(self, state="live", since=now, moved=now, reason="")

    def failed(self, now: float, reason: str) -> Self:
        """The connection is over; the next one after a pause that doubles with each failure in a row."""
        healthy = self.state == "live" and now - self.since >= HEALTHY_AFTER
        failures = 1 if healthy else self.failures + 1
        delay = retry_delay(failures, first=FIRST_DELAY, cap=LONGEST_DELAY)
        return replace(self, state="waiting", since=now, until=now + delay, failures=failures, reason=reason)

    def changed(self, now: float) -> Self:
        """The stream has another form, which needs another connection: at once, but not again and again."""
        healthy = self.state == "live" and now - self.since >= HEALTHY_AFTER
        if healthy or self.failures == 0:
            return replace(self.connect(now), failures=1)
        return self.failed(now, "the camera's stream took another form, and not for the first time")

    def is_due(self, now: float) -> bool:
        """Whether the pause is over."""
        return self.state == "waiting" and now >= self.until

    def overdue(self, now: float, *, waits: bool) -> str:
        """Why the connection is to be given up now; empty while it is not. `waits`: pictures are under way."""
        if self.state == "connecting" and now - self.since >= CONNECT_TIMEOUT:
            return f"no connection within {CONNECT_TIMEOUT:g} s"
        if self.state == "live" and waits and now - self.moved >= STALL_TIMEOUT:
            return f"nothing went through for {STALL_TIMEOUT:g} s"
        return ""
