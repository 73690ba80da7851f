"""The options of `cuelight setup`."""

from typing import Annotated

import typer

NameOption = Annotated[str | None, typer.Option("--name", metavar="NAME", help="Of this device.", show_default=False)]
ZoneOption = Annotated[
    str | None,
    typer.Option("--zone", metavar="ZONE", help="In which hours are meant: Europe/Berlin.", show_default=False),
]
CameraOption = Annotated[
    list[str] | None,
    typer.Option(
        "--camera", metavar="ADDRESS", help="As `camera find` tells it; auto, rpicam, rtsp://HOST/... Repeatable."
    ),
]
MediaOption = Annotated[
    str | None, typer.Option("--media", metavar="FOLDER", help="For recordings.", show_default=False)
]
UpstreamOption = Annotated[
    str | None, typer.Option("--upstream", metavar="URL", help="https://host/", show_default=False)
]
TokenOption = Annotated[bool, typer.Option("--token", help="Asks for the token that the upstream gave.")]
WifiOption = Annotated[
    str | None, typer.Option("--wifi", metavar="SSID", help="A network to join; asks for its password.")
]
CardOption = Annotated[
    bool | None,
    typer.Option("--sd-card/--no-sd-card", help="Keep the system's journal in memory.", show_default=False),
]
FileOption = Annotated[
    str,
    typer.Option(
        "--from", metavar="FILE", help="A provisioning file; boot: that of the boot partition.", show_default=False
    ),
]
QuietOption = Annotated[bool, typer.Option("--quiet", help="Say nothing unless it fails.")]
