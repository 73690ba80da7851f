"""`cuelight script create`: a script of what is given on the command line."""

import json
from typing import Annotated, Any

import typer

from agent.cli.asking import read_secret
from agent.cli.completion.candidates import preset_names, script_events
from agent.cli.errors import BadParameters
from agent.cli.output import Record
from agent.cli.parameters import event_parameters
from agent.cli.scripts.finding import (
    SCRIPTS,
    camera_named,
    cameras_of,
    catalogue,
    entry_named,
    user_keys,
)
from agent.cli.scripts.hours import timetable
from agent.cli.session import Session, session_of
from presets_store.rules.scripts.catalogue import RUN_PRESET, TELEGRAM, WEBHOOK

NEEDS_SECRET = {WEBHOOK: ("secret", "Secret, with which requests are signed"), TELEGRAM: ("bot_token", "Bot token")}
"""Of which reactions a secret is asked for: its member in `extra`, and the prompt."""

EventOption = Annotated[
    str,
    typer.Option(
        "--event", metavar="EVENT", help="What it waits for: cuelight script events.", autocompletion=script_events
    ),
]
RunOption = Annotated[
    str,
    typer.Option(
        "--run", metavar="PRESET", help="The preset that it runs, by ID or name.", autocompletion=preset_names
    ),
]
ReactionOption = Annotated[
    str, typer.Option("--reaction", metavar="NAME", help="Another reaction: cuelight script events.")
]
ParamOption = Annotated[
    list[str] | None,
    typer.Option(
        "--param", metavar="K=V", help="Of --run: instead of the preset's own; V may have {count}. Repeatable."
    ),
]
UrlOption = Annotated[str, typer.Option("--url", metavar="URL", help="Of the reaction webhook.")]
ChatOption = Annotated[str, typer.Option("--chat", metavar="ID", help="Of the reaction telegram: number or @name.")]
UserOption = Annotated[
    list[str] | None, typer.Option("--user", metavar="USER", help="Who is notified, by name or ID. Repeatable.")
]
TextOption = Annotated[
    str, typer.Option("--text", metavar="TEXT", help="What the users are told, such as '{count} at {camera}'.")
]
CameraOption = Annotated[
    list[str] | None, typer.Option("--camera", metavar="CAMERA", help="Only for this one of this device. Repeatable.")
]
HoursOption = Annotated[
    list[str] | None,
    typer.Option(
        "--hours",
        metavar="'[DAYS] FROM-TO'",
        help="When it works, such as 08:00-18:00 or 'weekend 22:00-06:00'. Repeatable. Without: always.",
    ),
]
BreakOption = Annotated[
    list[str] | None, typer.Option("--break", metavar="FROM-TO", help="A pause within the hours. Repeatable.")
]
OnlyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--only", metavar="DATE[..DATE]", help="Only on these dates, or from one time to another. Repeatable."
    ),
]
ExceptOption = Annotated[
    list[str] | None, typer.Option("--except", metavar="DATE[..DATE]", help="Not on these dates. Repeatable.")
]
CooldownOption = Annotated[
    int, typer.Option("--cooldown", metavar="SECONDS", min=0, help="After it fired, for so long not again.")
]
DisabledOption = Annotated[bool, typer.Option("--disabled", help="It waits to be enabled.")]


def create(
    context: typer.Context,
    title: Annotated[str, typer.Argument(metavar="TITLE")],
    event: EventOption,
    run: RunOption = "",
    reaction: ReactionOption = "",
    params: ParamOption = None,
    url: UrlOption = "",
    chat: ChatOption = "",
    users: UserOption = None,
    text: TextOption = "",
    cameras: CameraOption = None,
    hours: HoursOption = None,
    breaks: BreakOption = None,
    only: OnlyOption = None,
    excluded: ExceptOption = None,
    cooldown: CooldownOption = 0,
    disabled: DisabledOption = False,
) -> None:
    """Make a script: when EVENT happens, a reaction, for the right people, at the right hours.

    Without --run and --reaction it only notifies. A webhook's secret and a bot's token are asked for, or read from
    standard input.
    """
    session = session_of(context)
    when = timetable(hours or [], breaks or [], only or [], excluded or [])
    known = catalogue(session)
    body = {
        "title": title,
        "event_id": entry_named(known["events"], event, "event")["id"],
        "users": user_keys(session, users or []),
        "status": "inactive" if disabled else "active",
        "cameras": _cameras(session, cameras or []),
        "timetable": when,
        "cooldown_seconds": cooldown,
    }
    extra: dict[str, Any] = {"url": url, "chat_id": chat, "text": text} | _run(session, run, params or [])
    script = session.client.post(SCRIPTS, body | _reaction(known, _reaction_name(reaction, run), extra))
    session.output.answer(script, _stored(script))


def _reaction(known: Record, name: str, extra: Record) -> dict[str, Any]:
    """Members of the request."""
    given = {member: value for member, value in extra.items() if value} | _secret(name)
    if not name:
        return {"extra": given}
    return {"reaction_id": entry_named(known["reactions"], name, "reaction")["id"], "extra": given}


def _reaction_name(reaction: str, run: str) -> str:
    """Raises BadParameters for two, and for a preset that is not named."""
    if run and reaction not in ("", RUN_PRESET):
        raise BadParameters(given=f"--reaction {reaction}", problem="and --run are two reactions; make two scripts")
    if reaction == RUN_PRESET and not run:
        raise BadParameters(given=f"--reaction {reaction}", problem="needs --run PRESET, which alone is enough")
    return RUN_PRESET if run else reaction


def _run(session: Session, preset: str, pairs: list[str]) -> dict[str, Any]:
    """Members of `extra`. Raises BadParameters."""
    if not preset:
        if pairs:
            raise BadParameters(given="--param", problem="needs --run, whose parameters it gives")
        return {}
    return {"preset_id": session.preset_id(preset), "parameters": json.loads(event_parameters("", pairs))}


def _cameras(session: Session, named: list[str]) -> list[int] | None:
    if not named:
        return None
    known = cameras_of(session, "")
    return [camera_named(known, each)["key"] for each in named]


def _secret(reaction: str) -> dict[str, str]:
    if reaction not in NEEDS_SECRET:
        return {}
    member, prompt = NEEDS_SECRET[reaction]
    return {member: read_secret(prompt, "the reaction needs it")}


def _stored(script: Record) -> str:
    state = "is stored" if script["status"] == "active" else "is stored, and waits to be enabled"
    return f"script {script['id']} ({script['title']}) {state}; try it: cuelight script test {script['event']['name']}"
