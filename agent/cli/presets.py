"""`cuelight preset ...`"""

from typing import Annotated, Any

import typer

from agent.cli.errors import Ambiguous, NothingNamed
from agent.cli.exit_codes import ExitCode
from agent.cli.following import follow
from agent.cli.parameters import event_parameters
from agent.cli.records import PRESETS, preset_facts
from agent.cli.session import Session, session_of

app = typer.Typer(help="Presets: actions that wait to be run.", no_args_is_help=True)

DeviceOption = Annotated[
    str, typer.Option("--device", metavar="DEVICE", help="Serial number, name or ID. Without: this device.")
]
PresetArgument = Annotated[str, typer.Argument(metavar="PRESET", help="ID or name.")]


@app.command("create")
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME")],
    event_type: Annotated[str, typer.Argument(metavar="EVENT_TYPE", help="Such as Video_Start_recording; or its ID.")],
    pairs: Annotated[
        list[str] | None,
        typer.Option("--param", metavar="K=V", help="One parameter; V is JSON, or else text. Repeatable."),
    ] = None,
    document: Annotated[str, typer.Option("--params", metavar="JSON", help="All parameters as a JSON object.")] = "",
    device: DeviceOption = "",
    priority: Annotated[int, typer.Option(help="Smaller goes first.")] = 1,
    max_attempts: Annotated[int, typer.Option(min=0, help="How often it may begin, when it is cut off.")] = 1,
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
    if session.output.as_json:
        session.output.document(preset)
    else:
        key = preset["key"]
        session.output.line(f"preset {key} ({name}) is stored; run it with: cuelight preset run {key}")


@app.command("list")
def list_presets(context: typer.Context, device: DeviceOption = "") -> None:
    """List the presets of a device."""
    session = session_of(context)
    empty = "no presets yet; make one with: cuelight preset create"
    session.output.table(_presets(session, device), PRESETS, empty=empty)


@app.command("show")
def show(context: typer.Context, preset: PresetArgument) -> None:
    """Show a preset."""
    session = session_of(context)
    record = session.client.get(f"/v1/eventpreset/{_preset_id(session, preset)}")
    session.output.description(record, preset_facts(record))


@app.command("run")
def run(
    context: typer.Context,
    preset: PresetArgument,
    watch: Annotated[bool, typer.Option("--watch", help="Follow the event until it has ended.")] = False,
) -> None:
    """Run a preset: it becomes an event."""
    session = session_of(context)
    answer = session.client.post(f"/v1/eventpreset/run/{_preset_id(session, preset)}", {})
    event = int(answer["EventID"])
    if watch:
        raise typer.Exit(follow(session, event))
    if session.output.as_json:
        session.output.document({"eventID": event})
    else:
        session.output.line(f"event {event} is accepted; follow it with: cuelight event watch {event}")
    raise typer.Exit(ExitCode.OK)


def _presets(session: Session, device: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = session.client.get(f"/v1/eventpreset/list/device/{session.device(device)['key']}")
    return found


def _preset_id(session: Session, named: str) -> int:
    """The key of the preset with this ID, else with this name (case does not matter) on this device."""
    if named.isdecimal():
        return int(named)
    found = [preset for preset in _presets(session, "") if preset["eventPresetName"].casefold() == named.casefold()]
    if not found:
        raise NothingNamed(what="preset", name=named, hint="the names are in: cuelight preset list")
    if len(found) > 1:
        candidates = ", ".join(str(preset["key"]) for preset in found)
        raise Ambiguous(name=named, what="presets", candidates=candidates)
    return int(found[0]["key"])
