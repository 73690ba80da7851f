"""Following an event until its outcome: by live changes, with a look from time to time as safety net."""

import time
from collections.abc import Callable
from typing import Any, Protocol

from agent.cli.errors import AgentUnreachable
from presets_store.protocol.statuses import EventStatus

LOOK_EVERY = 2.0
"""Seconds between two looks, whatever the live changes say."""

PATIENCE = 60.0
"""Seconds for which an agent that does not answer is waited for: it may be restarting."""

EventRecord = dict[str, Any]
"""An event as the API answers it: `eventStatus`, `percentComplete`, `result`, ..."""


class Changes(Protocol):
    """Where live changes come from."""

    def next(self, timeout: float) -> dict[str, Any] | None: ...


def has_ended(record: EventRecord) -> bool:
    """Whether the event has its outcome."""
    return int(record["eventStatus"]) >= EventStatus.COMPLETE


class Watch:
    """One event that is followed. `look` asks the agent for the record; `show` gets it whenever it may have changed.

    `show(None)` says that the agent does not answer at the moment.
    """

    def __init__(
        self,
        event_id: int,
        look: Callable[[], EventRecord],
        changes: Changes,
        show: Callable[[EventRecord | None], None],
        monotonic: Callable[[], float] = time.monotonic,
        limit: float | None = None,
    ) -> None:
        self._event_id = event_id
        self._look = look
        self._changes = changes
        self._show = show
        self._monotonic = monotonic
        self._looked = self._answered = monotonic()
        self._until = None if limit is None else self._looked + limit

    def follow(self) -> EventRecord:
        """Returns the event's last record when it has ended.

        Raises TimeoutError after `limit` seconds, AgentUnreachable after PATIENCE, Refused.
        """
        record: EventRecord | None = self._look()
        self._show(record)
        while record is None or not has_ended(record):
            if self._until is not None and self._monotonic() >= self._until:
                raise TimeoutError
            record = self._newer(record)
            self._show(record)
        return record

    def _newer(self, record: EventRecord | None) -> EventRecord | None:
        left = self._looked + LOOK_EVERY - self._monotonic()
        message = self._changes.next(left) if left > 0 else None
        if message is None:
            return self._asked(record)
        data = message.get("data")
        if record is None or not isinstance(data, dict) or data.get("key") != self._event_id:
            return record
        changed = record | {name: data[name] for name in record if name in data}
        # The outcome is told from the store, never from a message.
        return self._asked(record) if has_ended(changed) else changed

    def _asked(self, before: EventRecord | None) -> EventRecord | None:
        self._looked = self._monotonic()
        try:
            record = self._look()
        except AgentUnreachable:
            if self._looked - self._answered > PATIENCE:
                raise
            return None
        self._answered = self._looked
        return record if before is None else _with_progress_of(before, record)


def _with_progress_of(before: EventRecord, record: EventRecord) -> EventRecord:
    """`record`, but never behind what was live: the agent stores progress once a minute only."""
    same = all(before[name] == record[name] for name in ("eventStatus", "attemptNumber"))
    percent = max(before["percentComplete"], record["percentComplete"]) if same else record["percentComplete"]
    return record | {"percentComplete": percent}
