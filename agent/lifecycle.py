"""One agent per state folder."""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from agent.errors import AlreadyRunning


@contextlib.contextmanager
def only_agent(run_folder: Path) -> Iterator[None]:
    """Holds the lock that makes this the only agent of its state folder; the kernel frees it at any death."""
    run_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (run_folder / "agent.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunning(folder=run_folder.parent) from error
        yield
