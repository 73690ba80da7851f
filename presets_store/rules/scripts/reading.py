"""From the two wire forms of a working time to its parts; scripts-api.md sections 2, 3 and 8."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from presets_store.rules.scripts.members import MAX_ITEMS, Members
from presets_store.rules.scripts.parts import DayRange, Interval
from presets_store.rules.scripts.times import DAY, TimeOfDay, read_moment, read_time

WEEKDAYS: Final = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
"""In the order of `schedule.*.day`."""
EVERY_DAY: Final = frozenset(range(7))
DAY_TYPES: Final[Mapping[str, frozenset[int]]] = {
    "same_every_day": EVERY_DAY,
    **{name: frozenset({day}) for day, name in enumerate(WEEKDAYS)},
    "weekdays": frozenset(range(1, 6)),
    "weekend": frozenset({0, 6}),
}
"""Which weekdays `timetable.days.*.type` means."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What was read, and the same members as they are kept, without those that mean nothing here."""

    given: Any
    days: tuple[DayRange, ...] = ()
    breaks: tuple[DayRange, ...] = ()
    intervals: tuple[Interval, ...] = ()


def read_schedule(value: Any) -> Parts:
    """The admin form: `[{"day": 0, "ranges": [{"from": "00:00:00", "to": "23:59:59"}]}]`. Raises BadScript."""
    members = Members()
    given, ranges = [], []
    for path, item in members.items(value, "schedule"):
        days = _day_number(members, item.get("day"), f"{path}.day")
        listed = members.items(item.get("ranges"), f"{path}.ranges")
        ranges += [read_range(members, entry, where, days) for where, entry in listed]
        given.append({"day": item.get("day"), "ranges": [_from_to(entry) for _, entry in listed]})
    if given and not ranges:
        members.wrong("schedule", "names days and no range", "a range, or [] for always")
    return _taken(members, "schedule", given, ranges)


def read_timetable(value: Any) -> Parts:
    """The client form: `{"days": [...], "intervals": [...]}`. Raises BadScript."""
    members = Members()
    whole = members.object(value, "timetable")
    given: dict[str, list[Any]] = {"days": [], "intervals": []}
    days, breaks, intervals = [], [], []
    for path, item in members.items(whole.get("days"), "timetable.days"):
        day, pauses, kept = _day(members, item, path)
        days.append(day)
        breaks += pauses
        given["days"].append(kept)
    for path, item in members.items(whole.get("intervals"), "timetable.intervals"):
        intervals.append(_interval(members, item, path))
        given["intervals"].append(_from_to(item) | ({"except": True} if item.get("except") else {}))
    return _taken(members, "timetable", given, days, breaks, intervals)


def read_days(members: Members, value: Any, path: str) -> frozenset[int]:
    """A list of day types as one set; absent or empty: every day."""
    found: frozenset[int] = frozenset()
    for index, item in members.listed(value, path):
        found |= _day_type(members, item, f"{path}.{index}")
    return found or EVERY_DAY


def read_range(members: Members, item: Mapping[str, Any], path: str, days: frozenset[int]) -> DayRange | None:
    """An object with `from` and `to`, by the clock of `from`. None: it was wrong."""
    begin = read_time(members, item.get("from"), f"{path}.from", begins=True)
    end = read_time(members, item.get("to"), f"{path}.to")
    if begin is None or end is None or not _alike(members, begin.offset, end.offset, f"{path}.to", "from"):
        return None
    last = TimeOfDay(min(end.second, DAY - 1), end.offset)  # 24:00:00 is what comes after the last second
    return DayRange(days, begin.second, last.shown_by(begin.offset), begin.offset)


PartT = TypeVar("PartT", DayRange, Interval)
Read = tuple[DayRange | None, list[DayRange | None], dict[str, Any]]


def _day(members: Members, item: Mapping[str, Any], path: str) -> Read:
    """The range, its breaks, and what is kept."""
    day = read_range(members, item, path, _day_type(members, item.get("type"), f"{path}.type"))
    listed = members.items(item.get("breaks"), f"{path}.breaks")
    breaks = [_break(members, entry, where, day) for where, entry in listed]
    return day, breaks, {"type": item.get("type"), **_from_to(item), "breaks": [_from_to(entry) for _, entry in listed]}


def _break(members: Members, item: Mapping[str, Any], path: str, day: DayRange | None) -> DayRange | None:
    """A range of the same days; of those after them when it begins in the part of `day` that is after midnight."""
    pause = read_range(members, item, path, EVERY_DAY)
    if day is None or pause is None or not _alike(members, day.offset, pause.offset, f"{path}.from", "the day's"):
        return None
    start, end = (TimeOfDay(second, pause.offset).shown_by(day.offset) for second in (pause.start, pause.end))
    later = day.crosses and start <= day.end
    return DayRange(frozenset((each + 1) % 7 for each in day.days) if later else day.days, start, end, day.offset)


def _interval(members: Members, item: Mapping[str, Any], path: str) -> Interval | None:
    begin = read_moment(members, item.get("from"), f"{path}.from", begins=True)
    end = read_moment(members, item.get("to"), f"{path}.to")
    excluded = item.get("except")
    if not (excluded is None or isinstance(excluded, bool)):
        members.wrong(f"{path}.except", "is neither true nor false", "true for dates to leave out, else false")
    if begin is None or end is None or not _alike(members, begin.offset, end.offset, f"{path}.to", "from"):
        return None
    start, last = begin.second - (begin.offset or 0), end.second - (end.offset or 0)
    if last < start:
        members.wrong(f"{path}.to", "is before from", "the same time or a later one")
    return Interval(start, last, None if begin.offset is None else 0, excluded is True)


def _alike(members: Members, first: int | None, second: int | None, path: str, other: str) -> bool:
    """Times that belong together are told by one kind of clock: else their length would change with the season."""
    if (first is None) == (second is None):
        return True
    members.wrong(path, f"and {other} are not both with an offset", "an offset in each time, or in none")
    return False


def _day_type(members: Members, value: Any, path: str) -> frozenset[int]:
    days = DAY_TYPES.get(value) if isinstance(value, str) else None
    if days is None:
        members.wrong(path, "is missing" if value is None else "is no kind of day", ", ".join(DAY_TYPES))
    return days or EVERY_DAY


def _day_number(members: Members, value: Any, path: str) -> frozenset[int]:
    if type(value) is int and value in EVERY_DAY:
        return frozenset({value})
    members.wrong(path, "is missing" if value is None else "is no day", "a number from 0 (Sunday) to 6 (Saturday)")
    return EVERY_DAY


def _from_to(item: Mapping[str, Any]) -> dict[str, Any]:
    return {"from": item.get("from"), "to": item.get("to")}


def _taken(
    members: Members,
    path: str,
    given: Any,
    days: Sequence[DayRange | None],
    breaks: Sequence[DayRange | None] = (),
    intervals: Sequence[Interval | None] = (),
) -> Parts:
    """Refuses what was wrong, and too much; after that none is None."""
    if len(days) + len(breaks) + len(intervals) > MAX_ITEMS:
        members.wrong(path, f"has more than {MAX_ITEMS} ranges, breaks and intervals", f"at most {MAX_ITEMS}")
    members.refuse()
    return Parts(given, _whole(days), _whole(breaks), _whole(intervals))


def _whole(parts: Sequence[PartT | None]) -> tuple[PartT, ...]:
    return tuple(part for part in parts if part is not None)
