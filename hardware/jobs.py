"""One-shot work on media files and devices, each in a process of its own: `python -P -m hardware.jobs <name>`.

Arguments are one line of JSON on stdin, the result is one on stdout. Exit status 0: the result; 1: `code` and `message`
of a HardwareError. Before it a job may tell how far it is (`hardware.telling`). It may be killed at any moment and
repeated.
"""

import contextlib
import importlib
import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError

from hardware.box.usb import reset_job
from hardware.durable import write_durably
from hardware.errors import HardwareError, JobFailed
from hardware.media import Inspection, inspect
from hardware.models import ClipFile, Codec, Model
from hardware.models.files import AbsolutePath
from hardware.sinks.mediafile import storage_error
from hardware.sinks.plainfile import PlainFile, make_plain
from hardware.sinks.salvage import FileHash, hash_of, salvage
from hardware.sinks.segment import sidecar_path, thumbnail_path
from hardware.v4l2.finding import find_cameras

_LARGEST_REQUEST = 1 << 20
_INDEX = re.compile(r"-(\d{1,9})$")
_NS = 1_000_000_000


class FileRequest(Model):
    """A file job's arguments. `path` is absolute."""

    path: AbsolutePath


class RemuxRequest(FileRequest):
    """Arguments of `remux`. `target` is absolute; it is replaced only with `overwrite`."""

    target: AbsolutePath
    overwrite: bool = False


def hash_file(arguments: object) -> FileHash:
    """Job `hash`: size and SHA-256 of a file."""
    return hash_of(FileRequest.model_validate(arguments).path)


def probe(arguments: object) -> Inspection:
    """Job `probe`: what a media file holds, and whether every picture of it decodes."""
    return inspect(FileRequest.model_validate(arguments).path)


def remux(arguments: object) -> PlainFile:
    """Job `remux`: a plain MP4 of a clip, its packets copied; answers what the new file holds."""
    request = RemuxRequest.model_validate(arguments)
    return make_plain(request.path, request.target, overwrite=request.overwrite)


def recover(arguments: object) -> ClipFile:
    """Job `recover`: closes the segment of a killed recorder; answers its sidecar, which is on disk then.

    What is torn at its end is cut off (see `hardware.containers`). A segment that was closed already stays as it is.
    Without a usable sidecar a new one tells what the file itself tells (clock quality `unset`, start from its time of
    change, no boot id).
    """
    path = FileRequest.model_validate(arguments).path
    before = path.stat()
    clip = _read_sidecar(path)
    if clip is not None and clip.closed and clip.size == before.st_size:
        return clip
    left = salvage(path)
    if clip is None:
        clip = _adopt(path, left.playable, before.st_mtime_ns - round(left.seconds * _NS))
    thumbnail = thumbnail_path(path)
    known = left.model_dump(exclude={"playable"}) | {"thumbnail": thumbnail.name if thumbnail.exists() else ""}
    clip = clip.model_copy(update=known | {"closed": True, "recovered": True})
    write_durably(sidecar_path(path), clip.model_dump_json(indent=1).encode())
    return clip


def _read_sidecar(path: Path) -> ClipFile | None:
    try:
        return ClipFile.model_validate_json(sidecar_path(path).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def _adopt(path: Path, playable: bool, start_wall_ns: int) -> ClipFile:
    """A sidecar for a segment that has none. Raises JobFailed when the file tells too little."""
    if not playable:
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


Job = Callable[[object], Model]


def _loaded_late(module: str, name: str) -> Job:
    """The job `name` of `module`, which loads codecs and the like: no other job waits for them."""

    def job(arguments: object) -> Model:
        done: Model = getattr(importlib.import_module(module), name)(arguments)
        return done

    return job


JOBS: Mapping[str, Job] = MappingProxyType(
    {
        "cameras": find_cameras,
        "edit": _loaded_late("hardware.editing.edit", "edit"),
        "hash": hash_file,
        "probe": probe,
        "recover": recover,
        "remux": remux,
        "record_sound": _loaded_late("hardware.audio.recording", "record_sound"),
        "recover_sound": _loaded_late("hardware.audio.recovering", "recover_sound"),
        "usb_reset": reset_job,
    }
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
        answer = run(sys.argv[1] if len(sys.argv) > 1 else "", sys.stdin.buffer.readline(_LARGEST_REQUEST))
        status, text = 0, answer.model_dump_json()
    except HardwareError as error:
        status, text = 1, json.dumps({"code": error.code, "message": str(error)})
    with contextlib.suppress(BrokenPipeError):  # whoever asked may be gone
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    return status


if __name__ == "__main__":
    os._exit(main())  # daemon threads may be inside a codec or a driver: the interpreter must not tear itself down
