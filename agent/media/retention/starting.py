"""A device whose disk is full must start all the same: room for its own memory, before that is opened. Blocks."""

import logging
import time
from pathlib import Path

from agent.media.retention.burial import remove
from agent.media.retention.inventory import Inventory
from agent.media.retention.planning import Policy, plan
from agent.media.retention.reserve import FULL, Reserve, wanted_on
from agent.media.room import Disk, disk_of
from agent.settings import Settings
from agent.sizes import human_size

logger = logging.getLogger(__name__)


def make_room_to_start(settings: Settings) -> None:
    """Gives up the reserve, then removes media that lie on the same disk, as little as does.

    Without the database only the marks in the folder tell what is protected, and nothing tells what is uploaded.
    """
    state = settings.state_folder
    if not state.is_dir() or _enough(disk_of(state)):
        return
    Reserve(state).give_up()
    media = settings.media_folder
    if not _enough(disk_of(state)) and media.is_dir() and media.stat().st_dev == state.stat().st_dev:
        _remove_media(media, disk_of(state))
    left = disk_of(state)
    if not _enough(left):
        logger.critical(
            "the disk of %s is full, and no media there may be removed: the agent may fail to start. "
            "Free at least %s on it, or name other folders in the settings",
            *(state, human_size(_wanted(left) - left.free)),
        )


def _wanted(disk: Disk) -> int:
    return wanted_on(disk) // 4


def _enough(disk: Disk) -> bool:
    return disk.free >= _wanted(disk)


def _remove_media(folder: Path, disk: Disk) -> None:
    found = Inventory(folder, handed_over=0.0).look({})
    policy = Policy(min_free=2 * _wanted(disk), floor=FULL)
    for removal in plan(found.stored, policy, disk.free, time.time()).removals:
        file = removal.stored.file
        try:
            remove(folder / file, noted=False)
        except OSError as error:
            logger.error("%s cannot be removed: %s", file, error)
        else:
            logger.warning("removed %s, because the disk is full and the agent could not start", file)
