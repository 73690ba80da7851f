"""One host process per camera: a lock in the run folder that ends with its holder, however that ends."""

import fcntl
import os
from pathlib import Path


class CameraLock:
    """An flock(2) on `<run folder>/<camera>.lock`. The file stays: removing it would let two holders in."""

    def __init__(self, run_folder: Path, camera_id: str) -> None:
        self._path = run_folder / f"{camera_id}.lock"
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Takes the lock if it is free; True when it is held now. Raises OSError when the folder cannot be used."""
        if self._descriptor is not None:
            return True
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Gives the lock back; harmless when it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
