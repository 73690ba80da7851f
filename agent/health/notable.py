"""Which changes of the device's health are worth telling at once, and when health is told. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from hardware.box.sysfs import Throttling
from presets_store.clock import ClockQuality

TOLD_EVERY: Final = 60.0
"""Seconds."""
CHANGE_WAITS: Final = 15.0
"""Seconds since the last telling, however often something changes: what flickers is no reason to speak all the time."""
RECORD_EVERY: Final = 600.0
"""Seconds between two records that stay; what is told in between takes the place of the one before."""

NOT_TOLD: Final = Throttling()

IN_USE: Final = frozenset({"closed", "opening", "open"})
"""States of a camera between which work moves it; any other is trouble."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notable:
    """What matters to whoever watches a fleet. `cameras`: state by id."""

    cameras: Mapping[str, str] = field(default_factory=dict)
    clock: ClockQuality = ClockQuality.UNSET
    throttling: Throttling = NOT_TOLD


def worth_telling(before: Notable | None, now: Notable) -> bool:
    """Whether the change should not wait for its turn. Nothing was told before: it should not."""
    if before is None:
        return True
    return _trouble(before) != _trouble(now) or (before.clock, before.throttling) != (now.clock, now.throttling)


def is_due(since_last: float, *, changed: bool) -> bool:
    """Whether health is told now, so many seconds after it was told last."""
    return since_last >= (CHANGE_WAITS if changed else TOLD_EVERY)


def _trouble(notable: Notable) -> dict[str, str]:
    """By camera; "" for one that works."""
    return {name: "" if state in IN_USE else state for name, state in notable.cameras.items()}
