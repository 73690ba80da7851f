"""How long to wait before the next try."""

import random

BASE_SECONDS = 1.0
CAP_SECONDS = 60.0


def delay(failures: int, jitter: float) -> float:
    """Seconds to wait after `failures` failures in a row; `jitter` in 0..1 spreads a fleet over half the span."""
    span = min(CAP_SECONDS, BASE_SECONDS * 2.0 ** min(failures - 1, 16))
    return span * (0.5 + jitter / 2)


def spread_delay(failures: int) -> float:
    """As `delay`, at a place of the span that differs from device to device."""
    return delay(failures, random.random())  # noqa: S311  # spread, not secrecy
