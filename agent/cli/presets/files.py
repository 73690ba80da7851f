"""A preset as a file: readable JSON that another device can import. Pure.

    {"cuelightPreset": 1, "name": "Porch", "eventType": "Video_Start_recording", "parameters": {"durationSeconds": 10},
     "priority": 1, "maxAttempts": 3, "expirationEpoch": 0, "tagString": "", "tagNumber": 0}

A workflow has `steps` in place of `parameters`: each with its preset whole, and with the serial number of its device
when that is another one than the workflow's.
"""

import json
from typing import Any, Final, Literal

from pydantic import ConfigDict, Field, ValidationError

from agent.cli.errors import PresetFileInvalid
from presets_store.errors import CuelightError
from presets_store.protocol.base import WireModel
from presets_store.protocol.errors import BadJson, BadParameters, FieldProblem
from presets_store.protocol.event_types import EVENT_TYPES, EventType, find_event_type
from presets_store.protocol.fields import FROM_WIRE, Count, Int, Name, NameOrId, Text
from presets_store.protocol.json_text import read_json
from presets_store.protocol.parameters import MAX_STEPS, WORKFLOW, parse_parameters
from presets_store.protocol.parsing import problems_of

VERSION: Final = 1
UNKNOWN: Final = "is not known here"

Record = dict[str, Any]


class MemberFile(WireModel):
    """One preset. `expiration_epoch` in Unix seconds, 0: never."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    event_type: NameOrId
    parameters: Any = Field(default_factory=dict)
    priority: Int = 1
    max_attempts: Count = 0
    expiration_epoch: Count = 0
    tag_string: Text = ""
    tag_number: Int = 0

    @property
    def kind(self) -> EventType:
        """Raises UnknownEventType."""
        return find_event_type(self.event_type)


class StepFile(WireModel):
    """One step of a workflow. `device` is a serial number, "" for the workflow's own device."""

    model_config = ConfigDict(extra="forbid")

    device: Name = ""
    preset: MemberFile


class PresetFile(MemberFile):
    """The whole file."""

    cuelight_preset: Literal[1]
    steps: list[StepFile] | None = Field(default=None, max_length=MAX_STEPS)

    @property
    def members(self) -> list[StepFile]:
        """The steps, none of a preset that is no workflow."""
        return self.steps or []


def member_of(preset: Record) -> Record:
    """The file's members that say what `preset` (a record of the API) is, without its steps."""
    return {
        "name": preset.get("eventPresetName") or "",
        "eventType": EVENT_TYPES[preset["eventTypeID"]].wire_name,
        "parameters": json.loads(preset.get("eventParameters") or "{}"),
        **{name: preset[name] for name in ("priority", "maxAttempts", "expirationEpoch")},
        "tagString": preset.get("tagString") or "",
        "tagNumber": preset["tagNumber"],
    }


def file_of(preset: Record, steps: list[Record] | None) -> Record:
    """The whole file; `steps` (`{"device"?, "preset"}`) are those of a workflow."""
    member = member_of(preset)
    if steps is not None:
        member = {name: value for name, value in member.items() if name != "parameters"} | {"steps": steps}
    return {"cuelightPreset": VERSION, **member}


def read_file(text: bytes, source: str) -> PresetFile:
    """The file in `text`; `source` names it in errors. Raises BadJson, PresetFileInvalid naming each wrong member."""
    value = read_json(text, source)
    try:
        file = PresetFile.model_validate(value, context=FROM_WIRE, by_alias=True, by_name=False)
    except ValidationError as error:
        raise PresetFileInvalid(source, [_helpful(problem) for problem in problems_of(error, PresetFile)]) from None
    problems = _problems(file, value)
    if problems:
        raise PresetFileInvalid(source, problems)
    return file


def _helpful(problem: FieldProblem) -> FieldProblem:
    """An unknown member is told together with those that there are."""
    if problem.problem != UNKNOWN:
        return problem
    place = problem.field.rpartition(".")[0]
    model = PresetFile if not place else MemberFile if place.endswith("preset") else StepFile
    there = ", ".join(field.alias or name for name, field in model.model_fields.items())
    return FieldProblem(problem.field, problem.problem, f"only {there}")


def _problems(file: PresetFile, given: Record) -> list[FieldProblem]:
    """What is wrong although each member has the right form."""
    problems = _wrong_type(file, "") if file.steps is None else _wrong_workflow(file, given)
    for index, step in enumerate(file.members):
        place = f"steps[{index}].preset."
        if _is_workflow(step.preset):
            problems.append(
                FieldProblem(f"{place}eventType", "is a workflow inside a workflow", "any other event type")
            )
        else:
            problems += _wrong_type(step.preset, place)
    return problems


def _is_workflow(member: MemberFile) -> bool:
    try:
        return member.kind.id == WORKFLOW
    except CuelightError:
        return False


def _wrong_workflow(file: PresetFile, given: Record) -> list[FieldProblem]:
    problems = []
    if not _is_workflow(file):
        problems.append(FieldProblem("eventType", "has no steps", EVENT_TYPES[WORKFLOW].wire_name))
    if "parameters" in given:
        problems.append(FieldProblem("parameters", "is given beside steps", "only one of them"))
    return problems


def _wrong_type(member: MemberFile, place: str) -> list[FieldProblem]:
    """What is wrong with event type and parameters of a preset that has no steps."""
    if _is_workflow(member):
        return [FieldProblem(f"{place}steps", "is missing", "a list of steps, each with its preset")]
    try:
        parse_parameters(member.kind, json.dumps(member.parameters))
    except BadParameters as error:
        return [_inside(f"{place}parameters", problem) for problem in error.problems]
    except BadJson as error:
        return [FieldProblem(f"{place}parameters", error.message, "")]
    except CuelightError as error:
        return [FieldProblem(f"{place}eventType", f"is unknown: {error.message}", "")]
    return []


def _inside(place: str, problem: FieldProblem) -> FieldProblem:
    joint = "." if problem.field and not problem.field.startswith("[") else ""
    return FieldProblem(f"{place}{joint}{problem.field}", problem.problem, problem.expected)
