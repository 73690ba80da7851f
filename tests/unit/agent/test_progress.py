import math
from collections.abc import Coroutine
from typing import Any

from fakes.clock import ManualClock

from agent.progress import ProgressReporter


class Seen:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.published: list[float] = []
        self.stored: list[float] = []
        self.report = ProgressReporter(self.clock, self.published.append, self._store, self._run)

    async def _store(self, percent: float) -> None:
        self.stored.append(percent)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            work.send(None)
        except StopIteration:
            return
        raise AssertionError("the store was expected to return at once")


def test_listeners_hear_at_once_and_storage_once_a_minute() -> None:
    seen = Seen()
    for second in range(180):
        seen.report(second / 2)
        seen.clock.advance(1)
    assert len(seen.published) == 180
    assert seen.stored == [30.0, 60.0]


def test_a_repeat_is_not_told_again_and_nonsense_is_cut() -> None:
    seen = Seen()
    for percent in (-3.0, 5.0, 5.0, 250.0):
        seen.report(percent)
    assert seen.published == [0.0, 5.0, 100.0]


def test_progress_never_falls() -> None:
    seen = Seen()
    for percent in (50.0, 40.0, math.nan, 60.0):
        seen.report(percent)
    assert seen.published == [50.0, 60.0]
