"""`cuelight preset export` and `import`: presets as files."""

import importlib
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.options import DeviceOption, ForceOption, PresetArgument
from agent.cli.session import session_of

STANDARD_STREAM = Path("-")
_WORK = "agent.cli.presets.transfer"
"""Loaded by these two commands alone: all others would wait for the models of all parameters."""


def export(
    context: typer.Context,
    preset: PresetArgument,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Where to; - is the standard output.", show_default=False)
    ] = STANDARD_STREAM,
    force: ForceOption = False,
) -> None:
    """Write a preset to a file. A workflow is written with the presets of its steps."""
    importlib.import_module(_WORK).export(session_of(context), preset, file, force=force)


def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What to read; - is the standard input.")],
    device: DeviceOption = "",
) -> None:
    """Store the preset of a file. All of it is checked before anything is stored."""
    importlib.import_module(_WORK).store(session_of(context), file, device)
