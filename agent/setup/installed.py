"""Where the package has put what its commands need. Loads nothing: the command line starts with it."""

import sys
from pathlib import Path

INSTALLED = Path("/opt/cuelight")
"""Where the package has its environment: its commands take the package's settings file without being told."""
INSTALLED_FILE = Path("/etc/cuelight/cuelight.toml")


def settings_file(given: Path | None, prefix: str = sys.prefix) -> Path | None:
    """The file that `--config` names; without, the package's for the commands of the package, else none."""
    if given is None and Path(prefix) == INSTALLED and INSTALLED_FILE.exists():
        return INSTALLED_FILE
    return given
