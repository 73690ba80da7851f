"""`cuelight script test`: a trigger as an integration module would send it."""

import base64
import json
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.completion.candidates import script_events
from agent.cli.errors import FileUnusable
from agent.cli.parameters import event_parameters
from agent.cli.scripts.described import OUTCOMES
from agent.cli.scripts.explaining import moment
from agent.cli.scripts.finding import SCRIPTS, camera_meant, camera_name, pages_of
from agent.cli.session import session_of

INBOUND = "/api/integration/v1/events"


def try_out(
    context: typer.Context,
    event: Annotated[
        str, typer.Argument(metavar="EVENT", help="As in: cuelight script events.", autocompletion=script_events)
    ],
    camera: Annotated[
        str, typer.Option("--camera", metavar="CAMERA", help="Without: the only one of this device.")
    ] = "",
    pairs: Annotated[
        list[str] | None,
        typer.Option("--attribute", metavar="K=V", help="Such as count=3; V is JSON, or else text. Repeatable."),
    ] = None,
    at: Annotated[str, typer.Option("--at", metavar="TIME", help="When it happened. Without: now.")] = "",
    image: Annotated[Path | None, typer.Option("--image", metavar="FILE", help="A JPEG of it.")] = None,
    external_id: Annotated[
        str, typer.Option("--id", metavar="ID", help="A name of your own for it: the same one again does nothing.")
    ] = "",
) -> None:
    """Send a trigger, and see what the scripts make of it. It is a real one: what fires is carried out."""
    session = session_of(context)
    where = camera_meant(session, camera)
    body = {
        "event": event,
        "camera": str(where["key"]),
        "attributes": json.loads(event_parameters("", pairs or [])),
        "occurred_at": moment(at) if at else None,
        "image": _encoded(image) if image else None,
        "external_id": external_id or None,
    }
    answer = session.client.post(INBOUND, {name: value for name, value in body.items() if value is not None})
    if session.output.as_json:
        session.output.document(answer)
        return
    titles = {script["id"]: script["title"] for script in pages_of(session, SCRIPTS)} if answer["scripts"] else {}
    outcomes = [outcome | {"title": titles.get(outcome["id"], "")} for outcome in answer["scripts"]]
    empty = f"no script waits for {event}; make one with: cuelight script create"
    session.output.line(f"{event} at {camera_name(where)} is trigger {answer['id']}")
    session.output.table(outcomes, OUTCOMES, empty=empty)


def _encoded(image: Path) -> str:
    """Raises FileUnusable."""
    try:
        return base64.b64encode(image.read_bytes()).decode()
    except OSError as error:
        raise FileUnusable(path=image, done="read", reason=error.strerror) from error
