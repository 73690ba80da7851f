"""How far the events are that run in this process: in memory, because storage hears of it only once a minute."""

from dataclasses import replace

from presets_store.protocol.statuses import EventStatus
from presets_store.rules.event import Event


class LatestProgress:
    """The newest percentage (0..100) of each running attempt."""

    def __init__(self) -> None:
        self._percent: dict[int, tuple[int, float]] = {}

    def told(self, event: Event, percent: float) -> None:
        """The attempt that `event` is in has come so far."""
        self._percent[event.key] = (event.attempt_number, percent)

    def over(self, key: int, attempt: int) -> float | None:
        """Forgets the attempt; how far it came, None when it never said."""
        known, percent = self._percent.pop(key, (attempt, None))
        return percent if known == attempt else None

    def shown(self, event: Event) -> Event:
        """`event` with what is newer than its row."""
        attempt, percent = self._percent.get(event.key, (0, 0.0))
        if event.event_status is not EventStatus.PROCESSING or attempt != event.attempt_number:
            return event
        return replace(event, percent_complete=percent)
