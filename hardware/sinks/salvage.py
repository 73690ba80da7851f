"""Makes a playable clip of a recording whose writing failed."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from hardware.media import survey
from hardware.mp4 import measure


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What is left: bytes, frames, seconds of media, hash in hexadecimal."""

    size: int
    frames: int
    seconds: float
    sha256: str


def salvage(path: Path) -> Salvaged | None:
    """Cuts `path` after its last whole fragment, durably. None when it has none. Raises OSError, JobFailed."""
    with path.open("r+b") as file:
        layout = measure(file)
        if not layout.playable or layout.fragments == 0:
            return None
        file.truncate(layout.end)
        os.fsync(file.fileno())
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    frames, seconds = survey(path)
    return Salvaged(layout.end, frames, seconds, digest)
