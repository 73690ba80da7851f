"""The sidecars of clips and sounds (`<file>.json`, hardware.models.ClipFile and SoundFile)."""

from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from hardware.models import ClipFile, SoundFile

SIDECAR = ".json"
MAX_SIDECAR = 64 * 1024
MEDIA_SUFFIXES = {".mp4", ".mkv", ".ts"}
SOUND_SUFFIXES = {".ogg", ".oga", ".m4a"}

DOWNLOADS = "downloads"
"""The folder in the media folder for files that were fetched: nothing in there was recorded here."""

Sidecar = TypeVar("Sidecar", ClipFile, SoundFile)


def read_sidecar(path: Path) -> ClipFile | None:
    """The sidecar, or None when it is not one, or that of another file."""
    return _read(ClipFile, path)


def read_sound_sidecar(path: Path) -> SoundFile | None:
    """The same of a sound recording."""
    return _read(SoundFile, path)


def _read(kind: type[Sidecar], path: Path) -> Sidecar | None:
    try:
        if path.stat().st_size > MAX_SIDECAR:
            return None
        file = kind.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
    return file if file.file == path.with_suffix("").name else None
