"""`cuelight event ...`"""

from typing import Annotated, Any

import typer

from agent.cli.following import follow
from agent.cli.output import status_name
from agent.cli.records import EVENTS, event_facts
from agent.cli.session import Session, session_of
from presets_store.protocol.statuses import EventStatus

app = typer.Typer(help="Events: what was asked for, and what became of it.", no_args_is_help=True)

EventArgument = Annotated[int, typer.Argument(metavar="ID", min=1, help="In: cuelight event list.")]
RECENT = 200
"""How many of the newest events are searched for the members that the reduced record lacks."""


@app.command("list")
def list_events(
    context: typer.Context,
    count: Annotated[int, typer.Option(metavar="N", min=0, help="At most so many; 0 is all.")] = 20,
) -> None:
    """List events, the newest first."""
    session = session_of(context)
    session.output.table(_newest(session, count), EVENTS, empty="no events yet; run a preset with: cuelight preset run")


@app.command("show")
def show(context: typer.Context, event: EventArgument) -> None:
    """Show an event, its parameters, clips and result."""
    session = session_of(context)
    record = session.client.get(f"/v1/event/{event}")
    named = next((item for item in _newest(session, RECENT) if item["key"] == event), {})
    clips = session.client.get("/v1/clip/list", {"event": event})
    described = named | record
    session.output.description(described | {"clips": clips}, event_facts(described, clips))


@app.command("watch")
def watch(context: typer.Context, event: EventArgument) -> None:
    """Follow an event until it has ended. Ctrl-C ends only the watching."""
    raise typer.Exit(follow(session_of(context), event))


@app.command("cancel")
def cancel(context: typer.Context, event: EventArgument) -> None:
    """End an event. One that waits ends at once, one that runs as soon as the device has stopped it."""
    session = session_of(context)
    answer = session.client.request("POST", f"/v1/event/endprocess/{event}")
    status = session.client.get(f"/v1/event/{event}")["eventStatus"]
    if session.output.as_json:
        session.output.document({"eventID": event, "eventStatus": status, **answer})
    elif status == EventStatus.CANCELLED:
        session.output.line(f"event {event} is {status_name(status)}")
    else:
        session.output.line(f"event {event} is asked to end; follow it with: cuelight event watch {event}")


def _newest(session: Session, count: int) -> list[dict[str, Any]]:
    body = {"deviceID": 0, "count": count, "order": "desc"}
    found: list[dict[str, Any]] = session.client.post("/v1/event/list", body)
    return found
