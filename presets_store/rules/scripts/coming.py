"""The coming days of a script as a table: one row a date, with what a change of clocks makes of it. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from itertools import pairwise

from presets_store.rules.scripts.parts import AROUND, Interval, Stretch, offset_at, spans_of, stretches
from presets_store.rules.scripts.reading import WEEKDAYS
from presets_store.rules.scripts.spans import Span, common, merged
from presets_store.rules.scripts.times import DAY, iso_local, wall_second
from presets_store.rules.scripts.working_time import MICRO, Window, WorkingTime, windows


@dataclass(frozen=True, slots=True)
class ClockChange:
    """At `at_us` the clock is put forward by `by_seconds`, or back when that is negative."""

    at_us: int
    by_seconds: int


@dataclass(frozen=True, slots=True)
class ComingDay:
    """A date of the zone, its windows (cut at its midnights; empty: the script does not work) and the changes of the
    clock that show it.
    """

    day: date
    windows: tuple[Window, ...]
    changes: tuple[ClockChange, ...]

    @property
    def weekday(self) -> str:
        """`monday` to `sunday`."""
        return WEEKDAYS[self.day.isoweekday() % 7]


def explain_table(working_time: WorkingTime, zone: tzinfo, first: date, days: int) -> list[ComingDay]:
    """A row for each of `days` dates from `first`."""
    begin = wall_second(first)
    local = stretches(zone, begin - AROUND, begin + days * DAY + AROUND)
    works = [(each.start_us // MICRO, each.end_us // MICRO) for each in windows(working_time, zone, first, days)]
    return [_coming_day(first + timedelta(days=number), works, local) for number in range(days)]


def shown_at(moment_us: int, zone: tzinfo) -> str:
    """A moment by the zone's clock with its offset, which tells the two sides of a change apart:
    `2026-10-25T02:30:00+01:00`.
    """
    second = moment_us // MICRO
    return iso_local(second, offset_at(second, zone))


def _coming_day(day: date, works: list[Span], local: list[Stretch]) -> ComingDay:
    begin = wall_second(day)
    shown = merged(spans_of([Interval(begin, begin + DAY - 1, None)], local))
    changes = [
        ClockChange(at * MICRO, offset - before)
        for (_, _, before), (at, _, offset) in pairwise(local)
        if begin <= at + offset < begin + DAY
    ]
    found = (Window(start * MICRO, end * MICRO) for start, end in common(shown, works))
    return ComingDay(day, tuple(found), tuple(changes))
