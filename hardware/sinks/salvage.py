"""What is left of a recording whose writing was cut off: by a kill, by a failing disk."""

import hashlib
import os
from pathlib import Path

from pydantic import Field

from hardware.containers.layout import Layout
from hardware.containers.table import container_of
from hardware.media import survey
from hardware.models import Model


class FileHash(Model):
    """`size` in bytes, `sha256` in hexadecimal digits."""

    size: int = Field(ge=0)
    sha256: str


class Salvaged(FileHash):
    """What is left: `frames` and `seconds` of media; none when nothing of it can be played."""

    frames: int
    seconds: float
    playable: bool


def hash_of(path: Path) -> FileHash:
    """Size and SHA-256 of a file. Raises OSError."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return FileHash(size=file.tell(), sha256=digest.hexdigest())


def salvage(path: Path) -> Salvaged:
    """Cuts the torn tail of `path` off, durably, and looks at what is left. Raises OSError, JobFailed."""
    layout = _trim(path)
    empty = not layout.playable or (layout.fragmented and layout.fragments == 0)
    frames, seconds = (0, 0.0) if empty else survey(path)
    return Salvaged(frames=frames, seconds=seconds, playable=layout.playable, **hash_of(path).model_dump())


def _trim(path: Path) -> Layout:
    container = container_of(path)
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        if container is None:
            return Layout(playable=False, fragmented=False, fragments=0, end=size)
        layout = container.measure(file)
        if layout.fragmented and layout.end < size:
            file.truncate(layout.end)
        os.fsync(file.fileno())
    return layout
