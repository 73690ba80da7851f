"""Zones and options of analytic cases, as they are given on the command line and as they read. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent.cli.errors import BadParameters
from agent.cli.output import Record
from presets_store.rules.scripts.analytics import Choice, Flag, Number, Option

_POINT = re.compile(r"(\d+(?:\.\d*)?|\.\d+),(\d+(?:\.\d*)?|\.\d+)", re.ASCII)
_FORM = (
    "is not of the form [NAME=]X,Y X,Y ... with shares of width and height from 0 to 1, such as 0.1,0.2 0.9,0.2 0.5,0.8"
)


def zones_of(given: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """The wire's zones of texts by kind. One without a name is `area 1`, and so on. Raises BadParameters."""
    zones: list[dict[str, Any]] = []
    for kind, texts in given.items():
        for number, text in enumerate(texts, start=1):
            name, equals, points = text.rpartition("=")
            zones.append(
                {"name": name if equals else f"{kind} {number}", "kind": kind, "points": _points(kind, text, points)}
            )
    return zones


def _points(kind: str, text: str, points: str) -> list[list[float]]:
    found = [_POINT.fullmatch(point) for point in points.split()]
    pairs = [[float(point[1]), float(point[2])] for point in found if point]
    if len(pairs) != len(found) or not pairs or any(share > 1 for pair in pairs for share in pair):
        raise BadParameters(given=f"--{kind} {text!r}", problem=_FORM)
    return pairs


def zone_names(case: Record) -> str:
    """`door, lawn (exclude)`; `whole picture` without any."""
    names = [
        zone["name"] + (f" ({zone['kind']})" if zone["kind"] in ("include", "exclude") else "")
        for zone in case["zones"]
    ]
    return ", ".join(names) or "whole picture"


def zone_text(zone: Record) -> str:
    """`area door: 0.1,0.2 0.9,0.2 0.5,0.8`."""
    points = " ".join(f"{x:g},{y:g}" for x, y in zone["points"])
    return f"{zone['kind']} {zone['name']}: {points}"


def right(option: Option) -> str:
    """What the option can be."""
    match option:
        case Number():
            return f"{option.lowest:g} to {option.highest:g}"
        case Choice():
            return ", ".join(option.words)
        case Flag():
            return "true, false"
        case _:
            return "a name"
