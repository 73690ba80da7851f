"""`cuelight clip protect`, `unprotect`."""

from typing import Annotated

import typer

from agent.cli.session import session_of

ClipsArgument = Annotated[list[int], typer.Argument(metavar="ID...", min=1, help="In: cuelight clip list.")]


def protect(context: typer.Context, clips: ClipsArgument) -> None:
    """Keep clips: they are not removed to make room."""
    _keep(context, clips, "is protected", protected=True)


def unprotect(context: typer.Context, clips: ClipsArgument) -> None:
    """Let clips be removed again when room is needed."""
    _keep(context, clips, "is protected no more", protected=False)


def _keep(context: typer.Context, clips: list[int], done: str, *, protected: bool) -> None:
    session = session_of(context)
    records = [session.client.request("PUT", f"/v1/clip/{clip}", {"protected": protected}) for clip in clips]
    if session.output.as_json:
        session.output.document(records)
        return
    for record in records:
        session.output.line(f"clip {record['key']} ({record['file']}) {done}")
