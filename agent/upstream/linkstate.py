"""Whether the upstream can be reached now, for whoever wants to know or waits for it."""

import logging
from dataclasses import dataclass

from presets_store.clock import Clock
from presets_store.rules.startup import LinkState
from presets_store.services.wakeups import Signal, any_signalled

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LinkNow:
    """`since`: monotonic seconds, by the clock of the `LinkWatch`. `reason`: for people, "" while it is reached."""

    state: LinkState
    since: float
    reason: str = ""


class LinkWatch:
    """The session notes here what it meets; each change is told in the log, once.

    `changed` is set with each change of `now`, for the one task that keeps the mode: it clears it before each look.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._resumed = Signal()
        self.resumptions = 0
        """How often pauses were ended; whoever takes note of it before an attempt misses none that comes meanwhile."""
        self.changed = Signal()
        self.now = LinkNow(LinkState.UNKNOWN, clock.monotonic())

    def since(self) -> float:
        """Wall time (s) of the last change, by the clock as it is now."""
        return self._clock.now() - (self._clock.monotonic() - self.now.since)

    def reached(self) -> None:
        """The upstream has answered as it should."""
        self._note(LinkState.REACHED, "")

    def unreachable(self, reason: str) -> None:
        """It did not answer, or somebody else did."""
        self._note(LinkState.UNREACHABLE, reason)

    def refused(self, reason: str) -> None:
        """It answered, and does not let this device in."""
        self._note(LinkState.REFUSED, reason)

    def resume(self) -> None:
        """Ends all pauses: something is different now."""
        self.resumptions += 1
        self._resumed.set()
        self._resumed.clear()

    async def pause(self, seconds: float, known: int) -> None:
        """Waits so long by the monotonic clock, or until there is a reason to try again at once.

        `known`: `resumptions` as it was before what failed, for that reason may have come by now.
        """
        if known == self.resumptions:
            await any_signalled((self._resumed,), self._clock, seconds)

    def _note(self, state: LinkState, reason: str) -> None:
        before, self.now = self.now, LinkNow(state, self._clock.monotonic(), reason)
        if state is before.state:
            self.now = LinkNow(state, before.since, reason)
            if reason == before.reason:
                return
        else:
            self._tell(before.state)
        self.changed.set()
        if state is LinkState.REACHED:
            self.resume()

    def _tell(self, before: LinkState) -> None:
        if self.now.state is LinkState.REACHED:
            logger.info("the upstream is reached")
        else:
            level = logging.ERROR if self.now.state is LinkState.REFUSED else logging.WARNING
            logger.log(level, "the upstream is %s: %s", self.now.state, self.now.reason, extra={"before": before})
