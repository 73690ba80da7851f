"""Keeps open media files durable while they grow: a power cut costs at most the open second."""

import os
import threading
from pathlib import Path


class Synced:
    """A growing file that the thread looks after, through a descriptor of its own. `failure` is what fsync said."""

    def __init__(self, path: Path) -> None:
        self.grown = False
        self.failure: OSError | None = None
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._lock = threading.Lock()

    def sync(self) -> None:
        """Waits for the disk."""
        with self._lock:
            if self._descriptor >= 0:
                try:
                    os.fsync(self._descriptor)
                except OSError as error:
                    self.failure = error

    def release(self) -> None:
        """Closes the descriptor, after an fsync that is under way."""
        with self._lock:
            os.close(self._descriptor)
            self._descriptor = -1


class Syncer:
    """One thread for all files of a host, asleep while none grows."""

    def __init__(self) -> None:
        self._files: list[Synced] = []
        self._change = threading.Condition()
        threading.Thread(target=self._run, name="fsync", daemon=True).start()

    def add(self, path: Path) -> Synced:
        """Looks after `path` from now on. Raises OSError."""
        file = Synced(path)
        with self._change:
            self._files.append(file)
        return file

    def remove(self, file: Synced) -> None:
        """Looks after `file` no more; harmless when done twice."""
        with self._change:
            if file not in self._files:
                return
            self._files.remove(file)
        file.release()

    def grew(self, file: Synced) -> None:
        """Something was written to `file`, which is made durable soon."""
        with self._change:
            file.grown = True
            self._change.notify()

    def _run(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: any(file.grown for file in self._files))
                grown = [file for file in self._files if file.grown]
                for file in grown:
                    file.grown = False
            for file in grown:
                file.sync()
