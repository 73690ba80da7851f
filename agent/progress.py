"""Progress of one attempt: listeners at once, storage at most once a minute."""

import math
from collections.abc import Callable, Coroutine
from typing import Any

from presets_store.clock import Clock

STORE_EVERY = 60.0
"""Seconds between two writes of the same event's progress: flash wears."""


class ProgressReporter:
    """Called by the action. `publish` tells live listeners; `store` writes, and is started at most once a minute."""

    def __init__(
        self,
        clock: Clock,
        publish: Callable[[float], None],
        store: Callable[[float], Coroutine[Any, Any, None]],
        start: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self._clock = clock
        self._publish = publish
        self._store = store
        self._start = start
        self._stored_at = clock.monotonic()
        self._last = -1.0

    def __call__(self, percent: float) -> None:
        """`percent` beyond 0..100 is cut; what is no more than before is not told: progress never falls."""
        percent = min(100.0, max(0.0, percent)) if math.isfinite(percent) else 0.0
        if percent <= self._last:
            return
        self._last = percent
        self._publish(percent)
        now = self._clock.monotonic()
        if now - self._stored_at >= STORE_EVERY:
            self._stored_at = now
            self._start(self._store(percent))
