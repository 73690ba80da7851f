"""`cuelight run`: the agent. Imports as little as possible besides it."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from agent.cli.errors import exit_code
from agent.setup.installed import settings_file
from agent.setup.loading import load_settings
from agent.startup.process import run
from hardware.client import Prespawned
from presets_store.errors import CuelightError


def main(arguments: Sequence[str], spawned: Prespawned | None = None) -> int:
    """Runs the agent until it is told to stop. `arguments`: `run [--config FILE] [--first-preset]`.

    `spawned`: a camera host that was started before this module was imported.
    """
    asked = _parser().parse_args(arguments)
    try:
        return run(load_settings(settings_file(asked.config)), first_preset=asked.first_preset, spawned=spawned)
    except CuelightError as error:
        sys.stderr.write(f"cuelight: {error.message}\n")
        return exit_code(error)


def _parser() -> argparse.ArgumentParser:
    # The help is that of the whole command line (agent.cli.main), which lists the same options.
    parser = argparse.ArgumentParser(
        prog="cuelight", usage="cuelight run [OPTIONS]", add_help=False, allow_abbrev=False
    )
    parser.add_argument("command", choices=["run"])
    parser.add_argument("--config", type=Path)
    parser.add_argument("--first-preset", action="store_true")
    return parser
