"""`python -m presets_store.hub`, which is `cuelight hub`."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from presets_store.hub.app import run
from presets_store.hub.settings import load_settings
from presets_store.process.errors import SettingsInvalid

EXIT_SETTINGS = 78
"""As `cuelight run` ends: EX_CONFIG of sysexits.h."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the hub until it is told to stop; answers the exit code."""
    parser = argparse.ArgumentParser(prog="cuelight hub", description="Run the hub of a fleet until told to stop.")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings (TOML)")
    parser.add_argument("--database", metavar="URL", help="sqlite:///PATH or postgresql://USER@HOST/NAME")
    asked = parser.parse_args(arguments)
    if asked.database:
        os.environ["CUELIGHT_HUB_DATABASE"] = asked.database  # which stands above the file
    try:
        return run(load_settings(asked.config))
    except SettingsInvalid as error:
        sys.stderr.write(f"cuelight: {error.message}\n")
        return EXIT_SETTINGS


if __name__ == "__main__":
    sys.exit(main())
