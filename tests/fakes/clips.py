"""Clips as a player and an auditor see them."""

import hashlib
from pathlib import Path

import av

from agent.media.sidecars import MEDIA_SUFFIXES
from hardware.models import ClipFile


def decoded_frames(path: Path) -> int:
    """How many frames a real decoder gets out of the file."""
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def sidecar_of(path: Path) -> ClipFile:
    return ClipFile.model_validate_json(path.with_name(path.name + ".json").read_bytes())


def assert_clips_are_whole(folder: Path) -> None:
    """Every media file has a closed sidecar that tells the truth about it, and plays to its last frame."""
    for path in (path for path in folder.rglob("*") if path.suffix in MEDIA_SUFFIXES):
        sidecar = sidecar_of(path)
        data = path.read_bytes()
        assert sidecar.closed, path
        assert (len(data), hashlib.sha256(data).hexdigest()) == (sidecar.size, sidecar.sha256), path
        assert decoded_frames(path) == sidecar.frames > 0, path
