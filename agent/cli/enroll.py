"""`cuelight enroll`: makes this device one of an upstream's, for a token."""

import getpass
import importlib
import sys
from typing import Annotated, Any

import typer

from agent.cli.client import AgentClient
from agent.cli.errors import AgentUnreachable, BadParameters
from agent.cli.session import Session, session_of
from agent.errors import AlreadyRunning

PATH = "/v1/upstream/enrolment"
WITHIN = 75.0
"""Seconds: the agent may wait 30 for the upstream, and as long for a change of the key that is under way."""
_ALONE = "agent.enrolment.alone"
"""What does it without an agent: no other command shall wait for its libraries."""

Answer = dict[str, Any]


def enroll(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="The upstream: https://host/", show_default=False)] = "",
    token: Annotated[
        str,
        typer.Argument(
            metavar="TOKEN",
            help="What it gave. -, or nothing: asked for, or read from standard input.",
            show_default=False,
        ),
    ] = "",
    forget: Annotated[bool, typer.Option("--forget", help="Forget the key pair instead.")] = False,
) -> None:
    """Enroll this device at an upstream: a token against a key pair, which is kept sealed.

    The running agent does it, or the command itself where none runs. A token is good once.
    """
    session = session_of(context)
    if forget == bool(url):
        raise BadParameters(given="enroll", problem="needs either URL and TOKEN, or --forget")
    if forget:
        answer = _done(session, "DELETE", None, "forget")
        session.output.answer(answer, _forgotten(answer))
        return
    secret = _read_token() if token in ("", "-") else token
    answer = _done(session, "POST", {"url": url, "token": secret}, "enroll", url, secret)
    session.output.answer(answer, _enrolled(answer))


def _done(session: Session, method: str, body: Answer | None, alone: str, *arguments: str) -> Answer:
    """What the agent answers, or where none runs, what this process does. Raises as the client and the work do."""
    try:
        found: Answer = AgentClient(session.settings.socket_path, WITHIN).request(method, PATH, body)
    except AgentUnreachable as silent:
        try:
            found = getattr(importlib.import_module(_ALONE), alone)(session.settings, *arguments)
        except AlreadyRunning:  # there is one, and it may have done it: only its answer is missing
            raise silent from None
    return found


def _enrolled(answer: Answer) -> str:
    where = f"this device is device {answer['deviceID']} at {answer['url']}"
    if answer["connected"]:
        return f"{where}; the agent uses its new key from now on"
    return f"{where}; the agent connects when it is started anew: systemctl restart cuelight"


def _forgotten(answer: Answer) -> str:
    if not answer["forgotten"]:
        return "there was no key pair of an enrolment"
    return "the key pair is forgotten; an agent that runs goes on with it until it ends"


def _read_token() -> str:
    """One line, without an echo where somebody sits at a terminal. Raises BadParameters for an empty one."""
    line = getpass.getpass("Token: ") if sys.stdin.isatty() else sys.stdin.readline()
    given = line.strip()
    if not given:
        raise BadParameters(given="the token", problem="is empty")
    return given
