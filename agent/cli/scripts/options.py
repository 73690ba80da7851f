"""Arguments that the commands of scripts share."""

from typing import Annotated

import typer

from agent.cli.completion.candidates import script_titles

ScriptArgument = Annotated[
    str, typer.Argument(metavar="SCRIPT", help="ID or title.", show_default=False, autocompletion=script_titles)
]
