"""Looks at frames: from small pictures to what is seen in them. A new analyser is a file here and a line in the table.

Importing this package loads neither numpy nor cv2; making an analyser does.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from hardware.models import OptionValue, WatchOrder, Zone, ZoneKind
from hardware.vision.options import Choice, Flag, ModelName, Number, Option, complete

if TYPE_CHECKING:
    from hardware.vision.grey import Pixels

__all__ = [
    "ANALYSERS",
    "Analyser",
    "Box",
    "Choice",
    "Entry",
    "Flag",
    "ModelName",
    "Number",
    "Option",
    "Sighting",
    "Task",
    "order_problem",
    "task_of",
]

Box = tuple[float, float, float, float]
"""Left, top, width, height as shares of the picture, 0..1."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What there is now: as in an `Observation`. `instant`: it has no duration, each one is told."""

    kind: str
    active: bool
    value: float
    boxes: tuple[Box, ...] = ()
    zone: str = ""
    scores: tuple[float, ...] = ()
    attributes: Mapping[str, str | float | int] = field(default_factory=dict)
    instant: bool = False


class Analyser(Protocol):
    """Sees one thing in a camera's pictures. Used by one thread."""

    def look(self, picture: "Pixels", mono_ns: int) -> Sequence[Sighting]:
        """What there is at `mono_ns`, in each zone; pictures come in their order, of any size.

        A picture has the shape (height, width), or (height, width, 3) in the order blue, green, red.
        """
        ...


@dataclass(frozen=True, slots=True)
class Task:
    """What an analyser is made for. `options` are complete and checked."""

    options: Mapping[str, OptionValue]
    zones: tuple[Zone, ...] = ()
    model_files: tuple[str, ...] = ()

    def number(self, name: str) -> float:
        """The number option of that name."""
        return float(self.options[name])


@dataclass(frozen=True, slots=True)
class Entry:
    """An analyser: what it takes, what suits it, and how it is made.

    `zones`: the least of each kind that it takes. `width` (pixels) and `rate` (looks a second) are what it gets when
    the order does not say. `colour`: whether its pictures are in colour. `create` may raise HardwareError.
    """

    options: Mapping[str, Option]
    create: Callable[[Task], Analyser]
    zones: Mapping[ZoneKind, int] = field(default_factory=dict)
    width: int = 320
    rate: float = 5.0
    colour: bool = False


def _create(module: str, name: str) -> Callable[[Task], Analyser]:
    """What makes it; its module is loaded with the first one."""

    def create(task: Task) -> Analyser:
        analyser: Analyser = getattr(importlib.import_module(f"hardware.vision.{module}"), name)(task)
        return analyser

    return create


_MASKS: Mapping[ZoneKind, int] = MappingProxyType({"include": 0, "exclude": 0})

_MOTION: Mapping[str, Option] = MappingProxyType(
    {
        "sensitivity": Number(0.5, 0, 1),
        "minimum_area": Number(0.004, 0.0001, 1),
        "minimum_seconds": Number(0.3, 0, 60),
        "hold_seconds": Number(2.0, 0, 3600),
    }
)

_DETECTION: Mapping[str, Option] = MappingProxyType(
    {"detector": Choice("hog", ("hog", "onnx", "darknet")), "model": ModelName()}
)

_COUNTING: Mapping[str, Option] = MappingProxyType(
    {
        "rule": Choice("more_than", ("more_than", "fewer_than", "changed")),
        "count": Number(0, 0, 1000, whole=True),
        "hold_seconds": Number(2.0, 0, 3600),
        **_DETECTION,
    }
)

_CROSSING: Mapping[str, Option] = MappingProxyType(
    {"direction": Choice("any", ("any", "a_to_b", "b_to_a")), **_DETECTION}
)

ANALYSERS: Mapping[str, Entry] = MappingProxyType(
    {
        "motion": Entry(_MOTION, _create("motion", "Motion"), _MASKS),
        "no_motion": Entry(
            MappingProxyType(
                {
                    "seconds": Number(60, 1, 86_400),
                    "sensitivity": _MOTION["sensitivity"],
                    "minimum_area": _MOTION["minimum_area"],
                }
            ),
            _create("motion", "NoMotion"),
            _MASKS,
        ),
        "tamper": Entry(
            MappingProxyType(
                {
                    "covered": Flag(default=True),
                    "defocused": Flag(default=True),
                    "moved": Flag(default=True),
                    "minimum_seconds": Number(3.0, 0, 600),
                }
            ),
            _create("tamper", "Tamper"),
            rate=1.0,
        ),
        "person_counting": Entry(_COUNTING, _create("people", "PersonCounting"), {"area": 0}, 768, 10.0, True),
        "line_crossing": Entry(_CROSSING, _create("lines", "LineCrossing"), {"line": 1}, 768, 10.0, True),
    }
)


def order_problem(order: WatchOrder) -> str:
    """Why it cannot be watched so; empty when it can."""
    if order.analyser not in ANALYSERS:
        return f"there is no analyser {order.analyser!r}; there are {', '.join(ANALYSERS)}"
    entry = ANALYSERS[order.analyser]
    return _options_problem(order, entry.options) or _zones_problem(order, entry.zones)


def task_of(order: WatchOrder) -> Task:
    """What the order's analyser is made for."""
    return Task(complete(ANALYSERS[order.analyser].options, order.options), order.zones, order.model_files)


def _options_problem(order: WatchOrder, known: Mapping[str, Option]) -> str:
    for name, value in order.options.items():
        if name not in known:
            return f"{order.analyser} has no option {name!r}; it has {', '.join(known)}"
        if right := known[name].problem(value):
            return f"{name} is {value!r}; right is {right}"
    return ""


def _zones_problem(order: WatchOrder, known: Mapping[ZoneKind, int]) -> str:
    for zone in order.zones:
        if zone.kind not in known:
            return f"{order.analyser} has no zones of kind {zone.kind!r}; it has {', '.join(known) or 'none'}"
    names = [zone.name for zone in order.zones]
    if twice := next((name for name in names if names.count(name) > 1), None):
        return f"two zones are named {twice!r}"
    for kind, least in known.items():
        if sum(zone.kind == kind for zone in order.zones) < least:
            return f"{order.analyser} needs {least} zone of kind {kind!r}"
    return ""
