"""Makes a plain MP4 of a fragmented one: for players that want the index in front, with the true length in it."""

import hashlib
import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from hardware.durable import sync_folder
from hardware.errors import JobFailed
from hardware.media import survey
from hardware.models import Model
from hardware.sinks.mediafile import storage_error

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer
    from av.stream import Stream

_JOB = "remux"
_CLOCK_SLACK = 0.001
"""Seconds by which the length may differ: the streams' time bases may."""


class PlainFile(Model):
    """A plain MP4 as it was read again: `size` in bytes, `seconds` and `frames` of video, `sha256` in hexadecimal."""

    path: Path
    size: int
    seconds: float
    frames: int
    sha256: str


def make_plain(source: Path, target: Path, *, overwrite: bool = False) -> PlainFile:
    """Copies the packets of `source` with their time stamps into `target`, a plain MP4 with its index in front.

    `target` is there as a whole and durably, or not at all, also after a kill; it is replaced only with `overwrite`.
    What follows a damaged place of `source` is not in it: `frames` tells.
    Raises JobFailed (no media, target there, something lost on the way), StorageFull, StorageFailed.
    """
    _check_target(source, target, overwrite)
    temporary = target.with_name(f".{target.name}.new")
    frames, seconds = survey(source)
    try:
        with ExitStack() as undo:
            undo.callback(temporary.unlink, missing_ok=True)
            _copy(source, temporary)
            plain = _read_again(temporary, target)
            if plain.frames != frames or abs(plain.seconds - seconds) > _CLOCK_SLACK:
                lost = f"{plain.frames} frames and {plain.seconds:.3f} s arrived of {frames} and {seconds:.3f} s"
                raise JobFailed(job=_JOB, reason=lost)
            _check_target(source, target, overwrite)
            temporary.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        raise storage_error(target, error) from error
    return plain


def _check_target(source: Path, target: Path, overwrite: bool) -> None:
    reason = ""
    if not target.parent.is_dir():
        reason = f"{str(target.parent)!r} is no folder"
    elif target.exists():
        if not target.is_file():
            reason = f"{str(target)!r} is no file"
        elif source.exists() and target.samefile(source):
            reason = "source and target are the same file"
        elif not overwrite:
            reason = f"{str(target)!r} is there already"
    if reason:
        raise JobFailed(job=_JOB, reason=reason)


def _copy(source: Path, target: Path) -> None:
    """All packets of sound and picture. Raises JobFailed, OSError."""
    import av

    try:
        with av.open(str(source)) as media, av.open(str(target), "w", "mp4", {"movflags": "+faststart"}) as plain:
            _copy_packets(media, plain)
    except av.FFmpegError as error:
        if isinstance(error, OSError):
            raise
        raise JobFailed(job=_JOB, reason=f"{source.name} cannot be copied: {error}") from error


def _copy_packets(media: "InputContainer", plain: "OutputContainer") -> None:
    copies: dict[int, Stream] = {}
    for stream in (*media.streams.video[:1], *media.streams.audio):
        copies[stream.index] = plain.add_stream_from_template(stream)
    if not media.streams.video:
        raise JobFailed(job=_JOB, reason="the file holds no video")
    for packet in media.demux([media.streams[index] for index in copies]):
        if packet.size:  # an empty one is PyAV's mark of the end
            packet.stream = copies[packet.stream.index]
            plain.mux(packet)


def _read_again(file: Path, target: Path) -> PlainFile:
    with file.open("rb") as written:
        os.fsync(written.fileno())
        digest = hashlib.file_digest(written, "sha256").hexdigest()
        size = written.tell()
    frames, seconds = survey(file)
    return PlainFile(path=target, size=size, seconds=seconds, frames=frames, sha256=digest)
