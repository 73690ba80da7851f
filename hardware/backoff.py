"""How long to wait before the next try of something that failed."""


def retry_delay(failures: int, *, first: float, cap: float) -> float:
    """Seconds to wait after `failures` failures in a row (1 or more): doubles from `first` up to `cap`."""
    doublings = min(max(failures, 1) - 1, 30)
    return float(min(cap, first * 2**doublings))
