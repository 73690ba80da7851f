"""Keeps open media files durable while they grow: a power cut costs at most the open second."""

import os
import threading
from pathlib import Path

_PERIOD = 0.25
"""Seconds between looks. A file grows once a second, when its fragment is whole."""


class Synced:
    """A growing file that the thread looks after, through a descriptor of its own. `failure` is what fsync said."""

    def __init__(self, path: Path) -> None:
        self.failure: OSError | None = None
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._size = 0
        self._lock = threading.Lock()

    def look(self) -> None:
        """Waits for the disk when the file has grown."""
        with self._lock:
            if self._descriptor < 0:
                return
            try:
                size = os.fstat(self._descriptor).st_size
                if size != self._size:
                    os.fsync(self._descriptor)
                    self._size = size
            except OSError as error:
                self.failure = error

    def release(self) -> None:
        """Closes the descriptor, after an fsync that is under way."""
        with self._lock:
            os.close(self._descriptor)
            self._descriptor = -1


class Syncer:
    """One thread for all files of a host, asleep while there are none."""

    def __init__(self) -> None:
        self._files: list[Synced] = []
        self._change = threading.Condition()
        threading.Thread(target=self._run, name="fsync", daemon=True).start()

    def add(self, path: Path) -> Synced:
        """Looks after `path` from now on. Raises OSError."""
        file = Synced(path)
        with self._change:
            self._files.append(file)
            self._change.notify()
        return file

    def remove(self, file: Synced) -> None:
        """Looks after `file` no more; harmless when done twice."""
        with self._change:
            if file not in self._files:
                return
            self._files.remove(file)
        file.release()

    def _run(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._files)
                files = tuple(self._files)
                self._change.wait(_PERIOD)
            for file in files:
                file.look()
