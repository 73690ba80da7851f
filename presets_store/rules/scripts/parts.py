"""What a working time is made of: ranges of the day and intervals of the calendar.

The clock on the wall decides: a moment is in a range when that clock shows a time of the range. So a range that begins
in an hour which the clock skips begins when it jumps, and one in an hour that is shown twice holds both.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final

from presets_store.rules.scripts.spans import Span
from presets_store.rules.scripts.times import DAY, FIRST, LAST, weekday_of

AROUND: Final = 2 * DAY
"""What any zone's date may be away from the date of UTC, and more."""

_STEP: Final = DAY // 4
"""Seconds. The nearest changes of one clock that are known are a week apart."""


@dataclass(frozen=True, slots=True)
class DayRange:
    """From the second `start` of the weekdays `days` (0 = Sunday) to the second `end`, which belongs to it.

    An `end` before `start` is of the next day. `offset`: of its clock from UTC in seconds, None: the device's zone.
    """

    days: frozenset[int]
    start: int
    end: int
    offset: int | None

    @property
    def crosses(self) -> bool:
        """Whether it lasts into the next day."""
        return self.end < self.start

    def holds(self, wall: int) -> bool:
        """Whether its clock shows one of its times: `wall` counts seconds as `WallTime` does."""
        day, second = divmod(wall, DAY)
        today, yesterday = weekday_of(day) in self.days, weekday_of(day - 1) in self.days
        if not self.crosses:
            return today and self.start <= second <= self.end
        return (today and second >= self.start) or (yesterday and second <= self.end)

    def walls(self, begin: int, end: int) -> Iterable[Span]:
        """Its seconds of the wall that may be in [begin, end); the first and the last may reach out."""
        length = self.end + 1 - self.start + (DAY if self.crosses else 0)
        for day in range(begin // DAY - 1, end // DAY + 1):
            if weekday_of(day) in self.days:
                yield day * DAY + self.start, day * DAY + self.start + length


@dataclass(frozen=True, slots=True)
class Interval:
    """From the second `start` of the wall to the second `end`, which belongs to it. `offset` as in DayRange.

    `excluded`: no script works then, instead of only then.
    """

    start: int
    end: int
    offset: int | None
    excluded: bool = False

    def holds(self, wall: int) -> bool:
        """Whether its clock shows one of its times."""
        return self.start <= wall <= self.end

    def walls(self, begin: int, end: int) -> Iterable[Span]:
        """Its seconds of the wall; they may reach out of [begin, end)."""
        if self.start < end and self.end >= begin:
            yield self.start, self.end + 1


Part = DayRange | Interval
Stretch = tuple[int, int, int]
"""Seconds [begin, end) of UTC in which a zone's clock is not changed, and its offset then."""


def offset_at(second: int, zone: tzinfo) -> int:
    """Seconds that a zone's clock is ahead of UTC; beyond the calendar as on its first or last days."""
    ahead = datetime.fromtimestamp(min(max(second, FIRST + DAY), LAST - DAY), zone).utcoffset()
    return ahead // timedelta(seconds=1) if ahead else 0


def stretches(zone: tzinfo, begin: int, end: int) -> list[Stretch]:
    """The seconds [begin, end) of UTC, cut where the zone's clock is changed."""
    found: list[Stretch] = []
    start, offset, seen = begin, offset_at(begin, zone), begin
    while seen < end:
        step = min(seen + _STEP, end)
        if offset_at(step, zone) != offset:
            change = _changes_at(zone, seen, step)
            found.append((start, change, offset))
            start, offset, step = change, offset_at(change, zone), change
        seen = step
    return [*found, (start, end, offset)] if start < end else found


def spans_of(parts: Iterable[Part], local: list[Stretch]) -> list[Span]:
    """The seconds of UTC in which any of the parts holds. `local`: the stretches to look at."""
    begin, end = local[0][0], local[-1][1]
    found = []
    for part in parts:
        for first, last, offset in local if part.offset is None else [(begin, end, part.offset)]:
            for start, stop in part.walls(first + offset, last + offset):
                if max(first, start - offset) < min(last, stop - offset):
                    found.append((max(first, start - offset), min(last, stop - offset)))
    return found


def _changes_at(zone: tzinfo, before: int, after: int) -> int:
    """The second at which the clock is changed: the offsets at `before` and `after` differ."""
    old = offset_at(before, zone)
    while after - before > 1:
        middle = (before + after) // 2
        if offset_at(middle, zone) == old:
            before = middle
        else:
            after = middle
    return after
