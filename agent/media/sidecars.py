"""The sidecars of clips (`<file>.json`, hardware.models.ClipFile)."""

from pathlib import Path

from pydantic import ValidationError

from hardware.models import ClipFile

SIDECAR = ".json"
MAX_SIDECAR = 64 * 1024
MEDIA_SUFFIXES = {".mp4", ".mkv", ".ts"}


def read_sidecar(path: Path) -> ClipFile | None:
    """The sidecar, or None when it is not one, or that of another file."""
    try:
        if path.stat().st_size > MAX_SIDECAR:
            return None
        file = ClipFile.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
    return file if file.file == path.with_suffix("").name else None
