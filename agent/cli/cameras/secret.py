"""`cuelight camera secret`: the password of a camera behind a network, kept sealed on the device."""

from typing import Annotated
from urllib.parse import quote

import typer

from agent.cli.asking import read_secret
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
    answer = session.client.request(
        "PUT", path, {"secret": read_secret("Secret", "to forget the one that is kept: --clear")}
    )
    session.output.answer(answer, f"camera {answer['cameraID']} has its secret, and is opened anew with it")
