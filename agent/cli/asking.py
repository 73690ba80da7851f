"""What is never an argument, because arguments are in the list of processes and in a shell's history."""

import getpass
import sys

from agent.cli.errors import BadParameters


def read_secret(prompt: str, empty: str) -> str:
    """One line of standard input; without an echo where somebody sits at a terminal.

    Raises BadParameters for an empty one; `empty` says what to do instead.
    """
    line = getpass.getpass(f"{prompt}: ") if sys.stdin.isatty() else sys.stdin.readline()
    given = line.rstrip("\r\n")
    if not given:
        raise BadParameters(given=prompt, problem=f"is empty; {empty}")
    return given
