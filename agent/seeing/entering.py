"""What was seen becomes triggers of the own store, one after the other; whoever sees never waits for the store."""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NoReturn, Protocol

from presets_store.clock import Clock, micros, offset_of
from presets_store.errors import CuelightError
from presets_store.ids import uuid7
from presets_store.protocol.scripts.inbound import TriggerAnswer
from presets_store.services.caller import INSIDE, Caller
from presets_store.services.scripts.triggers import NewTrigger
from presets_store.services.wakeups import Signal
from presets_store.storage import DatabaseDamaged

logger = logging.getLogger(__name__)

MOST_WAITING = 64
MOST_IMAGE_BYTES = 4 * 1024 * 1024
"""Of the pictures of those that wait; beyond that they wait without."""
AGAIN_AFTER = 1.0
"""Seconds until a store that could not take one, as on a full disk, is asked again."""
TRIES = 3
VISION = "vision"
"""The `source` of what the device's own cameras saw."""


class Enters(Protocol):
    """The triggers of the store."""

    async def enter(self, caller: Caller, new: NewTrigger) -> TriggerAnswer: ...


@dataclass(frozen=True, slots=True)
class Sight:
    """What is to become a trigger. `mono`: when, in monotonic seconds. `place`: of those of one place and event the
    newest may stand for the others.
    """

    event_name: str
    camera_key: int
    mono: float
    attributes: dict[str, Any]
    place: str = ""
    image: bytes = b""


class Entering:
    """`fired` is called when scripts fired at one."""

    def __init__(self, triggers: Enters, clock: Clock, fired: Callable[[], None]) -> None:
        self._triggers = triggers
        self._clock = clock
        self._fired = fired
        self._waiting: deque[Sight] = deque()
        self._news = Signal()
        self._left_out = 0

    def add(self, sight: Sight) -> None:
        """Takes it in at once. When too many wait, the newest of its place, else the oldest of all, gives way."""
        if len(self._waiting) >= MOST_WAITING:
            self._make_room(sight)
        if sum(len(each.image) for each in self._waiting) + len(sight.image) > MOST_IMAGE_BYTES:
            sight = replace(sight, image=b"")
        self._waiting.append(sight)
        self._news.set()

    async def run(self) -> NoReturn:
        """Until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                await self._enter(self._waiting.popleft())
            if self._left_out:
                logger.warning("%d things that cameras saw made no triggers: there were too many", self._left_out)
                self._left_out = 0

    def _make_room(self, sight: Sight) -> None:
        self._left_out += 1
        for index in range(len(self._waiting) - 1, -1, -1):
            other = self._waiting[index]
            if (other.event_name, other.camera_key, other.place) == (sight.event_name, sight.camera_key, sight.place):
                del self._waiting[index]
                return
        self._waiting.popleft()

    async def _enter(self, sight: Sight) -> None:
        """Enters it; what the store refuses, or cannot take in three tries, is told in the log and left out."""
        new = self._trigger(sight)
        for left in range(TRIES - 1, -1, -1):
            try:
                answer = await self._triggers.enter(INSIDE, new)
            except DatabaseDamaged:
                raise
            except CuelightError as error:
                logger.error("what a camera saw made no trigger: %s", error, extra={"code": error.code})
                if left:
                    await self._clock.sleep(AGAIN_AFTER)
            else:
                if any(script.outcome == "fired" for script in answer.scripts):
                    self._fired()
                return

    def _trigger(self, sight: Sight) -> NewTrigger:
        """With a uuid of its own, so that a second try is no second trigger; dated by the clock as it is now."""
        return NewTrigger(
            uuid=uuid7(self._clock.now()),
            event=sight.event_name,
            camera_key=sight.camera_key,
            occurred_us=micros(offset_of(self._clock) + sight.mono),
            attributes=sight.attributes,
            image=sight.image or None,
            source=VISION,
            external_id="",
        )
