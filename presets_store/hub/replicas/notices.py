"""What replicas tell each other, as texts that fit into a NOTIFY.

A notice is a JSON object: `from`, a replica's name, and at least one of `events`: [[event, device, kind, wakes], ...],
`told`: [kind, device, record], `gone`: [listener, ...], `missed`: true. It names events instead of holding them:
whoever wants one reads it.
"""

import json
import secrets
from collections.abc import Iterator
from itertools import islice
from typing import Any

from presets_store.protocol.base import WireModel
from presets_store.protocol.live import LiveKind
from presets_store.protocol.statuses import EventStatus
from presets_store.rules.event import Event
from presets_store.services.unit import shown
from presets_store.services.wakeups import Signal

NOTICE_BYTES = 7_900
"""A NOTIFY takes less than 8,000 bytes."""

WAITING_LIMIT = 10_000
"""Notices that wait while there is no connection; when there are more, the others are told to look for themselves."""

_EVENTS_AT_ONCE = 100


class Outgoing:
    """The relay of a replica: keeps what the others must hear until it is sent."""

    def __init__(self) -> None:
        self.name = secrets.token_hex(8)
        self.waiting = Signal()
        self._events: dict[tuple[int, LiveKind], tuple[int, bool]] = {}
        self._told: list[str] = []
        self._gone: set[str] = set()
        self._missed = False

    def changed(self, kind: LiveKind, event: Event) -> None:
        """Of an event that waits to be sent anyway only the last word is sent: it is read when it is wanted."""
        wakes = kind is LiveKind.EVENT and event.event_status is EventStatus.PENDING
        _, woke = self._events.get((event.key, kind), (0, False))
        self._events[event.key, kind] = event.device_key, wakes or woke
        self._wait()

    def told(self, kind: LiveKind, device_key: int, record: WireModel) -> None:
        text = self._text(told=[kind.value, device_key, dict(shown(record))])
        if len(text.encode()) > NOTICE_BYTES:
            self.missed()
        else:
            self._told.append(text)
            self._wait()

    def let_go(self, listener: str) -> None:
        self._gone.add(listener)
        self._wait()

    def missed(self) -> None:
        """The others did not hear all: they are to look, and their live listeners are to be told."""
        self._missed = True
        self.waiting.set()

    def take(self) -> list[str]:
        """All that waits, as texts; the rest is silence until `waiting` is set again."""
        self.waiting.clear()
        texts = [*self._texts(), *self._told]
        self._events.clear()
        self._told.clear()
        self._gone.clear()
        self._missed = False
        return texts

    def _wait(self) -> None:
        if len(self._events) + len(self._told) > WAITING_LIMIT:
            self._events.clear()
            self._told.clear()
            self._missed = True
        self.waiting.set()

    def _texts(self) -> Iterator[str]:
        events = ([key, device, kind.value, wakes] for (key, kind), (device, wakes) in self._events.items())
        while some := list(islice(events, _EVENTS_AT_ONCE)):
            yield self._text(events=some)
        for listener in self._gone:
            yield self._text(gone=[listener])
        if self._missed:
            yield self._text(missed=True)

    def _text(self, **content: Any) -> str:
        return json.dumps({"from": self.name, **content}, separators=(",", ":"))
