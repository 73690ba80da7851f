"""Whether the seal key is there, whole, and for its owner alone."""

import stat
from pathlib import Path

from agent.checks.base import Finding, Subject, broken, ok
from presets_store.credentials import SEAL_KEY

KEY_BYTES = 32

CREDENTIALS = Path("/run/credentials/cuelight.service")
"""What systemd has for the service while that runs."""


def check(subject: Subject) -> Finding:
    file = subject.settings.seal_key_file
    if not file.exists():
        return _missing(file, has_database=subject.settings.database_file.exists())
    status = file.stat()
    if not stat.S_ISREG(status.st_mode):
        return broken(f"{file} is not a regular file; restore the seal key from a backup")
    if stat.S_IMODE(status.st_mode) & 0o077:
        return broken(f"others may read {file} ({stat.filemode(status.st_mode)}); run: chmod 600 {file}")
    if status.st_size != KEY_BYTES:
        return broken(f"{file} has {status.st_size} bytes instead of {KEY_BYTES}; restore the seal key from a backup")
    return ok(f"{file} is there, for its owner alone")


def _missing(file: Path, *, has_database: bool) -> Finding:
    if _handed_over():
        return ok("systemd hands it over as a credential")
    if has_database:
        return broken(f"{file} is missing, so the access keys cannot be opened; restore it from a backup")
    return ok(f"there is none yet; the agent makes {file} at its first start")


def _handed_over() -> bool:
    try:
        return (CREDENTIALS / SEAL_KEY).exists()
    except PermissionError:  # root alone may look
        return False
