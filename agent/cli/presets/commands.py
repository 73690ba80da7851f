"""Creating, listing, showing, copying, deleting and running presets."""

from typing import Annotated, Any

import typer

from agent.cli.completion.candidates import device_names
from agent.cli.errors import Refused
from agent.cli.exit_codes import ExitCode
from agent.cli.following import follow
from agent.cli.options import (
    DeviceOption,
    DocumentOption,
    EventTypeArgument,
    PairsOption,
    PresetArgument,
    YesOption,
)
from agent.cli.output import Record
from agent.cli.parameters import event_parameters
from agent.cli.records import PRESETS, preset_facts, start_of
from agent.cli.session import Session, session_of

BOUND = "preset_bound"
"""The problem by which the agent refuses to delete a preset that runs at a start."""


def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME")],
    event_type: EventTypeArgument,
    pairs: PairsOption = None,
    document: DocumentOption = "",
    device: DeviceOption = "",
    priority: Annotated[int, typer.Option(metavar="N", help="Smaller goes first.")] = 1,
    max_attempts: Annotated[
        int, typer.Option(metavar="N", min=0, help="How often it may begin, when it is cut off.")
    ] = 1,
) -> None:
    """Create a preset."""
    session = session_of(context)
    parameters = event_parameters(document, pairs or [])
    body = {
        "eventPresetName": name,
        "deviceID": session.device(device)["key"],
        "deviceGroupID": 0,
        "eventType": event_type,
        "eventParameters": parameters,
        "priority": priority,
        "maxAttempts": max_attempts,
        "expirationEpoch": 0,
    }
    preset = session.client.post("/v1/eventpreset", body)
    key = preset["key"]
    session.output.answer(preset, f"preset {key} ({name}) is stored; run it with: cuelight preset run {key}")


def list_presets(context: typer.Context, device: DeviceOption = "") -> None:
    """List the presets of a device, and which of them run at its start."""
    session = session_of(context)
    owner = session.device(device)
    presets = session.client.get(f"/v1/eventpreset/list/device/{owner['key']}")
    marked = [preset | {"startup": start_of(preset, owner)} for preset in presets]
    session.output.table(marked, PRESETS, empty="no presets yet; make one with: cuelight preset create")


def show(context: typer.Context, preset: PresetArgument) -> None:
    """Show a preset."""
    session = session_of(context)
    record = session.preset(preset)
    owner = session.client.get(f"/v1/device/{record['deviceID']}") if record["deviceID"] else {}
    marked = record | {"startup": start_of(record, owner)}
    session.output.description(marked, preset_facts(marked))


def copy(
    context: typer.Context,
    preset: PresetArgument,
    device: Annotated[
        str, typer.Argument(metavar="DEVICE", help="Serial number, name or ID.", autocompletion=device_names)
    ],
) -> None:
    """Copy a preset to a device. The preset itself stays as it is."""
    session = session_of(context)
    source, target = session.preset_id(preset), session.device(device)
    copied = session.client.post(f"/v1/eventpreset/{source}/copy/{target['key']}", {})
    name = copied["eventPresetName"]
    text = f"preset {copied['key']} ({name}) on {target['deviceName']} is a copy of preset {source}"
    session.output.answer(copied, text)
    if not session.output.as_json:
        for warning in copied.get("warnings", []):
            session.output.line(f"warning: {warning}", "yellow")


def delete(context: typer.Context, preset: PresetArgument, yes: YesOption = False) -> None:
    """Delete a preset. Its events and clips stay."""
    session = session_of(context)
    record = session.preset(preset)
    key, name = record["key"], record["eventPresetName"]
    session.confirm(f"Delete preset {key} ({name})?", yes=yes)
    try:
        session.client.request("DELETE", f"/v1/eventpreset/{key}")
    except Refused as refused:
        raise _with_way_out(session, record, refused) from refused
    session.output.answer({"key": key, "deleted": True}, f"preset {key} ({name}) is deleted")


def _with_way_out(session: Session, preset: Record, refused: Refused) -> Refused:
    """The refusal to delete a preset that is bound, with the commands that end its bindings; any other as it is."""
    if refused.problem != BOUND:
        return refused
    device = preset["deviceID"]
    states = start_of(preset, session.client.get(f"/v1/device/{device}"))
    ways = [f"\n  cuelight preset startup --clear {state} --device {device}" for state in states]
    return Refused(refused.status, refused.problem, "".join((refused.message, *ways)))


def run(
    context: typer.Context,
    preset: PresetArgument,
    on: Annotated[
        list[str] | None,
        typer.Option(
            "--on",
            metavar="DEVICE",
            help="A device instead of the preset's own. Repeatable.",
            autocompletion=device_names,
        ),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Follow the event until it has ended.")] = False,
) -> None:
    """Run a preset: it becomes an event.

    With --on it becomes one on each device that is named, instead of on its own.
    """
    session = session_of(context)
    key = session.preset_id(preset)
    body = {"data": [session.device(named)["key"] for named in on]} if on else {}
    answer = session.client.post(f"/v1/eventpreset/run/{key}", body)
    events = [int(key) for key in answer.get("EventIDs", [answer["EventID"]])]
    if watch:
        raise typer.Exit(_followed(session, events))
    for event in events if not session.output.as_json else []:
        session.output.line(f"event {event} is accepted; follow it with: cuelight event watch {event}")
    if session.output.as_json:
        session.output.document(_as_document(answer, events))


def _followed(session: Session, events: list[int]) -> ExitCode:
    """Follows one after the other, all of them; the worst that happened."""
    codes = []
    for event in events:
        codes.append(follow(session, event))
        if codes[-1] is ExitCode.INTERRUPTED:
            break
    return max(codes)


def _as_document(answer: dict[str, Any], events: list[int]) -> dict[str, Any]:
    document: dict[str, Any] = {"eventID": events[0]}
    return document | ({"eventIDs": events, "groupRunID": answer["GroupRunID"]} if "GroupRunID" in answer else {})
