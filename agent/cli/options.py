"""Arguments and options that several commands share."""

from typing import Annotated

import typer

from agent.cli.completion.candidates import device_names, event_types, preset_names

DeviceOption = Annotated[
    str,
    typer.Option(
        "--device",
        metavar="DEVICE",
        help="Serial number, name or ID. Without: this device.",
        show_default=False,
        autocompletion=device_names,
    ),
]
PresetArgument = Annotated[
    str, typer.Argument(metavar="PRESET", help="ID or name.", show_default=False, autocompletion=preset_names)
]
EventTypeArgument = Annotated[
    str,
    typer.Argument(metavar="EVENT_TYPE", help="Such as Video_Start_recording; or its ID.", autocompletion=event_types),
]
PairsOption = Annotated[
    list[str] | None,
    typer.Option("--param", metavar="K=V", help="One parameter; V is JSON, or else text. Repeatable."),
]
DocumentOption = Annotated[
    str, typer.Option("--params", metavar="JSON", help="All parameters as a JSON object.", show_default=False)
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace a file that is there.")]
