"""The witness journal of a source: what really happened at the camera, told by nobody but the camera."""

import json
import os
import time
from pathlib import Path

from hardware.boot import boot_id
from hardware.durable import sync_folder
from hardware.errors import StorageFailed


class WitnessJournal:
    """A file with one JSON object a line, each on disk before `append` returns.

    Members: `what` (`open`, `start`, `end`, `close`), `camera`, `consumer` (empty for `open` and `close`), `pid`,
    `boot_id`, `mono_ns`. A line is one write with O_APPEND, so processes that share a journal never mix their lines.
    Holds no descriptor between calls.
    """

    def __init__(self, path: Path, camera: str) -> None:
        self._path = path
        self._camera = camera
        self._boot_id = boot_id()

    def append(self, what: str, consumer: str = "") -> None:
        """Writes one line and waits for the disk. Raises StorageFailed."""
        entry = {
            "what": what,
            "camera": self._camera,
            "consumer": consumer,
            "pid": os.getpid(),
            "boot_id": self._boot_id,
            "mono_ns": time.monotonic_ns(),
        }
        try:
            self._write(json.dumps(entry).encode() + b"\n")
        except OSError as error:
            raise StorageFailed(path=str(self._path), reason=error.strerror or str(error)) from error

    def _write(self, line: bytes) -> None:
        is_new = not self._path.exists()
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.write(descriptor, line) != len(line):
                raise OSError("short write")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if is_new:
            sync_folder(self._path.parent)


def read_journal(path: Path) -> list[dict[str, object]]:
    """The entries of a journal, oldest first; an unfinished last line (a kill in the write) is left out."""
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")[:-1]
    return [json.loads(line) for line in lines]
