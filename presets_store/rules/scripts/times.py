"""Times of the day and dates as people write them: `18:00:00+05:00`, `2026-12-24`, `2026-12-24T18:00:00Z`."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from presets_store.rules.scripts.members import Members

DAY: Final = 86_400
"""Seconds of a day; of the clock on the wall, which a change of clocks never changes."""
EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - of the clock on the wall, whichever it is
TIME_RIGHT: Final = "a time such as 18:00:00 or 18:00:00+05:00"
FROM_RIGHT: Final = TIME_RIGHT + ", before 24:00:00"
DATE_RIGHT: Final = "a date or a date and time of 1970 to 9998, such as 2026-12-24 or 2026-12-24T18:00:00+01:00"
MAX_OFFSET: Final = 14 * 3600

FIRST: Final = -62_135_596_800
LAST: Final = 253_402_300_799
"""The seconds that a calendar has, those of the years 1 to 9999."""
_THURSDAY: Final = 4
"""The weekday of 1970-01-01."""

_OFFSET = r"(?P<offset>Z|[+-]\d\d(?::?\d\d)?)?"
_TIME = r"(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.0+)?)?" + _OFFSET
_OF_DAY = re.compile(_TIME, re.ASCII)
_MOMENT = re.compile(r"(?P<date>\d{4}-\d\d-\d\d)(?:[T ]" + _TIME + ")?", re.ASCII)


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """`second` of the day, 86,400 for `24:00:00`; `offset` from UTC in seconds, None: of the device's zone."""

    second: int
    offset: int | None

    def shown_by(self, offset: int | None) -> int:
        """What a clock with another offset shows then; of a time without one its own."""
        if self.offset is None or offset is None or self.offset == offset:
            return self.second
        return (self.second - self.offset + offset) % DAY


@dataclass(frozen=True, slots=True)
class WallTime:
    """A second of the clock on the wall, counted from 1970-01-01T00:00:00 there; `offset` as in TimeOfDay."""

    second: int
    offset: int | None


def wall_second(day: date) -> int:
    """The first second of a date."""
    return (day - EPOCH.date()).days * DAY


def weekday_of(day: int) -> int:
    """The weekday, 0 = Sunday, of a day counted from 1970-01-01."""
    return (day + _THURSDAY) % 7


def text_of(second: int) -> str:
    """`HH:MM:SS` of a second of the day."""
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


def iso_local(second: int, offset: int) -> str:
    """A second of UTC as a clock with this offset shows it: `2026-12-24T18:00:00+01:00`. It ends with the calendar."""
    sign, minutes = "-" if offset < 0 else "+", abs(offset) // 60
    shown = datetime.fromtimestamp(min(max(second + offset, FIRST), LAST), UTC).replace(tzinfo=None)
    return f"{shown.isoformat(timespec='seconds')}{sign}{minutes // 60:02d}:{minutes % 60:02d}"


def read_time(members: Members, value: Any, path: str, *, begins: bool = False) -> TimeOfDay | None:
    """None: it was wrong. `begins`: it begins something, and so is before `24:00:00`."""
    found = _OF_DAY.fullmatch(value) if isinstance(value, str) else None
    time = _time(found) if found else None
    if time is None or (begins and time.second == DAY):
        members.wrong(path, "is missing" if value is None else "is no time", FROM_RIGHT if begins else TIME_RIGHT)
        return None
    return time


def read_moment(members: Members, value: Any, path: str, *, begins: bool = False) -> WallTime | None:
    """The second that a date, or a date with a time, begins or ends with. None: it was wrong."""
    found = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    moment = _moment(found, begins=begins) if found else None
    if moment is None:
        members.wrong(path, "is missing" if value is None else "is no date", DATE_RIGHT)
    return moment


def _moment(found: re.Match[str], *, begins: bool) -> WallTime | None:
    try:
        day = date.fromisoformat(found["date"])
    except ValueError:
        return None
    if not EPOCH.year <= day.year <= 9998:
        return None
    time = _time(found) if found["hour"] else TimeOfDay(0 if begins else DAY, None)
    if time is None or (begins and time.second == DAY):
        return None
    return WallTime(wall_second(day) + min(time.second, DAY - 1), time.offset)


def _time(found: re.Match[str]) -> TimeOfDay | None:
    hour, minute, second = int(found["hour"]), int(found["minute"]), int(found["second"] or 0)
    total = hour * 3600 + minute * 60 + second
    if minute > 59 or second > 59 or total > DAY:
        return None
    offset = _offset(found["offset"])
    return None if offset is not None and abs(offset) > MAX_OFFSET else TimeOfDay(total, offset)


def _offset(text: str | None) -> int | None:
    """Seconds; one with too many minutes is beyond every limit."""
    if text is None or text == "Z":
        return None if text is None else 0
    digits = text[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    seconds = hours * 3600 + minutes * 60 if minutes < 60 else MAX_OFFSET + 1
    return -seconds if text[0] == "-" else seconds
