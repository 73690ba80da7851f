"""`cuelight preset update`: what is named changes, all else stays."""

from typing import Annotated, Any

import typer

from agent.cli.completion.candidates import event_types
from agent.cli.errors import BadParameters
from agent.cli.options import PairsOption, PresetArgument
from agent.cli.parameters import changed_parameters
from agent.cli.session import session_of
from presets_store.protocol.event_types import find_event_type

Record = dict[str, Any]


UnsetOption = Annotated[
    list[str] | None, typer.Option("--unset", metavar="K", help="Take one parameter out. Repeatable.")
]
NewDocumentOption = Annotated[
    str | None, typer.Option("--params", metavar="JSON", help="Replace all parameters; --param still goes on top.")
]
NewTypeOption = Annotated[
    str | None,
    typer.Option("--type", metavar="EVENT_TYPE", help="Another event type; name or ID.", autocompletion=event_types),
]
NewAttemptsOption = Annotated[
    int | None, typer.Option(metavar="N", min=0, help="How often it may begin, when it is cut off.")
]


def update(
    context: typer.Context,
    preset: PresetArgument,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="A new name.")] = None,
    pairs: PairsOption = None,
    unset: UnsetOption = None,
    document: NewDocumentOption = None,
    event_type: NewTypeOption = None,
    priority: Annotated[int | None, typer.Option(metavar="N", help="Smaller goes first.")] = None,
    max_attempts: NewAttemptsOption = None,
) -> None:
    """Change a preset. What is not named stays as it is.

    --param changes one parameter and leaves the others, --unset takes one out, --params replaces them all. Where the
    preset is bound as standalone, its device gets it anew.
    """
    session = session_of(context)
    before = session.preset(preset)
    plain = {"eventPresetName": name, "priority": priority, "maxAttempts": max_attempts}
    changes: Record = {member: value for member, value in plain.items() if value is not None}
    if event_type is not None:
        kind = find_event_type(event_type)
        changes |= {"eventTypeID": kind.id, "agentTypeID": kind.agent_type_id}
    if document is not None or pairs or unset:
        base = before["eventParameters"] if document is None else document
        changes["eventParameters"] = changed_parameters(base, pairs or [], unset or [])
    if not changes:
        raise BadParameters(given="preset update", problem="names nothing to change; see cuelight preset update --help")
    key = before["key"]
    session.client.request("PUT", f"/v1/eventpreset/{key}", before | changes)
    after = session.client.get(f"/v1/eventpreset/{key}")
    session.output.answer(after, f"preset {key} ({after['eventPresetName']}) is changed")
