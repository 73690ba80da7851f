"""One-shot work on media files, each in a process of its own: `python -P -m hardware.jobs <name>`.

Arguments are one JSON object on stdin, the result is one on stdout. Exit status 0: the result; 1: `code` and `message`
of a HardwareError. A job may be killed at any moment and repeated.
"""

import hashlib
import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationError

from hardware.durable import write_durably
from hardware.errors import HardwareError, JobFailed
from hardware.media import Inspection, inspect, survey
from hardware.models import ClipFile, Codec, Model
from hardware.mp4 import Layout, measure
from hardware.sinks.mediafile import storage_error
from hardware.sinks.plainfile import PlainFile, make_plain
from hardware.sinks.segment import sidecar_path

_LARGEST_REQUEST = 1 << 20
_INDEX = re.compile(r"-(\d{1,9})$")
_NS = 1_000_000_000


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError("must be absolute")
    return path


AbsolutePath = Annotated[Path, AfterValidator(_absolute)]


class FileRequest(Model):
    """A file job's arguments. `path` is absolute."""

    path: AbsolutePath


class RemuxRequest(FileRequest):
    """Arguments of `remux`. `target` is absolute; it is replaced only with `overwrite`."""

    target: AbsolutePath
    overwrite: bool = False


class FileHash(Model):
    """`size` in bytes, `sha256` in hexadecimal digits."""

    size: int = Field(ge=0)
    sha256: str


def hash_file(arguments: object) -> FileHash:
    """Job `hash`: size and SHA-256 of a file."""
    return _hash(FileRequest.model_validate(arguments).path)


def probe(arguments: object) -> Inspection:
    """Job `probe`: what a media file holds, and whether every picture of it decodes."""
    return inspect(FileRequest.model_validate(arguments).path)


def remux(arguments: object) -> PlainFile:
    """Job `remux`: a plain MP4 of a clip, its packets copied; answers what the new file holds."""
    request = RemuxRequest.model_validate(arguments)
    return make_plain(request.path, request.target, overwrite=request.overwrite)


def recover(arguments: object) -> ClipFile:
    """Job `recover`: closes the segment of a killed recorder; answers its sidecar, which is on disk then.

    A torn tail after the last whole fragment is cut off. A segment that was closed already stays as it is. Without a
    usable sidecar a new one tells what the file itself tells (clock quality `unset`, start from its time of change, no
    boot id).
    """
    path = FileRequest.model_validate(arguments).path
    before = path.stat()
    clip = _read_sidecar(path)
    if clip is not None and clip.closed and clip.size == before.st_size:
        return clip
    layout = _trim(path)
    frames, seconds = survey(path) if layout.playable else (0, 0.0)
    if clip is None:
        clip = _adopt(path, layout, before.st_mtime_ns - round(seconds * _NS))
    digest = _hash(path)
    closed = {"closed": True, "recovered": True, "frames": frames, "seconds": seconds}
    clip = clip.model_copy(update=closed | digest.model_dump())
    write_durably(sidecar_path(path), clip.model_dump_json(indent=1).encode())
    return clip


def _read_sidecar(path: Path) -> ClipFile | None:
    try:
        return ClipFile.model_validate_json(sidecar_path(path).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def _trim(path: Path) -> Layout:
    """Cuts the torn tail off, durably."""
    with path.open("r+b") as file:
        layout = measure(file)
        if layout.fragmented and layout.end < file.seek(0, os.SEEK_END):
            file.truncate(layout.end)
        os.fsync(file.fileno())
    return layout


def _adopt(path: Path, layout: Layout, start_wall_ns: int) -> ClipFile:
    """A sidecar for a segment that has none. Raises JobFailed when the file tells too little."""
    if not layout.playable:
        raise JobFailed(job="recover", reason=f"{path.name} has neither a usable sidecar nor a whole index")
    found = inspect(path, decode=False)
    if found.codec not in tuple(Codec):
        raise JobFailed(job="recover", reason=f"{path.name} holds {found.codec or 'no video'}")
    index = _INDEX.search(path.stem)
    return ClipFile(
        file=path.name,
        index=int(index[1]) if index else 0,
        codec=Codec(found.codec),
        width=found.width,
        height=found.height,
        rate=found.rate,
        encoded=False,
        first_mono_ns=0,
        start_wall_ns=start_wall_ns,
        clock_quality="unset",
        boot_id="",
    )


def _hash(path: Path) -> FileHash:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return FileHash(size=file.tell(), sha256=digest.hexdigest())


JOBS: Mapping[str, Callable[[object], Model]] = MappingProxyType(
    {"hash": hash_file, "probe": probe, "recover": recover, "remux": remux}
)


def run(name: str, request: bytes) -> Model:
    """Runs job `name` with the JSON arguments `request`. Raises JobFailed, StorageFull, StorageFailed."""
    if name not in JOBS:
        raise JobFailed(job=name, reason=f"no such job; there are {', '.join(JOBS)}")
    arguments = None
    try:
        arguments = json.loads(request)
        return JOBS[name](arguments)
    except json.JSONDecodeError as error:
        raise JobFailed(job=name, reason=f"arguments are not JSON: {error}") from error
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise JobFailed(job=name, reason=f"bad arguments: {problems}") from error
    except FileNotFoundError as error:
        raise JobFailed(job=name, reason=f"no file {error.filename!r}") from error
    except OSError as error:
        # without a name it happened on an open file: the one that was given
        raise storage_error(Path(error.filename or FileRequest.model_validate(arguments).path), error) from error


def main() -> int:
    """Entry of the process."""
    try:
        answer = run(sys.argv[1] if len(sys.argv) > 1 else "", sys.stdin.buffer.read(_LARGEST_REQUEST))
        status, text = 0, answer.model_dump_json()
    except HardwareError as error:
        status, text = 1, json.dumps({"code": error.code, "message": str(error)})
    sys.stdout.write(text + "\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
