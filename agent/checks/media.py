"""Whether clips can be written, and the media folder kept within its limits."""

import os
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from agent.checks.base import Finding, NoAnswer, Subject, broken, ok, warning
from agent.media.retention.planning import Policy
from agent.media.retention.policy import policy_of
from agent.media.room import Disk, disk_of

LATELY = timedelta(days=7)

FULL = "storage_full"
"""The code of the incident that a recording had to wait for room."""


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
    disk = disk_of(place)
    space = judge_space(folder, disk, policy_of(subject.settings.media, subject.settings.cameras, disk.total))
    try:
        status = subject.ask("/v1/status")
    except NoAnswer:
        return space
    return judge_status(status) or space


def judge_space(folder: Path, disk: Disk, policy: Policy) -> Finding:
    """The finding about the folder's file system. What is removed to keep the minimum free may come a little late."""
    told = f"{disk.free / 1e9:.1f} GB free"
    if disk.free < policy.floor // 2:
        return broken(f"{folder}: {told}, too little to record; make room, or name another [media] folder")
    if disk.free < 0.9 * policy.min_free:
        return warning(f"{folder}: only {told}; make room soon")
    return ok(f"{folder} is writable, {told}")


def judge_status(status: dict[str, Any]) -> Finding | None:
    """What the agent says about it; None when it has nothing to complain of."""
    media, now = status["media"], datetime.fromisoformat(status["clock"]["now"])
    if media["fullSince"]:
        return broken(f"recordings wait for room since {media['fullSince']}; make room, or unprotect clips")
    if media["unmet"]:
        return warning(f"{'; '.join(media['unmet'])}. Unprotect clips, or change the limits under [media]")
    full = [each for each in status["incidents"] if each["code"] == FULL and each["date"]]
    if any(now - datetime.fromisoformat(each["date"]) < LATELY for each in full):
        return warning(f"{full[-1]['message']}. Raise min_free under [media] if nothing else fills the disk")
    return None


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
