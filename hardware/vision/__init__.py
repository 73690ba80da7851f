"""Looks at frames: from grey pictures to what is seen in them. A new analyser is a file here and a line in the table.

Importing this package loads neither numpy nor cv2; making an analyser does.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from hardware.vision.grey import Grey

Box = tuple[float, float, float, float]
"""Left, top, width, height as shares of the picture, 0..1."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What is there now: as in an `Observation`."""

    kind: str
    active: bool
    value: float
    boxes: tuple[Box, ...] = ()


class Analyser(Protocol):
    """Sees one thing in a camera's pictures. Used by one thread."""

    def look(self, picture: "Grey", mono_ns: int) -> Sighting:
        """What is there at `mono_ns`; pictures come in their order, of any size."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """An analyser: the `options` it takes with their lowest and highest values, and how it is made of them."""

    options: Mapping[str, tuple[float, float]]
    create: Callable[[Mapping[str, float]], Analyser]


def _create_motion(options: Mapping[str, float]) -> Analyser:
    analyser: Analyser = importlib.import_module("hardware.vision.motion").Motion(options)
    return analyser


ANALYSERS: Mapping[str, Entry] = MappingProxyType(
    {
        "motion": Entry(
            {"threshold": (1, 255), "area": (0.0001, 1), "least": (0, 60), "hold": (0, 3600)},
            _create_motion,
        ),
    }
)


def options_problem(analyser: str, options: Mapping[str, float]) -> str:
    """Why these options cannot be taken; empty when they can."""
    known = ANALYSERS[analyser].options
    for name, value in options.items():
        if name not in known:
            return f"{analyser} has no option {name!r}; it has {', '.join(known)}"
        lowest, highest = known[name]
        if not lowest <= value <= highest:
            return f"{name} is {value:g}; right is {lowest:g} to {highest:g}"
    return ""
