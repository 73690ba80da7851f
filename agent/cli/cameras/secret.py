"""`cuelight camera secret`: the password of a camera behind a network, kept sealed on the device."""

import getpass
import sys
from typing import Annotated
from urllib.parse import quote

import typer

from agent.cli.errors import BadParameters
from agent.cli.session import session_of

CameraArgument = Annotated[str, typer.Argument(metavar="CAMERA", help="Its id in the settings, its name or its ID.")]


def secret(
    context: typer.Context,
    camera: CameraArgument,
    clear: Annotated[bool, typer.Option("--clear", help="Forget it.")] = False,
) -> None:
    """Keep a camera's password on this device, sealed.

    It is asked for, or read from standard input; it is never shown again. The camera is opened anew with it.
    """
    session = session_of(context)
    path = f"/v1/camera/{quote(camera, safe='')}/secret"
    if clear:
        answer = session.client.request("DELETE", path)
        session.output.answer(answer, f"camera {answer['cameraID']} has no secret any more")
        return
    answer = session.client.request("PUT", path, {"secret": _read_secret()})
    session.output.answer(answer, f"camera {answer['cameraID']} has its secret, and is opened anew with it")


def _read_secret() -> str:
    """One line, without an echo where somebody sits at a terminal. Raises BadParameters for an empty one."""
    line = getpass.getpass("Secret: ") if sys.stdin.isatty() else sys.stdin.readline()
    given = line.rstrip("\r\n")
    if not given:
        raise BadParameters(given="the secret", problem="is empty; to forget the one that is kept: --clear")
    return given
