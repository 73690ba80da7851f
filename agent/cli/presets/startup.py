"""`cuelight preset startup`: what runs when a device starts."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import typer

from agent.cli.errors import BadParameters
from agent.cli.exit_codes import ExitCode
from agent.cli.following import ending, followed
from agent.cli.options import DeviceOption, PresetArgument
from agent.cli.output import status_name
from agent.cli.session import Session, session_of
from presets_store.protocol.statuses import EventStatus

WAIT = 30.0
"""Seconds for which a device is waited for that has to keep, or to forget, its standalone preset."""


class State(StrEnum):
    """The two starts of a device."""

    ONLINE = "online"
    STANDALONE = "standalone"


MEANING = {
    State.ONLINE: "each time its device starts and reaches its upstream, or has none",
    State.STANDALONE: "each time its device starts without its upstream",
}


def startup(
    context: typer.Context,
    preset: PresetArgument = "",
    online: Annotated[bool, typer.Option("--online", help=f"Run it {MEANING[State.ONLINE]}.")] = False,
    standalone: Annotated[
        bool,
        typer.Option(
            "--standalone",
            help=f"Run it {MEANING[State.STANDALONE]}. The device keeps it sealed, "
            "and needs neither network nor database for it.",
        ),
    ] = False,
    clear: Annotated[
        State | None, typer.Option("--clear", metavar="online|standalone", help="Bind nothing to that start any more.")
    ] = None,
    device: DeviceOption = "",
    wait: Annotated[
        float, typer.Option("--wait", metavar="SECONDS", min=0, help="Wait so long for this device to have it sealed.")
    ] = WAIT,
) -> None:
    """Bind a preset to the start of its device.

    A PRESET needs --online or --standalone. --clear stands alone, or with --device. A device that has an upstream
    follows the upstream's online binding, not its own.
    """
    session = session_of(context)
    state = _state(preset, online=online, standalone=standalone, clear=clear, device=device)
    if clear is None:
        record = session.preset(preset)
        answer = session.client.post(f"/v1/eventpreset/startupevent/{state}/{record['key']}", {})
        change = _Change(state, record["deviceID"], int(answer["EventID"]), record)
    else:
        owner = session.device(device)["key"]
        answer = session.client.request("DELETE", f"/v1/eventpreset/startupevent/{state}/device/{owner}")
        change = _Change(state, owner, int(answer["EventID"]))
    raise typer.Exit(_tell(session, change, wait))


@dataclass(frozen=True, slots=True)
class _Change:
    """What was asked for and accepted. `event` 0: the device has nothing to do for it. `preset` None: cleared."""

    state: State
    device: int
    event: int
    preset: dict[str, Any] | None = None

    @property
    def accepted(self) -> str:
        if self.preset is None:
            return f"nothing is bound to the {self.state} start of device {self.device}"
        return f"preset {self.preset['key']} ({self.preset['eventPresetName']}) is bound as {self.state}"

    @property
    def applied(self) -> str:
        if self.preset is None:
            return f"{self.accepted} any more"
        sealed = " and sealed on its device" if self.state is State.STANDALONE else ""
        return f"{self.accepted}{sealed}: it runs {MEANING[self.state]}"


def _state(preset: str, *, online: bool, standalone: bool, clear: State | None, device: str) -> State:
    given = "preset startup"
    if clear is not None:
        if preset or online or standalone:
            raise BadParameters(given=given, problem="--clear stands alone, or with --device")
        return clear
    if not preset:
        raise BadParameters(given=given, problem="needs a PRESET, or --clear online or --clear standalone")
    if device:
        raise BadParameters(given=given, problem="--device goes with --clear only; a preset is bound to its own device")
    if online == standalone:
        choices = "; ".join(f"--{state} runs it {meaning}" for state, meaning in MEANING.items())
        raise BadParameters(given=given, problem=f"needs one of --online and --standalone: {choices}")
    return State.ONLINE if online else State.STANDALONE


def _tell(session: Session, change: _Change, wait: float) -> ExitCode:
    """Waits for the device where that is this one, and says how far it got."""
    if not change.event:
        return _told(session, change, change.applied, {}, applied=True)
    if session.client.get("/v1/status")["deviceID"] != change.device:
        text = f"{change.accepted}; device {change.device} takes it up when it carries out event {change.event}"
        return _told(session, change, text, {}, applied=None)
    try:
        record = followed(session, change.event, wait)
    except TimeoutError:
        return _not_yet(session, change)
    except KeyboardInterrupt:
        _not_yet(session, change)
        return ExitCode.INTERRUPTED
    if record["eventStatus"] == EventStatus.COMPLETE:
        return _told(session, change, change.applied, record, applied=True)
    text = f"{change.accepted}, but the device did not take it up: event {change.event} is {ending(record)}"
    return _told(session, change, text, record, applied=False)


def _not_yet(session: Session, change: _Change) -> ExitCode:
    record = session.client.get(f"/v1/event/{change.event}")
    text = (
        f"{change.accepted}, but not yet taken up: event {change.event} is {status_name(record['eventStatus'])}; "
        f"follow it with: cuelight event watch {change.event}"
    )
    return _told(session, change, text, record, applied=False)


def _told(session: Session, change: _Change, text: str, event: dict[str, Any], *, applied: bool | None) -> ExitCode:
    """`applied` None: not known here."""
    document = {
        "deviceState": change.state,
        "deviceID": change.device,
        "presetID": change.preset["key"] if change.preset else 0,
        "eventID": change.event,
        "eventStatus": event.get("eventStatus"),
        "applied": applied,
    }
    session.output.answer(document, text, {True: "green", False: "bold red", None: ""}[applied])
    return ExitCode.FAILED if applied is False else ExitCode.OK
