"""What scripts are made of, on the wire (scripts-api.md section 4)."""

from typing import Annotated, Final

from pydantic import Field

from presets_store.protocol.fields import Key, Name
from presets_store.protocol.scripts.base import AnswerModel, SnakeModel

DAY_NAMES: Final = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
"""By the number that `schedule.*.day` has."""
GREY: Final = "#8A94A6"


class ScriptEventRecord(AnswerModel):
    """What a script may wait for."""

    id: Key
    name: Name
    description: Name = ""
    color: Name = ""
    analytic_type: Name = ""


class ReactionRecord(AnswerModel):
    """What a script may do besides notifying its users. `is_default`: offered first."""

    id: Key
    name: Name
    description: Name = ""
    is_default: bool = False


class DayRecord(AnswerModel):
    """`day` is its number in schedules, `name` its type in timetables."""

    day: int
    name: Name


class BasicConfigurations(AnswerModel):
    """Answer of `GET /api/v1/basic-configurations`. `time_zone`: of times that are given without an offset.

    `timetable_types`: what `timetable.days.*.type` may be. `placeholders`: what stands in braces in texts and
    parameters; a trigger's own attributes may too.
    """

    events: list[ScriptEventRecord]
    reactions: list[ReactionRecord]
    days: list[DayRecord]
    timetable_types: list[Name]
    statuses: list[Name]
    placeholders: list[Name]
    time_zone: Name


class AddScriptEvent(SnakeModel):
    """Body of `POST /api/v1/basic-configurations/events`: an event that an integration module sends."""

    one_of = (("name",),)

    name: Annotated[str, Field(pattern=r"^([a-z][a-z0-9_.-]{0,63})?$")] = ""
    description: Name = ""
    color: Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")] = GREY
    analytic_type: Annotated[Name, Field(max_length=64)] = ""
