"""What the helper reads of the settings file: only what root alone may have written counts."""

import os
import stat
import tomllib
from base64 import b64decode
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cuelight_helper.errors import HelperError
from cuelight_helper.places import Places

KEY_BYTES = 32
LARGEST = 1 << 20


@dataclass(frozen=True)
class Settings:
    """`public_key`: raw, empty for none."""

    public_key: bytes = b""
    allow_downgrade: bool = False
    state_folder: Path = Path("/var/lib/cuelight")
    socket: Path = Path("/run/cuelight/api.sock")


def read_settings(places: Places) -> Settings:
    """Raises HelperError for a file that others than its owner may write, or that is none."""
    try:
        descriptor = os.open(places.settings, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return _of({}, places)
    except OSError as error:
        raise HelperError(f"{places.settings} cannot be read: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
            raise HelperError(f"{places.settings} is not used: it must belong to root, and nobody else may write it")
        try:
            return _of(tomllib.loads(file.read(LARGEST).decode()), places)
        except ValueError as error:
            raise HelperError(f"{places.settings} cannot be read: {error}") from error


def _of(document: dict[str, Any], places: Places) -> Settings:
    update, api = document.get("update", {}), document.get("api", {})
    try:
        key = b64decode(str(update.get("public_key", "")), validate=True)
    except ValueError:
        key = b""
    state = places.at(str(document.get("state_folder", "/var/lib/cuelight")))
    return Settings(
        public_key=key if len(key) == KEY_BYTES else b"",
        allow_downgrade=update.get("allow_downgrade") is True,
        state_folder=state,
        socket=places.at(str(api["socket"])) if api.get("socket") else state / "api.sock",
    )
