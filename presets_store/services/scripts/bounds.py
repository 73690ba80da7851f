"""How much is kept of triggers and decisions: the oldest go, many in one write, however fast the new ones come."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from presets_store.storage.meta import take_turn
from presets_store.storage.scripts.decisions import forget_decisions
from presets_store.storage.scripts.triggers import forget_images, forget_triggers

_MEBIBYTE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What is kept: decisions of each script, triggers, bytes of pictures. For a moment there may be a tenth more."""

    decisions: int = 500
    triggers: int = 10_000
    image_bytes: int = 64 * _MEBIBYTE


BOUNDS: Final = Bounds()


class Pruning:
    """Counts what came since the last time, in this process, and has the oldest forgotten. Used inside units only."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._decisions: Counter[str] = Counter()
        self._triggers = bounds.triggers  # what was there before the start is looked at with the first
        self._image_bytes = bounds.image_bytes

    def decided(self, connection: Connection, script_uuid: str) -> None:
        """A script decided once more."""
        self._decisions[script_uuid] += 1
        if self._decisions[script_uuid] * 10 >= self._bounds.decisions and _our_turn(connection):
            forget_decisions(connection, script_uuid, self._bounds.decisions)
            del self._decisions[script_uuid]

    def entered(self, connection: Connection, image_bytes: int) -> None:
        """A trigger entered, with a picture of so many bytes."""
        self._triggers += 1
        self._image_bytes += image_bytes
        if self._triggers * 10 >= self._bounds.triggers and _our_turn(connection):
            forget_triggers(connection, self._bounds.triggers)
            self._triggers = 0
        if self._image_bytes * 10 >= self._bounds.image_bytes and image_bytes and _our_turn(connection):
            forget_images(connection, self._bounds.image_bytes)
            self._image_bytes = 0


def _our_turn(connection: Connection) -> bool:
    """Two that remove the same rows at the same time would wait for each other."""
    return take_turn(connection, "forgetting triggers", wait=False)
