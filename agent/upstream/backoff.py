"""How long to wait before the next try."""

import random

from agent.errors import UpstreamError, UpstreamRefused
from presets_store.clock import Clock
from presets_store.errors import CuelightError

BASE_SECONDS = 1.0
CAP_SECONDS = 60.0
REFUSED_KEY_SECONDS = 300.0
"""After a refusal of the key or the time nothing is asked for so long, unless the key is replaced."""


def delay(failures: int, jitter: float) -> float:
    """Seconds to wait after `failures` failures in a row; `jitter` in 0..1 spreads a fleet over half the span."""
    span = min(CAP_SECONDS, BASE_SECONDS * 2.0 ** min(failures - 1, 16))
    return span * (0.5 + jitter / 2)


def spread_delay(failures: int) -> float:
    """As `delay`, at a place of the span that differs from device to device."""
    return delay(failures, random.random())  # noqa: S311  # spread, not secrecy


def wait_after(error: CuelightError, failures: int) -> float:
    """Seconds to wait after `error`, the last of `failures` in a row: what the upstream asks for, and some more."""
    asked = error.pause if isinstance(error, UpstreamError) else 0.0
    return asked + spread_delay(1 if asked else failures)


class Gate:
    """Holds back the requests to one upstream for as long as that asked for."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._refused: UpstreamRefused | None = None
        self._until = 0.0

    def shut(self, refused: UpstreamRefused) -> None:
        """Until `refused.pause` seconds are over."""
        self._refused, self._until = refused, self._clock.monotonic() + refused.pause

    def open(self) -> None:
        """Something is different now: the key, say."""
        self._refused = None

    def check(self) -> None:
        """Raises UpstreamRefused, with the pause that is left, while it is shut."""
        left = self._until - self._clock.monotonic()
        if self._refused is not None and left > 0:
            again = UpstreamRefused(**self._refused.fields)
            again.pause = left
            raise again
