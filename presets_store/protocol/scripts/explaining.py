"""Why a script fires, or does not: ours beside the contract."""

from typing import Annotated

from pydantic import Field

from presets_store.protocol.fields import Key, Moment, Name
from presets_store.protocol.scripts.base import AnswerModel, SnakeModel
from presets_store.protocol.scripts.scripts import MOST_DAYS_AHEAD


class ExplainQuery(SnakeModel):
    """`at`: an ISO 8601 moment, which without an offset is UTC; absent: now. `camera`: the key of the one that sees it.
    `days`: how many days of windows to show, from today on.
    """

    at: Moment = 0
    camera: Key = 0
    days: Annotated[int, Field(ge=0, le=MOST_DAYS_AHEAD)] = 0


class WindowRecord(AnswerModel):
    """A time in which the script works, from `from` until before `to`: ISO 8601 with the zone's offset at each end."""

    from_: Name = Field(alias="from")
    to: Name


class Shift(AnswerModel):
    """The clock is put forward at `at` by so many seconds; back when that is negative."""

    at: Name
    by_seconds: int


class DayWindows(AnswerModel):
    """A date of the zone, its windows (cut at its midnights), and what happens to its clock."""

    date: Name
    weekday: Name
    windows: list[WindowRecord]
    clock_changes: list[Shift]


class Explanation(AnswerModel):
    """Whether the script would fire at `at` (with the zone's offset), and why not: `reason` is a code, "" if it would.

    `days`: the coming ones, from today on.
    """

    script_id: Key
    at: Name
    time_zone: Name
    fires: bool
    reason: Name
    explanation: Name
    days: list[DayWindows]


class SimulateTrigger(SnakeModel):
    """Body of `POST /api/v1/scripts/{id}/simulate`: what is only decided on. `event`: an event's name or id, absent:
    the script's own; `camera`: the key of one, absent: none; `occurred_at`: as `at` of explain.
    """

    event: Annotated[Name | Key, Field(union_mode="left_to_right")] = ""
    camera: Key = 0
    occurred_at: Moment = 0


class Simulation(AnswerModel):
    """What would become of the trigger: `outcome` is `fired` or `not`."""

    script_id: Key
    outcome: Name
    reason: Name
    explanation: Name
