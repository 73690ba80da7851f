"""When a user is told of what waits for them, and whether each by itself or all in one. Pure."""

from dataclasses import dataclass
from typing import Final

from presets_store.rules.scripts.cooling import cool_at

FEW: Final = 3
"""So many are told one by one where no cooldown keeps them apart."""


@dataclass(frozen=True, slots=True)
class Tell:
    """`now`: they are told now, in one text if `digest`; else looked at again at `not_before_us` (0: nothing waits)."""

    now: bool
    digest: bool = False
    not_before_us: int = 0


def plan(now_us: int, cooldown_us: int, last_sent_us: int, quiet_until_us: int, waiting: int) -> Tell:
    """What to do with `waiting` texts of one script for one user; moments are Unix epoch microseconds, 0 for never.

    The cooldown counts from what was really sent, so that what failed silences nothing. What gathered meanwhile, in
    quiet hours or while there was no way out, is one digest.
    """
    if waiting <= 0:
        return Tell(now=False)
    later = max(cool_at(last_sent_us, cooldown_us, now_us), quiet_until_us)
    if later > now_us:
        return Tell(now=False, not_before_us=later)
    return Tell(now=True, digest=waiting > (1 if cooldown_us else FEW))
