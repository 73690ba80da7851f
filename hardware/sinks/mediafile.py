"""A media file as the muxer writes it: in pieces that are whole, no seeking, hashed on the way, failures kept."""

import errno
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from hardware.errors import HardwareError, StorageFailed, StorageFull

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)

_MOST_PARTS = 256
"""Of one call; the system takes 1,024."""


def storage_error(path: Path, error: OSError) -> HardwareError:
    """StorageFull or StorageFailed for what the system said about writing `path`."""
    if error.errno in _NO_SPACE:
        return StorageFull(folder=str(path.parent))
    return StorageFailed(path=str(path), reason=error.strerror or str(error))


class MediaFile:
    """A new file that PyAV writes to. Raises StorageFull, StorageFailed, and FileExistsError: nothing is overwritten.

    With `gathers` what it takes waits for the next `flush`. After a failure (`failure`) it takes what comes and writes
    nothing, so that the muxer can be closed.
    """

    def __init__(self, path: Path, *, gathers: bool = False) -> None:
        self.path = path
        self.size = 0
        self.failure: OSError | None = None
        self._hash = hashlib.sha256()
        self._gathers = gathers
        self._waiting: list[bytes] = []
        try:
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        except FileExistsError:
            raise
        except OSError as error:
            raise storage_error(path, error) from error

    def write(self, data: bytes) -> int:
        """Takes `data` and answers its length."""
        if self._gathers:
            self._waiting.append(data)
        else:
            self._try((data,))
        return len(data)

    def flush(self) -> None:
        """Writes what waits; a failure is kept."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            self._try(waiting)

    def write_all(self, parts: Sequence[bytes]) -> None:
        """Takes them, in one call of the system where it takes as many."""
        if self._gathers:
            self._waiting.extend(parts)
        else:
            self._try(parts)

    def _try(self, parts: Sequence[bytes]) -> None:
        if self.failure is None:
            try:
                self._write(parts)
            except OSError as error:
                self.failure = error

    def _write(self, parts: Sequence[bytes]) -> None:
        for first in range(0, len(parts), _MOST_PARTS):
            several = parts[first : first + _MOST_PARTS]
            written = os.writev(self._descriptor, several)
            self.size += written
            for part in several:
                if written < len(part):  # the disk is full, or nearly: what is missing tells
                    self._write_rest(memoryview(part)[written:])
                written = max(0, written - len(part))
                self._hash.update(part)

    def _write_rest(self, rest: memoryview) -> None:
        while rest:
            written = os.write(self._descriptor, rest)
            rest = rest[written:]
            self.size += written

    @property
    def sha256(self) -> str:
        """Hash of what was written, in hexadecimal; means nothing after a failure."""
        return self._hash.hexdigest()

    def sync(self) -> None:
        """Waits until the disk has the file. Raises OSError."""
        os.fsync(self._descriptor)

    def release(self) -> None:
        """Closes the descriptor; harmless when done twice. Not named `close`: the muxer would call that too early."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
