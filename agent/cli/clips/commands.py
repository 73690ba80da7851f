"""`cuelight clip list`, `show`."""

from typing import Annotated

import typer

from agent.cli.records import CLIPS, clip_facts
from agent.cli.session import session_of


def list_clips(
    context: typer.Context,
    event: Annotated[int, typer.Option("--event", metavar="ID", min=0, help="Only those of this event.")] = 0,
    count: Annotated[int, typer.Option(metavar="N", min=0, help="At most so many; 0 is all.")] = 20,
) -> None:
    """List clips, the newest first."""
    session = session_of(context)
    query = {"count": count} | ({"event": event} if event else {})
    session.output.table(session.client.get("/v1/clip/list", query), CLIPS, empty="no clips")


def show(
    context: typer.Context, clip: Annotated[int, typer.Argument(metavar="ID", min=1, help="In: cuelight clip list.")]
) -> None:
    """Show a clip."""
    session = session_of(context)
    record = session.client.get(f"/v1/clip/{clip}")
    session.output.description(record, clip_facts(record, session.settings.media_folder))
