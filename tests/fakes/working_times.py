"""Random working times and moments, and a slow judge of them that shares no code with the rules.

The judge reads the wire form itself, lays each range on each calendar date near the moment, and compares dates.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

CHANGES = {
    "Europe/Berlin": ("2026-03-29T01:00:00", "2026-10-25T01:00:00"),
    "America/New_York": ("2026-03-08T07:00:00", "2026-11-01T06:00:00"),
    "Australia/Lord_Howe": ("2026-04-04T15:00:00", "2026-10-03T15:30:00"),  # by half an hour
    "Africa/Cairo": ("2026-04-23T22:00:00", "2026-10-29T21:00:00"),  # at midnight
    "Asia/Beirut": ("2026-03-28T22:00:00", "2026-10-24T21:00:00"),  # at midnight
    "America/St_Johns": ("2010-03-14T03:31:00", "2010-11-07T02:31:00"),  # at 00:01: yesterday comes again
    "Pacific/Apia": ("2011-12-30T10:00:00",),  # a date is skipped
    "Asia/Kolkata": (),
    "Asia/Kathmandu": (),
    "UTC": (),
}
"""The moments, in UTC, at which the clocks of a zone are changed."""
WEEK = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
TYPES = {
    "same_every_day": "0123456",
    "weekdays": "12345",
    "weekend": "06",
    **{name: str(number) for number, name in enumerate(WEEK)},
}
OFFSETS = ("+00:00", "+05:00", "+01:00", "-03:30", "+13:45", "-11:00", "Z")


def changes(zone: str) -> list[int]:
    """Seconds since the epoch."""
    return [int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) for text in CHANGES[zone]]


def random_zone(random: Random) -> str:
    """Mostly one whose clocks are changed."""
    return random.choice([zone for zone in CHANGES if CHANGES[zone] or random.random() < 0.4])


def random_anchor(random: Random, zone: str) -> int:
    """A second: of ten, seven are a change of the clocks."""
    if CHANGES[zone] and random.random() < 0.7:
        return random.choice(changes(zone))
    return int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) + random.randrange(366 * 86_400)


def random_moment(random: Random, anchor: int) -> int:
    """Microseconds: near the anchor, mostly on a round time or one second from it."""
    second = anchor + random.randrange(-36 * 3600, 36 * 3600) if random.random() < 0.5 else anchor
    if random.random() < 0.7:
        step = random.choice((60, 900, 1800))
        second = (second + random.randrange(-9000, 9000)) // step * step + random.choice((-1, 0, 0, 1))
    return second * 1_000_000 + random.choice((0, 0, 1, 999_999))


def random_working_time(random: Random, anchor: int) -> dict[str, Any]:
    """`{"schedule": [...]}` or `{"timetable": {...}}`, fit to be read."""
    if random.random() < 0.35:
        return {"schedule": list(_schedule(random))}
    days = [_day(random) for _ in range(random.choice((0, 1, 1, 1, 2, 3)))]
    intervals = [_interval(random, anchor) for _ in range(random.choice((0, 0, 0, 1, 2)))]
    return {"timetable": {"days": days, "intervals": intervals}}


def _schedule(random: Random) -> Iterator[dict[str, Any]]:
    for day in random.choices(range(7), k=random.choice((0, 1, 3, 5, 7, 9))):
        ranges = [{"from": _time(random), "to": _time(random, ends=True)} for _ in range(random.choice((1, 1, 2, 3)))]
        yield {"day": day, "ranges": ranges}


def _day(random: Random) -> dict[str, Any]:
    given = random.random() < 0.4
    offset = random.choice(OFFSETS)

    def clock() -> str:
        return "" if not given else random.choice(OFFSETS) if random.random() < 0.2 else offset

    breaks = [
        {"from": _time(random) + clock(), "to": _time(random, ends=True) + clock()}
        for _ in range(random.choice((0, 0, 1, 2)))
    ]
    kind = random.choice(["same_every_day", *TYPES])
    return {"type": kind, "from": _time(random) + clock(), "to": _time(random, ends=True) + clock(), "breaks": breaks}


def _interval(random: Random, anchor: int) -> dict[str, Any]:
    begin = datetime.fromtimestamp(anchor, UTC).replace(tzinfo=None) + timedelta(hours=random.randrange(-60, 30))
    end = begin + timedelta(seconds=random.choice((0, 1, 1800, 86_400, random.randrange(300_000))))
    given: dict[str, Any] = {"except": True} if random.random() < 0.4 else {}
    if random.random() < 0.4:
        return given | {"from": begin.date().isoformat(), "to": end.date().isoformat()}
    offset = random.choice(("", "", *OFFSETS))
    return given | {"from": begin.isoformat() + offset, "to": end.isoformat() + offset}


def _time(random: Random, *, ends: bool = False) -> str:
    if ends and random.random() < 0.15:
        return random.choice(("24:00:00", "23:59:59", "00:00:00"))
    hour = random.choice((0, 1, 2, 2, 3, random.randrange(24)))
    return f"{hour:02d}:{random.choice((0, 0, 15, 30, 45, random.randrange(60))):02d}:{random.choice((0, 0, 59)):02d}"


def judged(given: dict[str, Any], moment_us: int, zone: tzinfo) -> str:
    """Why a script with this working time does not work at the moment; "" when it does."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=moment_us // 1_000_000)
    timetable = given.get("timetable") or _as_timetable(given.get("schedule") or [])
    days, intervals = timetable.get("days") or [], timetable.get("intervals") or []
    excluded = [each for each in intervals if each.get("except")]
    within = [each for each in intervals if not each.get("except")]
    if any(_in_interval(each, moment, zone) for each in excluded):
        return "excluded_date"
    if within and not any(_in_interval(each, moment, zone) for each in within):
        return "outside_intervals"
    laid = [times for day in days for times in _laid(day, moment, zone)]
    if days and not any(times[0][0] <= times[0][2] <= times[0][1] for times in laid):
        return "outside_working_time"
    return "break" if any(begin <= at <= end for times in laid for begin, end, at in times[1:]) else ""


