"""How much is measured, and the room that it takes."""

import resource
from dataclasses import dataclass

_SPARE_FILES = 500
"""What a hub and its client have open besides the connections."""


@dataclass(frozen=True, slots=True)
class Size:
    """`polls` wait at once; `rate` events come per second; `seconds` for each figure; `ended` events in the store."""

    polls: int
    rate: int
    seconds: float
    devices: int
    ended: tuple[int, ...]


FULL = Size(polls=5_000, rate=100, seconds=20.0, devices=32, ended=(10_000, 100_000, 1_000_000))
QUICK = Size(polls=500, rate=100, seconds=4.0, devices=16, ended=(1_000, 10_000))


def polls_within_limits(wanted: int) -> int:
    """As many of the wanted connections as this process, and those that it starts from now on, may have open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + _SPARE_FILES
    if soft < needed:
        soft = min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(wanted, soft - _SPARE_FILES)
