"""`cuelight completion`, and what answers the scripts that it prints."""

import logging
import os
from enum import StrEnum
from typing import Annotated

import typer

# Imported there from the modules that define them, without saying so; the lock file holds the release.
from typer.completion import completion_init, get_completion_script  # type: ignore[attr-defined]

from agent.cli.session import session_of

VARIABLE = "_CUELIGHT_COMPLETE"
"""Environment variable by which a shell's script asks for completions."""

WHERE = """\b
Where the scripts go:
  bash  ~/.local/share/bash-completion/completions/cuelight
  zsh   ~/.zfunc/_cuelight, with fpath+=~/.zfunc before compinit in .zshrc
  fish  ~/.config/fish/completions/cuelight.fish
"""


class Shell(StrEnum):
    """Shells for which there is a script."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(
    context: typer.Context,
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", show_default=False)],
) -> None:
    """Print the completion script of a shell."""
    script = get_completion_script(prog_name="cuelight", complete_var=VARIABLE, shell=shell.value)
    output = session_of(context).output
    if output.as_json:
        output.document({"shell": shell.value, "script": script})
    else:
        output.stream.write(script.strip() + "\n")


def prepare() -> None:
    """Gets ready to answer a shell's script, when it is what asks."""
    if VARIABLE in os.environ:
        completion_init()
        logging.disable()
