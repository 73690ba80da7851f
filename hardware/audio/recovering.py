"""The job `recover_sound`: closes the file of a killed recorder of sound."""

import os
from fractions import Fraction
from pathlib import Path

from pydantic import ValidationError

from hardware.audio.formats import SoundFormat, format_of
from hardware.audio.holding import is_free
from hardware.durable import write_durably
from hardware.errors import JobFailed
from hardware.models import Model, SoundFile
from hardware.models.files import AbsolutePath
from hardware.sinks.mediafile import storage_error
from hardware.sinks.salvage import hash_of
from hardware.sinks.segment import sidecar_path

_JOB = "recover_sound"

_PATIENCE = 5.0
"""Seconds: a recorder that lost its agent closes its file by itself."""


class _Request(Model):
    path: AbsolutePath


def recover_sound(arguments: object) -> SoundFile:
    """Job `recover_sound`: cuts off what is torn at the end of `path`; answers its sidecar, which is on disk then.

    A file that was closed already stays as it is. `seconds` 0: nothing of it can be played. Raises JobFailed for one
    without a usable sidecar, StorageFull, StorageFailed.
    """
    path = _Request.model_validate(arguments).path
    kind = format_of(path)
    if not is_free(path, _PATIENCE):
        raise JobFailed(job=_JOB, reason=f"{path.name} is still being recorded")
    sound = _read_sidecar(path)
    if kind is None or sound is None:
        raise JobFailed(job=_JOB, reason=f"{path.name} has no usable sidecar of a sound")
    if sound.closed and sound.size == path.stat().st_size:
        return sound
    try:
        seconds = _seconds(path) if _trim(path, kind) else 0.0
        known = {"seconds": seconds, "closed": True, "recovered": True, **hash_of(path).model_dump()}
        sound = sound.model_copy(update=known)
        write_durably(sidecar_path(path), sound.model_dump_json().encode())
    except OSError as error:
        raise storage_error(path, error) from error
    return sound


def _read_sidecar(path: Path) -> SoundFile | None:
    try:
        return SoundFile.model_validate_json(sidecar_path(path).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def _trim(path: Path, kind: SoundFormat) -> bool:
    """Whether there is anything left to hear."""
    with path.open("r+b") as file:
        layout = kind.measure(file)
        if layout.end < file.seek(0, os.SEEK_END):
            file.truncate(layout.end)
        os.fsync(file.fileno())
    return layout.playable and layout.fragments > 0


def _seconds(path: Path) -> float:
    """By the packets."""
    import av

    length = Fraction(0)
    try:
        with av.open(str(path)) as container:
            for packet in container.demux(audio=0):
                length += (packet.duration or 0) * (packet.time_base or Fraction(0))
    except av.FFmpegError as error:
        raise JobFailed(job=_JOB, reason=f"{path.name} cannot be read: {error}") from error
    return float(length)