def _as_timetable(schedule: list[dict[str, Any]]) -> dict[str, Any]:
    names = {value: key for key, value in TYPES.items()}
    return {"days": [{"type": names[str(each["day"])], **span} for each in schedule for span in each["ranges"]]}


Laid = tuple[datetime, datetime, datetime]
"""Begin, last second and the moment, by one clock."""


def _laid(day: dict[str, Any], moment: datetime, zone: tzinfo) -> Iterator[list[Laid]]:
    """The range and then its breaks, on each date near the moment that the type means."""
    begins, clock = _clock(day["from"])
    at = moment.astimezone(clock or zone).replace(tzinfo=None)
    for back in range(-2, 4):
        anchor = at.date() - timedelta(days=back)
        if str(anchor.isoweekday() % 7) not in TYPES[day["type"]]:
            continue
        begin = datetime.combine(anchor, begins)
        end = _next(begin, day["to"], clock)
        laid = [(begin, end, at)]
        for pause in day.get("breaks") or []:
            first = _next(datetime.combine(anchor, time()), pause["from"], clock)
            if end.date() > anchor and first + timedelta(days=1) <= end:
                first += timedelta(days=1)
            laid.append((first, _next(first, pause["to"], clock), at))
        yield laid


def _next(begin: datetime, text: str, clock: tzinfo | None) -> datetime:
    """When the clock of `begin` shows the time for the first time from then on."""
    wanted, own = _clock(text)
    dates: list[date] = [
        begin.date() + timedelta(days=number) for number in range(-2, 4)
    ]  # clocks differ by up to 26 hours
    if own is None or clock is None:
        return next(found for day in dates if (found := datetime.combine(day, wanted)) >= begin)
    shown = (datetime.combine(day, wanted, own).astimezone(clock).replace(tzinfo=None) for day in dates)
    return next(found for found in shown if found >= begin)


def _clock(text: str) -> tuple[time, tzinfo | None]:
    read = time.fromisoformat(text.replace("24:00:00", "23:59:59"))
    return read.replace(tzinfo=None), read.tzinfo


def _in_interval(given: dict[str, Any], moment: datetime, zone: tzinfo) -> bool:
    begin, end = datetime.fromisoformat(given["from"]), datetime.fromisoformat(given["to"])
    if len(given["to"]) == len("2026-12-24"):
        end = datetime.combine(end.date(), time(23, 59, 59), end.tzinfo)
    if begin.tzinfo is None:
        at = moment.astimezone(zone).replace(tzinfo=None)
        return begin <= at <= end
    return begin <= moment <= end


def zone_of(name: str) -> tzinfo:
    """The zone of a name of CHANGES."""
    return UTC if name == "UTC" else ZoneInfo(name)
