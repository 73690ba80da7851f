"""`cuelight channel add`, `list`, `test`, `remove`: where users are told."""

from typing import Annotated, Any

import typer

from agent.cli.asking import read_secret
from agent.cli.client import AgentClient
from agent.cli.completion.candidates import channel_names
from agent.cli.errors import BadParameters
from agent.cli.exit_codes import ExitCode
from agent.cli.options import YesOption
from agent.cli.people.users import user_named
from agent.cli.scripts.described import CHANNELS
from agent.cli.scripts.finding import CHANNELS as PATH
from agent.cli.scripts.finding import channel_named, pages_of
from agent.cli.scripts.hours import DAILY, day_range
from agent.cli.session import session_of

PATIENCE = 90.0
"""Seconds that a test may take: more than the agent gives it."""

ChannelArgument = Annotated[
    str, typer.Argument(metavar="CHANNEL", help="ID or name.", show_default=False, autocompletion=channel_names)
]


def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="For people, such as 'mail'.")],
    user: Annotated[str, typer.Option("--user", metavar="USER", help="Whom it tells, by name or ID.")],
    quiet: Annotated[
        list[str] | None,
        typer.Option(
            "--quiet",
            metavar="'[DAYS] FROM-TO'",
            help="Hours in which nothing is told, such as 22:00-07:00; at their end what gathered.",
        ),
    ] = None,
    device_may_send: Annotated[
        bool,
        typer.Option("--device-may-send", help="Devices get it, to tell the user themselves when they have no link."),
    ] = False,
) -> None:
    """Add a channel: an Apprise URL, which is asked for, or read from standard input.

    It is a secret: kept sealed, and never shown again. Mail is mailtos://USER:PASSWORD@HOST/?to=ADDRESS; more than a
    hundred services are described at https://github.com/caronc/apprise/wiki
    """
    session = session_of(context)
    body = {
        "name": name,
        "user_id": user_named(session, user)["key"],
        "url": read_secret("URL", "right is one such as mailtos://USER:PASSWORD@HOST"),
        "device_may_send": device_may_send,
        "quiet": _quiet(quiet or []),
    }
    channel = session.client.post(PATH, body)
    key = channel["id"]
    text = f"channel {key} ({name}) tells {channel['user_name']}; try it with: cuelight channel test {key}"
    session.output.answer(channel, text)


def list_channels(context: typer.Context) -> None:
    """List the channels; of an URL only what is no secret is shown."""
    session = session_of(context)
    empty = "no channels yet; make one with: cuelight channel add"
    session.output.table(list(pages_of(session, PATH)), CHANNELS, empty=empty)


def try_out(context: typer.Context, channel: ChannelArgument) -> None:
    """Send a test by a channel, and say what became of it."""
    session = session_of(context)
    record = channel_named(session, channel)
    patient = AgentClient(session.settings.socket_path, PATIENCE)
    answer = patient.post(f"{PATH}/{record['id']}/test", {})
    sentence, style = _told(record, answer)
    session.output.answer(answer, sentence, style)
    if answer["outcome"] == "failed":
        raise typer.Exit(ExitCode.FAILED)


def remove(context: typer.Context, channel: ChannelArgument, yes: YesOption = False) -> None:
    """Remove a channel. What waits there is not told."""
    session = session_of(context)
    record = channel_named(session, channel)
    session.confirm(f"Remove {_named(record)}?", yes=yes)
    session.client.request("DELETE", f"{PATH}/{record['id']}")
    session.output.answer({"id": record["id"], "removed": True}, f"{_named(record)} is removed")


def _told(record: dict[str, Any], answer: dict[str, Any]) -> tuple[str, str]:
    match answer["outcome"]:
        case "sent":
            return f"a test was sent by {_named(record)}", "green"
        case "failed":
            return f"{_named(record)} does not work: {answer['reason']}", "bold red"
        case _:
            return f"the test by {_named(record)} waits its turn", "yellow"


def _named(record: dict[str, Any]) -> str:
    return f"channel {record['id']} ({record['name']})"


def _quiet(given: list[str]) -> dict[str, Any] | None:
    """One range of the day; its days may be several types. Raises BadParameters."""
    ranges = [day_range("--quiet", text) for text in given]
    if not ranges:
        return None
    first = ranges[0][1]
    if any(span != first for _, span in ranges):
        raise BadParameters(given="--quiet", problem="names different hours; a channel has one range of quiet hours")
    kinds = [kind for kind, _ in ranges]
    return {**first, **({} if DAILY in kinds else {"days": kinds})}
