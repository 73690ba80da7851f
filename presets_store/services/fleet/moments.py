"""Dates that peers give, as far as they can be gone by. All results in microseconds since the epoch."""

from typing import Final

_SECOND: Final = 1_000_000
_LAST_SECOND: Final = 253_402_300_799
"""Of the year 9999."""
_DAY: Final = 24 * 3600 * _SECOND
_AHEAD: Final = _DAY


def told_or_now(told: int, now: int) -> int:
    """When something was, by its teller; now when it does not say, or names a time more than a day ahead.

    What had such a date would be the newest for ever, and never old enough to be removed.
    """
    return told if 0 < told <= now + _AHEAD else now


def days_before(days: float, now: int) -> int:
    """What is older than that is too old; 0, which nothing is, for 0 days: no limit."""
    return now - round(days * _DAY) if days else 0


def epoch_range(start: int, end: int) -> tuple[int, int]:
    """The first and the last moment of Unix seconds from `start` to `end`, both included; 0 stays open."""
    return _bounded(start) * _SECOND, _bounded(end) * _SECOND + _SECOND - 1 if end else 0


def _bounded(seconds: int) -> int:
    return max(0, min(seconds, _LAST_SECOND))
