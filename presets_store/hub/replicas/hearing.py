"""What a replica does about what the others tell it, and what it looks for by itself in case it was not told."""

import json
import logging
import random
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from sqlalchemy import Connection

from presets_store.clock import Clock
from presets_store.errors import CuelightError
from presets_store.protocol.live import LiveKind
from presets_store.services import Services
from presets_store.services.unit import shown
from presets_store.services.wakeups import Signal, any_signalled
from presets_store.services.wire import event_with_names
from presets_store.storage.events import devices_with_pending, get_event

LOOK_EVERY = 15.0
"""Seconds between two looks for what nobody told."""

NEWS_LIMIT = 2_000
"""Changed events that wait to be read for live listeners."""

_DEVICES_AT_ONCE = 1_000
_NEWS_AT_ONCE = 100

logger = logging.getLogger(__name__)


class Hearing:
    """Takes the notices of the other replicas. All methods belong to the event loop's thread."""

    def __init__(self, name: str, services: Services, clock: Clock) -> None:
        self._name = name
        self._services = services
        self._clock = clock
        self._overlooked = Signal()
        self._news: deque[tuple[LiveKind, int]] = deque()
        self._has_news = Signal()

    def hear(self, text: str) -> None:
        """One notice; our own, which come back to us, are none. One that is not understood may have said anything."""
        try:
            notice = json.loads(text)
            if notice["from"] != self._name:
                self._heed(notice)
        except (ValueError, KeyError, TypeError, AttributeError):
            logger.warning("a notice was not understood; is another release beside this one?")
            self.overlooked()

    def _heed(self, notice: Mapping[str, Any]) -> None:
        for key, device_key, kind, wakes in notice.get("events", ()):
            if wakes:
                self._services.wakeups.wake(device_key)
            self._note(LiveKind(kind), key)
        if "told" in notice:
            self._publish(*notice["told"])
        for listener in notice.get("gone", ()):
            self._services.keys.forget(listener)
            self._services.live.let_go(listener)
        if notice.get("missed"):
            self.overlooked()

    def overlooked(self) -> None:
        """Notices may have been lost: look at once, and tell the live listeners."""
        self._services.live.lost(1)
        self._overlooked.set()

    async def look(self) -> NoReturn:
        """Until cancelled: wakes the long-polls of devices for which something waits, now and then and when overlooked.

        One question for all of them, however many they are.
        """
        while True:
            await any_signalled((self._overlooked,), self._clock, LOOK_EVERY * random.uniform(0.8, 1.2))  # noqa: S311
            self._overlooked.clear()
            polled = list(self._services.wakeups.polled)
            for start in range(0, len(polled), _DEVICES_AT_ONCE):
                await self._wake_pending(polled[start : start + _DEVICES_AT_ONCE])

    async def _wake_pending(self, devices: Sequence[int]) -> None:
        try:
            found = await self._services.database.read(lambda connection: devices_with_pending(connection, devices))
        except CuelightError as error:
            logger.error("waiting requests were not looked after: %s", error, extra={"code": error.code})
            return
        for device_key in found:
            self._services.wakeups.wake(device_key)

    async def publish_news(self) -> NoReturn:
        """Until cancelled: reads the events that changed elsewhere, for the live listeners here."""
        while True:
            await self._has_news.wait()
            some = [self._news.popleft() for _ in range(min(len(self._news), _NEWS_AT_ONCE))]
            if not self._news:
                self._has_news.clear()
            await self._publish_events(some)

    async def _publish_events(self, news: Sequence[tuple[LiveKind, int]]) -> None:
        try:
            records = await self._services.database.read(lambda connection: _records(connection, news))
        except CuelightError as error:
            logger.error("live listeners miss changes: %s", error, extra={"code": error.code})
            self._services.live.lost(len(news))
            return
        for kind, device_key, record in records:
            self._services.live.publish(kind, device_key, record)

    def _note(self, kind: LiveKind, key: int) -> None:
        if not self._services.live.listened or (kind, key) in self._news:
            return
        if len(self._news) >= NEWS_LIMIT:
            self._news.popleft()
            self._services.live.lost(1)
        self._news.append((kind, key))
        self._has_news.set()

    def _publish(self, kind: str, device_key: int, record: Mapping[str, Any]) -> None:
        if self._services.live.listened:
            self._services.live.publish(LiveKind(kind), device_key, record)


def _records(
    connection: Connection, news: Sequence[tuple[LiveKind, int]]
) -> list[tuple[LiveKind, int, Mapping[str, Any]]]:
    found = ((kind, get_event(connection, key)) for kind, key in news)
    return [(kind, event.device_key, shown(event_with_names(event))) for kind, event in found if event is not None]
