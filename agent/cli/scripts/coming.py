"""How the coming days of a script read. Pure."""

from datetime import datetime, timedelta

from agent.cli.output import Column, Record

MIDNIGHT = "00:00"
NOT_AT_ALL = "-"


def windows_text(day: Record) -> str:
    """`08:00-12:00, 13:00-18:00`; with offsets on a day on which the clock may show a time twice."""
    return ", ".join(_window(window, day) for window in day["windows"]) or NOT_AT_ALL


def change_text(day: Record) -> str:
    """What becomes of the clock on that day, "" for nothing."""
    return "; ".join(_change(change) for change in day["clock_changes"])


def _window(window: Record, day: Record) -> str:
    start, end = datetime.fromisoformat(window["from"]), datetime.fromisoformat(window["to"])
    whole = f"{start:%H:%M}" == f"{end:%H:%M}" == MIDNIGHT and start.date() != end.date()
    if whole:
        return "all day"
    offsets = bool(day["clock_changes"])
    return f"{_time(_start(start), offsets=offsets)}-{_end(start, end, offsets=offsets)}"


def _start(start: datetime) -> datetime:
    """The last second of what ended before is not worth a word: 13:00 after a break until 13:00:00."""
    return start - timedelta(seconds=1) if start.second == 1 else start


def _end(start: datetime, end: datetime, *, offsets: bool) -> str:
    """The last second is part of a window; a midnight is that of the same day."""
    if end.date() > start.date():
        return "24:00"
    return _time(end - timedelta(seconds=1) if end.second else end, offsets=offsets)


def _time(moment: datetime, *, offsets: bool) -> str:
    shown = f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"
    return shown + (moment.isoformat()[-6:].removesuffix(":00") if offsets else "")


def _change(change: Record) -> str:
    at, seconds = datetime.fromisoformat(change["at"]), int(change["by_seconds"])
    old = at - timedelta(seconds=seconds)
    hours, minutes = divmod(abs(seconds) // 60, 60)
    amount = " ".join([*([f"{hours} h"] if hours else []), *([f"{minutes} min"] if minutes else [])])
    return f"clock goes {'forward' if seconds > 0 else 'back'} {amount} at {old:%H:%M}"


COMING = (
    Column("date", lambda day: day["date"]),
    Column(
        "day", lambda day: day["weekday"][:3], lambda day: "dim" if day["weekday"] in ("saturday", "sunday") else ""
    ),
    Column("works", windows_text, lambda day: "green" if day["windows"] else "dim", wide=True),
    Column("clock", change_text, lambda _: "bold yellow"),
)
