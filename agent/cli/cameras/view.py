"""`cuelight camera snapshot` and `view`: what a camera sees."""

from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from agent.cli.errors import FileExists, FileUnusable
from agent.cli.options import ForceOption
from agent.cli.output import Fact
from agent.cli.session import session_of
from agent.sizes import human_size

CameraArgument = Annotated[str, typer.Argument(metavar="CAMERA", help="ID, name or key.")]


def snapshot(
    context: typer.Context,
    camera: CameraArgument,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="The file. Default: <camera>.jpg")
    ] = None,
    width: Annotated[int, typer.Option("--width", metavar="N", help="At most so many pixels; 0: as it comes.")] = 0,
    force: ForceOption = False,
) -> None:
    """Save a picture of this moment. No event, and nothing is kept on the device: for that there are photos."""
    session = session_of(context)
    file = output or Path(f"{Path(camera).name or 'camera'}.jpg")
    if file.exists() and not force:
        raise FileExists(path=file)
    jpeg = session.client.download(f"/v1/camera/{quote(camera, safe='')}/snapshot?width={width}")
    try:
        file.write_bytes(jpeg)
    except OSError as error:
        raise FileUnusable(path=file, done="written", reason=error.strerror) from error
    session.output.answer({"path": str(file), "size": len(jpeg)}, f"{file} has {human_size(len(jpeg))}")


def view(
    context: typer.Context,
    camera: CameraArgument,
    minutes: Annotated[
        int, typer.Option("--minutes", metavar="N", min=1, max=24 * 60, help="How long the link is good.")
    ] = 60,
) -> None:
    """Make a link to a camera's moving pictures, for a browser. Whoever has it can look, and do nothing else."""
    session = session_of(context)
    link = session.client.post(f"/v1/camera/{quote(camera, safe='')}/viewlink", {"lifetimeSeconds": minutes * 60})
    facts = [
        Fact("moving", link["address"] + link["mjpeg"]),
        Fact("still", link["address"] + link["snapshot"]),
        Fact("until", link["expiresDate"]),
    ]
    session.output.description(link, facts)
