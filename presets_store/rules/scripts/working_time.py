"""When a script works: whether at a moment, and in which windows of the coming days. Pure."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from presets_store.rules.scripts.parts import AROUND, DayRange, Interval, Part, offset_at, spans_of, stretches
from presets_store.rules.scripts.reading import EVERY_DAY, WEEKDAYS, Parts, read_schedule, read_timetable
from presets_store.rules.scripts.spans import common, merged, without
from presets_store.rules.scripts.times import DAY, text_of, wall_second, weekday_of

MICRO: Final = 1_000_000


class Reason(StrEnum):
    """Why a script does not work at a moment; NONE: it does."""

    NONE = ""
    EXCLUDED_DATE = "excluded_date"
    OUTSIDE_INTERVALS = "outside_intervals"
    OUTSIDE_WORKING_TIME = "outside_working_time"
    BREAK = "break"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a script works at a moment."""

    reason: Reason

    @property
    def active(self) -> bool:
        return self.reason is Reason.NONE


@dataclass(frozen=True, slots=True)
class Window:
    """A time without a gap in which a script works: from `start_us` to before `end_us`, Unix epoch microseconds."""

    start_us: int
    end_us: int


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """Empty is always. `kept` is the JSON of what was given: `{"schedule": [...]}` or `{"timetable": {...}}`, or ""."""

    kept: str = ""
    days: tuple[DayRange, ...] = ()
    breaks: tuple[DayRange, ...] = ()
    intervals: tuple[Interval, ...] = ()

    @classmethod
    def from_schedule(cls, value: Any) -> "WorkingTime":
        """The admin form, a list; None is always. Raises BadScript."""
        return cls._of("schedule", read_schedule(value))

    @classmethod
    def from_timetable(cls, value: Any) -> "WorkingTime":
        """The client form, an object; None is always. Raises BadScript."""
        return cls._of("timetable", read_timetable(value))

    @classmethod
    def _of(cls, form: str, parts: Parts) -> "WorkingTime":
        if not (parts.days or parts.intervals):
            return cls()
        kept = json.dumps({form: parts.given}, ensure_ascii=False)
        return cls(kept, parts.days, parts.breaks, parts.intervals)

    @classmethod
    def from_json(cls, text: str) -> "WorkingTime":
        """What `to_json` gave. The same text gives the same object, so that a flood of triggers reads it once."""
        return _read(text)

    def to_json(self) -> str:
        """As it is stored."""
        return self.kept

    def schedule(self, zone: tzinfo, today: date) -> list[dict[str, Any]]:
        """The admin form: as it was given, else the equivalent by the clock that the zone has on `today`.

        What a week cannot say (intervals) is shown as it is in the seven days from `today`.
        """
        given = self._given()
        if not given or "schedule" in given:
            return list(given.get("schedule", []))
        offset = datetime.combine(today, time(12), zone).utcoffset() or timedelta(0)
        by_day: dict[int, list[dict[str, str]]] = {}
        for window in windows(self, timezone(offset), today, 7):
            start, end = (
                moment // MICRO + offset // timedelta(seconds=1) for moment in (window.start_us, window.end_us)
            )
            for first in range(start - start % DAY, end, DAY):
                shown = {"from": text_of(max(start - first, 0)), "to": text_of(min(end - first, DAY) - 1)}
                by_day.setdefault(weekday_of(first // DAY), []).append(shown)
        return [{"day": day, "ranges": by_day[day]} for day in sorted(by_day)]

    def timetable(self) -> dict[str, Any]:
        """The client form: as it was given, else the same ranges, in the device's zone as well."""
        given = self._given()
        if "timetable" in given:
            return dict(given["timetable"])
        ranges: dict[int, list[dict[str, Any]]] = {day: [] for day in EVERY_DAY}
        for entry in given.get("schedule", []):
            ranges[entry["day"]] += entry["ranges"]
        if all(each == ranges[0] for each in ranges.values()):
            days = [_day("same_every_day", each) for each in ranges[0]]
        else:
            days = [_day(WEEKDAYS[day], each) for day in sorted(ranges) for each in ranges[day]]
        return {"days": days, "intervals": []}

    def _given(self) -> dict[str, Any]:
        return json.loads(self.kept) if self.kept else {}


ALWAYS: Final = WorkingTime()


def active(working_time: WorkingTime, moment_us: int, zone: tzinfo) -> Verdict:
    """Whether a script works at a moment. `zone`: of the device, for times that have no offset."""
    second = moment_us // MICRO
    local = second + offset_at(second, zone)

    def holds(parts: Iterable[Part]) -> bool:
        return any(part.holds(local if part.offset is None else second + part.offset) for part in parts)

    within = [interval for interval in working_time.intervals if not interval.excluded]
    if holds(interval for interval in working_time.intervals if interval.excluded):
        return Verdict(Reason.EXCLUDED_DATE)
    if within and not holds(within):
        return Verdict(Reason.OUTSIDE_INTERVALS)
    if working_time.days and not holds(working_time.days):
        return Verdict(Reason.OUTSIDE_WORKING_TIME)
    return Verdict(Reason.BREAK if holds(working_time.breaks) else Reason.NONE)


def windows(working_time: WorkingTime, zone: tzinfo, first: date, days: int) -> list[Window]:
    """When a script works on the dates from `first`, `days` of them, as the zone's clock shows them."""
    begin, length = wall_second(first), days * DAY
    local = stretches(zone, begin - AROUND, begin + length + AROUND)
    whole = (local[0][0], local[-1][1])
    spans = merged(spans_of([Interval(begin, begin + length - 1, None)], local))
    within = [interval for interval in working_time.intervals if not interval.excluded]
    for parts in (working_time.days, within):
        if parts:
            spans = common(spans, merged(spans_of(parts, local)))
    excluded = (interval for interval in working_time.intervals if interval.excluded)
    left_out = merged(spans_of([*working_time.breaks, *excluded], local))
    return [Window(start * MICRO, end * MICRO) for start, end in without(spans, left_out, whole)]


def _day(kind: str, given: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, **given, "breaks": []}


@lru_cache(maxsize=128)
def _read(text: str) -> WorkingTime:
    if not text:
        return ALWAYS
    given = json.loads(text)
    if "schedule" in given:
        return WorkingTime.from_schedule(given["schedule"])
    return WorkingTime.from_timetable(given["timetable"])
