"""Motion: who passes and is seen, what else is taken for motion, and what a look costs."""

import time
from collections.abc import Iterable
from typing import NamedTuple

import cv2
import numpy as np

from bench.results import Result
from bench.vision.scenes import DISTURBANCES, LOOKS_A_SECOND, SIZE, Exact, disturbed, footage, passed, street
from hardware.vision import ANALYSERS, Analyser, Task
from hardware.vision.grey import Grey
from hardware.vision.options import complete

SHORTEST, TALLEST = 0.2, 0.4
"""Heights of the people who pass, as shares of the picture's; the footage has 0.1."""

_FEET = 0.9
_BEFORE, _PASSING, _CYCLE = 60, 40, 140
"""Looks: the street is empty, somebody passes (8 s), it is empty again."""

_GRACE = 5
_SEED = 7


class Seen(NamedTuple):
    """Per look whether motion is told, and the CPU time (s) of a look on the average."""

    active: list[bool]
    cost: float


def analyser(name: str = "motion") -> Analyser:
    """One with its defaults."""
    entry = ANALYSERS[name]
    return entry.create(Task(complete(entry.options, {})))


def watch(pictures: Iterable[tuple[Grey, int]]) -> Seen:
    """What the analyser makes of the whole picture."""
    motion, active, cost = analyser(), [], 0.0
    for picture, at_ns in pictures:
        began = time.thread_time()
        (seen,) = motion.look(picture, at_ns)
        cost += time.thread_time() - began
        active.append(seen.active)
    return Seen(active, cost / max(1, len(active)))


def alarms(active: list[bool]) -> int:
    """How often it began."""
    return sum(now and not before for before, now in zip([False, *active], active, strict=False))


def false_alarms(name: str, looks: int) -> Seen:
    """The empty street, disturbed."""
    return watch(disturbed(name, looks, _SEED))


def passages(name: str, height: float, count: int) -> list[float]:
    """Seconds until each of those is seen who pass, of `count`; who is not seen at all has no entry.

    Motion that is told before somebody comes is no detection.
    """

    def scene_at(number: int) -> Exact:
        passing = number % _CYCLE - _BEFORE
        return passed(street(), passing / _PASSING, height, _FEET) if 0 <= passing < _PASSING else street()

    active = watch(disturbed(name, count * _CYCLE, _SEED, scene_at)).active
    found = []
    for first in range(_BEFORE, len(active), _CYCLE):
        during = active[first - 1 : first + _PASSING + _GRACE]
        if not during[0] and True in during:
            found.append((during.index(True) - 1) / LOOKS_A_SECOND)
    return found


def on_footage(loops: int) -> Seen:
    """The bundled street, in which somebody walks all the time."""
    small = [np.asarray(cv2.resize(each, SIZE, interpolation=cv2.INTER_AREA), np.uint8) for each in footage()[::2]]
    return watch(
        (picture, 10**12 + round(number * 1e9 / LOOKS_A_SECOND)) for number, picture in enumerate(small * loops)
    )


async def motion(minutes: float) -> list[Result]:
    """Of each disturbance `minutes` of an empty street, and as many of one that is crossed twice a minute."""
    looks = round(minutes * 60 * LOOKS_A_SECOND)
    count = max(2, looks // _CYCLE)
    rows = []
    for name in DISTURBANCES:
        still = false_alarms(name, looks)
        hours = looks / LOOKS_A_SECOND / 3600
        rows.append(_row(f"{name}: false alarms", alarms(still.active) / hours, "per hour", f"{minutes:g} min"))
        for height in (SHORTEST, TALLEST):
            found = passages(name, height, count)
            late = f", after {sum(found) / len(found):.1f} s" if found else ""
            what = f"{name}: people {height:.0%} tall seen"
            rows.append(_row(what, 100 * len(found) / count, "%", f"{count} passages{late}"))
    real = on_footage(5)
    rows.append(_row("footage: looks with motion", 100 * float(np.mean(real.active)), "%", "somebody walks in all"))
    rows.append(_row("footage: CPU of a look, without decoding", real.cost * 1000, "ms", f"{SIZE[0]}x{SIZE[1]}"))
    return rows


def _row(name: str, value: float, unit: str, against: str) -> Result:
    return Result(f"motion, {name}", value, unit, against, None, None, None)
