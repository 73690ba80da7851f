"""A file that only takes room, so that there is some for the agent's own memory when the disk is full. Blocks."""

import contextlib
import logging
import os
from pathlib import Path

from agent.media.room import Disk, disk_of

logger = logging.getLogger(__name__)

SIZE = 8 << 20
"""Bytes: the database's log is folded into it at 4 MiB."""
SMALL_PART = 16
"""Of a small disk one such part."""
FULL = 128 << 10
"""Free bytes below which the database may soon not be written."""


class Reserve:
    """`reserve` in the state folder: given up on a full disk, taken again when there is room."""

    def __init__(self, state_folder: Path) -> None:
        self.path = state_folder / "reserve"
        self._was_full = False

    def missing(self, disk: Disk) -> int:
        """Bytes that it ought to take on `disk`, and does not."""
        return 0 if self.path.exists() else wanted_on(disk)

    def keep(self, *, waited_for: bool) -> None:
        """Gives it up or takes it, as the disk is now. `waited_for`: the recordings have found the disk full.

        Before they have, they would only take what is given up; a disk that stays full is no recording's doing.
        """
        disk = disk_of(self.path.parent)
        full = disk.free < FULL
        if full and (waited_for or self._was_full):
            self.give_up()
        elif disk.free > 3 * wanted_on(disk) and not self.path.exists():
            self._take(wanted_on(disk))
        self._was_full = full

    def give_up(self) -> bool:
        """Whether there was one."""
        try:
            self.path.unlink()
        except FileNotFoundError:
            return False
        logger.error("the disk of the state folder is full; the reserve is given up for the agent's own memory")
        return True

    def _take(self, size: int) -> None:
        unfinished = self.path.with_suffix(".part")
        try:
            with unfinished.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, size)
            unfinished.replace(self.path)
        except OSError as error:
            logger.warning("no reserve could be taken: %s", error)
        finally:
            with contextlib.suppress(OSError):
                unfinished.unlink(missing_ok=True)


def wanted_on(disk: Disk) -> int:
    """Bytes of a reserve on this disk."""
    return min(SIZE, disk.total // SMALL_PART)
