"""Whether clips can be written."""

import os
import shutil
import tempfile
from pathlib import Path

from agent.checks.base import Finding, Subject, broken, ok, warning

LITTLE = 1_000_000_000
"""Bytes of free space under which there is a warning: about half an hour at 4 Mbit/s."""

NEXT_TO_NOTHING = 100_000_000


def check(subject: Subject) -> Finding:
    folder = subject.settings.media_folder
    place = _existing(folder)
    if not place.is_dir():
        return broken(f"{place} is not a folder; remove it, or name another [media] folder")
    if not os.access(place, os.W_OK | os.X_OK):
        return _closed(place)
    try:
        with tempfile.TemporaryFile(dir=place) as trial:
            trial.write(b"\0" * 4096)
            trial.flush()
            os.fsync(trial.fileno())
    except OSError as error:
        return broken(f"{place} takes no file: {error.strerror}; check the disk")
    return judge_space(folder, shutil.disk_usage(place).free)


def judge_space(folder: Path, free: int) -> Finding:
    """The finding about `free` bytes on the folder's file system."""
    told = f"{free / 1e9:.1f} GB free"
    if free < NEXT_TO_NOTHING:
        return broken(f"{folder}: {told}, too little to record; make room, or name another [media] folder")
    if free < LITTLE:
        return warning(f"{folder}: only {told}; make room soon")
    return ok(f"{folder} is writable, {told}")


def _closed(place: Path) -> Finding:
    owner = place.stat().st_uid
    if owner != os.geteuid():
        return warning(
            f"this user may not write to {place}, so it is not known whether its owner can; ask as user {owner}"
        )
    return broken(f"{place} is not writable; give its owner the right: chmod u+wx {place}")


def _existing(folder: Path) -> Path:
    """The folder, or what is there of the path to it: the agent makes the rest."""
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
