"""Room for media on the disk: who waits for it, and since when."""

import asyncio
import errno
import logging
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from presets_store.clock import Clock

logger = logging.getLogger(__name__)

LOOK_EVERY = 1.0
"""Seconds between two looks while a recording waits; also the least that it waits."""

PROBE = 1 << 20
"""Bytes that a trial file takes: a quota leaves the numbers of the file system as they are."""

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class Disk:
    """A file system: bytes in all, and those that are free for us."""

    total: int
    free: int


def disk_of(folder: Path) -> Disk:
    """Blocks. Raises OSError."""
    found = os.statvfs(folder)
    return Disk(found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize)


class Room:
    """Shared by whoever writes media and by retention, which makes room.

    `margin`: free bytes from which a recording goes on; `owed`: those that are owed to others before. `scarce`: less
    than the minimum is free, and nothing more may be removed, so that only recordings go on. `changed`: a segment was
    closed since the last look. `wanted` is set while somebody waits. `episodes`: from when to when (epoch s) somebody
    waited, for retention to tell.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._waiting = 0
        self.margin = PROBE
        self.owed: Callable[[], int] = int
        self.scarce = False
        self.changed = False
        self.since = 0.0
        self.wanted = asyncio.Event()
        self.episodes: list[tuple[float, float]] = []

    async def wait(self, stopping: "asyncio.Future[Any]") -> bool:
        """Returns True when there is room, at the earliest after LOOK_EVERY; False when a stop came first."""
        self._waiting += 1
        if not self.since:
            self.since = self._clock.now()
            logger.error("no room for media in %s: recordings wait for it", self._folder)
        self.wanted.set()
        try:
            while not stopping.done():
                looking = asyncio.ensure_future(self._clock.sleep(LOOK_EVERY))
                await asyncio.wait({looking, stopping}, return_when=asyncio.FIRST_COMPLETED)
                looking.cancel()
                if not stopping.done() and await asyncio.to_thread(self._is_there):
                    return True
            return False
        finally:
            self._waiting -= 1
            if not self._waiting:
                self.episodes.append((self.since, self._clock.now()))
                self.since = 0.0

    def _is_there(self) -> bool:
        try:
            if disk_of(self._folder).free < self.margin + self.owed():
                return False
            with tempfile.TemporaryFile(dir=self._folder) as trial:
                os.posix_fallocate(trial.fileno(), 0, min(PROBE, self.margin))
        except OSError as error:
            return error.errno not in NO_ROOM  # what else is wrong, the recording itself will tell
        return True
