"""How long to wait before the next try: pure."""

BASE_SECONDS = 1.0
CAP_SECONDS = 60.0


def delay(failures: int, jitter: float) -> float:
    """Seconds to wait after `failures` failures in a row; `jitter` in 0..1 spreads a fleet over half the span."""
    span = min(CAP_SECONDS, BASE_SECONDS * 2.0 ** min(failures - 1, 16))
    return span * (0.5 + jitter / 2)
