"""Working times as they are given on the command line, and as they read. Pure."""

import re
from collections.abc import Sequence
from typing import Any

from agent.cli.errors import BadParameters
from agent.cli.output import Record

DAILY = "same_every_day"
DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
"""In the order of the contract's numbers."""
TYPES = (DAILY, "weekdays", "weekend", *DAYS)

_TIME = r"\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?"
_RANGE = re.compile(rf"(?:(?P<days>[a-z_]+) )?(?P<start>{_TIME})-(?P<end>{_TIME})", re.ASCII)
_DATES = re.compile(r"(?P<first>\d{4}-\d\d-\d\d[^. ]*)(?:\.\.(?P<last>\d{4}-\d\d-\d\d[^. ]*))?", re.ASCII)
_FORM = "is not of the form [DAYS ]FROM-TO, such as 08:00-18:00 or 'weekdays 22:00-06:00'"


def timetable(
    hours: Sequence[str], breaks: Sequence[str], only: Sequence[str], excluded: Sequence[str]
) -> dict[str, Any] | None:
    """The wire's timetable of what was given; None where nothing was, which means always. Raises BadParameters.

    A break belongs to all hours; without any it interrupts every day.
    """
    pauses = [day_range("--break", text)[1] for text in breaks]
    days = [day_range("--hours", text) for text in hours]
    if pauses and not days:
        days = [(DAILY, {"from": "00:00:00", "to": "24:00:00"})]
    intervals = [_interval("--only", text) for text in only]
    intervals += [_interval("--except", text) | {"except": True} for text in excluded]
    if not days and not intervals:
        return None
    return {
        "days": [{"type": kind, **span, "breaks": pauses} for kind, span in days],
        "intervals": intervals,
    }


def day_range(option: str, text: str) -> tuple[str, dict[str, str]]:
    """The type of days and the wire's `from` and `to` of `[DAYS ]FROM-TO`. Raises BadParameters."""
    found = _RANGE.fullmatch(" ".join(text.split()))
    if found is None:
        raise BadParameters(given=f"{option} {text!r}", problem=_FORM)
    kind = found["days"] or DAILY
    if kind not in TYPES:
        raise BadParameters(given=f"{option} {text!r}", problem=f"names no days; right is one of {', '.join(TYPES)}")
    if option == "--break" and found["days"]:
        raise BadParameters(given=f"{option} {text!r}", problem="names days, but a break belongs to all hours")
    return kind, {"from": _whole(found["start"]), "to": _whole(found["end"])}


def _whole(time: str) -> str:
    """`08:00+01:00` -> `08:00:00+01:00`."""
    return time if time[5:6] == ":" else f"{time[:5]}:00{time[5:]}"


def _interval(option: str, text: str) -> dict[str, Any]:
    found = _DATES.fullmatch(text)
    if found is None:
        problem = "is not of the form DATE or DATE..DATE, such as 2026-12-24..2026-12-26"
        raise BadParameters(given=f"{option} {text!r}", problem=problem)
    return {"from": found["first"], "to": found["last"] or found["first"]}


def short_hours(script: Record) -> str:
    """A script's working time in a few words: `weekdays 08:00-18:00; not 2026-12-24`."""
    given = script.get("timetable") or {}
    days = [_short_day(day) for day in given.get("days") or []]
    intervals = [_short_interval(interval) for interval in given.get("intervals") or []]
    return "; ".join([", ".join(days), *intervals] if days else intervals) or "always"


def _short_day(day: Record) -> str:
    kind = "" if day["type"] == DAILY else f"{day['type']} "
    pauses = [f"{_short(pause['from'])}-{_short(pause['to'])}" for pause in day.get("breaks") or []]
    without = f" without {' and '.join(pauses)}" if pauses else ""
    return f"{kind}{_short(day['from'])}-{_short(day['to'])}{without}"


def short_quiet(quiet: Record | None) -> str:
    """`weekdays 22:00-07:00 (Europe/Berlin)`; "" for none."""
    if not quiet:
        return ""
    days = " ".join([*(quiet.get("days") or []), ""])
    zone = f" ({quiet['zone']})" if quiet.get("zone") else ""
    return f"{days}{_short(quiet['from'])}-{_short(quiet['to'])}{zone}"


def _short_interval(interval: Record) -> str:
    word = "not" if interval.get("except") else "only"
    first, last = str(interval["from"]), str(interval["to"])
    return f"{word} {first}" if first == last else f"{word} {first}..{last}"


def _short(time: str) -> str:
    """`08:00:00+01:00` -> `08:00+01:00`: seconds that say nothing are left out."""
    return time[:5] + time[8:] if time[5:8] == ":00" else time
