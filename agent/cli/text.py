"""Texts for people: cleaned of what a terminal would obey, times in human form. Pure."""

import re
from datetime import UTC, datetime, tzinfo
from typing import Final

NONE: Final = "-"

# C0 and C1 controls, marks that turn the reading direction, line separators, halves of surrogate pairs.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_BLANKS = re.compile(r"[\t\r\n]+")


def clean(text: object) -> str:
    """`text` on one line, without a character that a terminal would obey instead of show."""
    return _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", _BLANKS.sub(" ", str(text)))


def clean_lines(text: str) -> str:
    """The same for a text of several lines, which it keeps."""
    return "\n".join(clean(line) for line in text.split("\n"))


def shortened(text: str, length: int) -> str:
    """At most `length` characters, an ellipsis in place of the rest."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def human_seconds(seconds: float) -> str:
    """A length as `9.8 s`, `2:05 min`, `1:00:09 h`."""
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d} h" if hours else f"{minutes}:{rest:02d} min"


def human_age(seconds: float) -> str:
    """How long ago: `40 s`, `12 min`, `3 h`, `5 days`."""
    for size, unit in ((86_400, "days"), (3600, "h"), (60, "min")):
        if seconds >= (2 * size if unit == "days" else size):
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def local_time(wire: str | None, zone: tzinfo | None = None) -> str:
    """An ISO 8601 date of the API in local time (`zone` None: the machine's), `-` for never."""
    if not wire:
        return NONE
    try:
        moment = datetime.fromisoformat(wire)
    except ValueError:
        return clean(wire)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def percent(value: float) -> str:
    """`42 %`."""
    return f"{value:.0f} %"
