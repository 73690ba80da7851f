"""Whether somebody still writes a file of sound: a lock on it that ends with its holder, however that ends."""

import fcntl
import os
import time
from pathlib import Path

_LOOK_EVERY = 0.05


def hold(path: Path) -> int:
    """Takes the lock of a file that nobody else has; the descriptor that holds it. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return descriptor


def is_free(path: Path, within: float) -> bool:
    """Whether nobody holds it, at the latest in `within` seconds. Raises OSError when there is no such file."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        deadline = time.monotonic() + within
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    return False
                time.sleep(_LOOK_EVERY)
            else:
                return True
    finally:
        os.close(descriptor)
