"""Whether a script fires at a trigger, and why not. Pure."""

import json
from dataclasses import dataclass
from datetime import tzinfo
from enum import StrEnum
from typing import Final, Protocol

from presets_store.rules.scripts.cooling import cool_at
from presets_store.rules.scripts.working_time import MICRO, WorkingTime, active


class Outcome(StrEnum):
    """What a script makes of a trigger."""

    FIRED = "fired"
    NOT = "not"


INACTIVE: Final = "inactive"
OTHER_EVENT: Final = "other_event"
OTHER_CAMERA: Final = "other_camera"
COOLDOWN: Final = "cooldown"
"""Reasons, besides those of the working time."""


class StoredScript(Protocol):
    """What is looked at of a script's row."""

    @property
    def status(self) -> str: ...
    @property
    def event_name(self) -> str: ...
    @property
    def cameras(self) -> str: ...
    @property
    def working_time(self) -> str: ...
    @property
    def cooldown_seconds(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedScript:
    """`cameras` are keys, None for every camera."""

    active: bool
    event_name: str
    cameras: frozenset[int] | None = None
    working_time: WorkingTime
    cooldown_seconds: int = 0


@dataclass(frozen=True, slots=True)
class MatchedTrigger:
    """`camera_key` 0: of no camera. `occurred_us`: by which the working time is asked."""

    event_name: str
    camera_key: int
    occurred_us: int


@dataclass(frozen=True, slots=True)
class Decision:
    """`reason` is "" when it fired."""

    outcome: Outcome
    reason: str = ""

    @property
    def fired(self) -> bool:
        return self.outcome is Outcome.FIRED


def matched(script: StoredScript) -> MatchedScript:
    """What `decide` needs of a row."""
    return MatchedScript(
        active=script.status == "active",
        event_name=script.event_name,
        cameras=frozenset(json.loads(script.cameras)) if script.cameras else None,
        working_time=WorkingTime.from_json(script.working_time),
        cooldown_seconds=script.cooldown_seconds,
    )


def decide(
    script: MatchedScript, trigger: MatchedTrigger, now_us: int, zone: tzinfo, last_fired_us: int = 0
) -> Decision:
    """`last_fired_us`: when the script made its last event for this camera, 0 for never. The first reason counts."""
    reason = _mismatch(script, trigger) or active(script.working_time, trigger.occurred_us, zone).reason.value
    if not reason and cool_at(last_fired_us, script.cooldown_seconds * MICRO, now_us):
        reason = COOLDOWN
    return Decision(Outcome.NOT, reason) if reason else Decision(Outcome.FIRED)


def _mismatch(script: MatchedScript, trigger: MatchedTrigger) -> str:
    if not script.active:
        return INACTIVE
    if script.event_name != trigger.event_name:
        return OTHER_EVENT
    if script.cameras is not None and trigger.camera_key not in script.cameras:
        return OTHER_CAMERA
    return ""
