"""Listing, showing, switching and deleting scripts."""

from typing import Annotated, Any

import typer

from agent.cli.options import YesOption
from agent.cli.output import Record
from agent.cli.scripts.described import EVENTS, REACTIONS, SCRIPTS, script_facts
from agent.cli.scripts.finding import SCRIPTS as PATH
from agent.cli.scripts.finding import camera_names, catalogue, pages_of, script_named
from agent.cli.scripts.options import ScriptArgument
from agent.cli.session import Session, session_of


def list_scripts(context: typer.Context) -> None:
    """List the scripts."""
    session = session_of(context)
    session.output.table(
        list(pages_of(session, PATH)), SCRIPTS, empty="no scripts yet; make one with: cuelight script create"
    )


def show(context: typer.Context, script: ScriptArgument) -> None:
    """Show a script."""
    session = session_of(context)
    record = script_named(session, script)
    names = {} if session.output.as_json else camera_names(session)
    session.output.description(record, script_facts(record, names))


def enable(context: typer.Context, script: ScriptArgument) -> None:
    """Have a script work again."""
    _switch(session_of(context), script, "active")


def disable(context: typer.Context, script: ScriptArgument) -> None:
    """Stop a script without deleting it."""
    _switch(session_of(context), script, "inactive")


def delete(context: typer.Context, script: ScriptArgument, yes: YesOption = False) -> None:
    """Delete a script, and what it has decided."""
    session = session_of(context)
    record = script_named(session, script)
    key, title = record["id"], record["title"]
    session.confirm(f"Delete script {key} ({title})?", yes=yes)
    session.client.request("DELETE", f"{PATH}/{key}")
    session.output.answer({"id": key, "deleted": True}, f"script {key} ({title}) is deleted")


def events(
    context: typer.Context,
    add: Annotated[str, typer.Option("--add", metavar="NAME", help="Add an event that an integration sends.")] = "",
    description: Annotated[str, typer.Option("--description", metavar="TEXT", help="Of the one that is added.")] = "",
) -> None:
    """List what scripts may wait for, and the reactions that they may have."""
    session = session_of(context)
    if add:
        body = {"name": add, "description": description}
        event = session.client.post("/api/v1/basic-configurations/events", body)
        session.output.answer(event, f"event {event['id']} ({event['name']}) is in the catalogue")
        return
    known = catalogue(session)
    if session.output.as_json:
        session.output.document(known)
        return
    session.output.table(known["events"], EVENTS, empty="")
    session.output.line("")
    session.output.table(known["reactions"], REACTIONS, empty="")


def _switch(session: Session, named: str, status: str) -> None:
    before = script_named(session, named)
    script = session.client.request("PUT", f"{PATH}/{before['id']}", _body_of(before) | {"status": status})
    word = "works" if status == "active" else "is disabled"
    session.output.answer(script, f"script {script['id']} ({script['title']}) {word}")


def _body_of(script: Record) -> dict[str, Any]:
    """The record as a request; `extra` is not given, and so stays."""
    reaction = script["reaction"]
    return {
        "title": script["title"],
        "event_id": script["event"]["id"],
        "reaction_id": reaction["id"] if reaction else None,
        "users": [user["id"] for user in script["users"]],
        "cameras": script["cameras"],
        "timetable": script["timetable"],
    }
