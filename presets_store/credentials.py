"""What systemd hands a service over: credentials. Apart from the sealing, whose libraries settings need not load."""

import os
from pathlib import Path

SEAL_KEY = "cuelight.seal_key"
"""The credential that is the seal key."""


def credentials_folder() -> Path | None:
    """The folder of those of this service, if it has any."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
    return Path(folder) if folder else None


def key_file(file: Path) -> Path:
    """The seal key that systemd hands this service as a credential, if it does; else `file`."""
    folder = credentials_folder()
    return folder / SEAL_KEY if folder and (folder / SEAL_KEY).exists() else file
