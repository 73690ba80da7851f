"""When a camera counts as stalled, and when its host as stuck. Pure; times in seconds of the monotonic clock."""

from dataclasses import dataclass
from enum import StrEnum

STALL_AFTER = 2.0
"""Seconds without a new frame after which a camera is stalled."""


class Doing(StrEnum):
    """What the capture thread is in."""

    NOTHING = "nothing"
    OPENING = "opening"
    READING = "reading"


class Verdict(StrEnum):
    """What the capture thread's silence means. It reports a stall itself as long as calls into the source return."""

    FINE = "fine"
    STALLED = "stalled"
    STUCK = "stuck"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call into the source may take, in seconds, until its host is given up."""

    opening: float = 30.0
    reading: float = 10.0


def judge(doing: Doing, silent: float, patience: Patience) -> Verdict:
    """`silent`: seconds since the capture thread's last call into the source began."""
    if doing is Doing.NOTHING:
        return Verdict.FINE
    if silent > (patience.opening if doing is Doing.OPENING else patience.reading):
        return Verdict.STUCK
    if doing is Doing.READING and silent > STALL_AFTER:
        return Verdict.STALLED
    return Verdict.FINE
