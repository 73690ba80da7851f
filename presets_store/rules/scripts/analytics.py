"""What can be looked for in a camera's picture: the analysers, their zones and options, with their limits. Pure.

The names are those that `hardware.vision` knows too; a test compares both sides.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from presets_store.errors import Kind
from presets_store.protocol.errors import FieldProblem, FieldsError

MAX_ZONES: Final = 16
MAX_POINTS: Final = 64
MAX_NAME: Final = 64
_THINNEST: Final = 1e-6
"""Twice the area of the triangle below which three corners count as lying on one line."""

_MODEL_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class ZoneKind(StrEnum):
    """`include`, `exclude`: polygons in which, and outside of which, is looked. `area`: a polygon with a result of its
    own. `line`: from one point to another. Its side a is where (x2-x1)*(y-y1) - (y2-y1)*(x-x1) > 0 with y downwards:
    the left of a line drawn from top to bottom, below one drawn from left to right.
    """

    INCLUDE = "include"
    EXCLUDE = "exclude"
    AREA = "area"
    LINE = "line"


_KINDS: Final = frozenset(kind.value for kind in ZoneKind)


class AnalyticCaseInvalid(FieldsError):
    """The zones or options of an analytic case do not fit its analyser."""

    code = "analytic_case_invalid"
    kind = Kind.UNPROCESSABLE


@dataclass(frozen=True, slots=True)
class Number:
    """From `lowest` to `highest`, both included. `whole`: an integer."""

    default: float
    lowest: float
    highest: float
    meaning: str
    whole: bool = False

    def problem(self, value: object) -> str:
        """What would be right; "" when `value` is."""
        kinds = int if self.whole else int | float
        if isinstance(value, bool) or not isinstance(value, kinds) or not self.lowest <= value <= self.highest:
            return f"{'an integer' if self.whole else 'a number'} from {self.lowest:g} to {self.highest:g}"
        return ""


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    default: bool
    meaning: str

    def problem(self, value: object) -> str:
        """What would be right; "" when `value` is."""
        return "" if isinstance(value, bool) else "true or false"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of `words`."""

    default: str
    words: tuple[str, ...]
    meaning: str

    def problem(self, value: object) -> str:
        """What would be right; "" when `value` is."""
        return "" if isinstance(value, str) and value in self.words else f"one of {', '.join(self.words)}"


@dataclass(frozen=True, slots=True)
class ModelName:
    """The name that the device's settings give to the files of a network; never a path. "" for none."""

    meaning: str
    default: str = ""

    def problem(self, value: object) -> str:
        """What would be right; "" when `value` is."""
        if value == "" or (isinstance(value, str) and _MODEL_NAME.fullmatch(value)):
            return ""
        return "the name of a model in the device's settings: lower-case letters, digits, - and _, at most 64"


Option = Number | Flag | Choice | ModelName
OptionValue = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Analyser:
    """Makes triggers of `event_name`. `zones`: of each kind that it knows, the least and most it takes."""

    event_name: str
    description: str
    options: Mapping[str, Option]
    zones: Mapping[ZoneKind, tuple[int, int]] = field(default_factory=dict)


_MASKS: Final = MappingProxyType({ZoneKind.INCLUDE: (0, MAX_ZONES), ZoneKind.EXCLUDE: (0, MAX_ZONES)})

_MOTION: Final[Mapping[str, Option]] = MappingProxyType(
    {
        "sensitivity": Number(
            0.5, 0, 1, "from how faint a change on a pixel counts: 0 strong ones only, 1 the faintest"
        ),
        "minimum_area": Number(0.004, 0.0001, 1, "share of the picture that must move"),
        "minimum_seconds": Number(0.3, 0, 60, "for how long before it counts"),
        "hold_seconds": Number(2.0, 0, 3600, "how long it goes on after the last movement"),
    }
)

_DETECTION: Final[Mapping[str, Option]] = MappingProxyType(
    {
        "detector": Choice("hog", ("hog", "onnx", "darknet"), "what finds people"),
        "model": ModelName("of onnx and darknet: which network"),
    }
)

ANALYSERS: Final[Mapping[str, Analyser]] = MappingProxyType(
    {
        "motion": Analyser("motion", "Something moves.", _MOTION, _MASKS),
        "no_motion": Analyser(
            "no_motion",
            "Nothing has moved for a time.",
            MappingProxyType(
                {
                    "seconds": Number(60, 1, 86_400, "for how long nothing must have moved"),
                    **{name: _MOTION[name] for name in ("sensitivity", "minimum_area")},
                }
            ),
            _MASKS,
        ),
        "tamper": Analyser(
            "camera_tampering",
            "The camera is covered, out of focus or turned away.",
            MappingProxyType(
                {
                    "covered": Flag(default=True, meaning="looks for a covered lens"),
                    "defocused": Flag(default=True, meaning="looks for a picture out of focus"),
                    "moved": Flag(default=True, meaning="looks for a camera that was turned"),
                    "minimum_seconds": Number(3.0, 0, 600, "for how long before it counts"),
                }
            ),
        ),
        "person_counting": Analyser(
            "person_counting",
            "People in an area: more or fewer than so many, or another number of them.",
            MappingProxyType(
                {
                    "rule": Choice("more_than", ("more_than", "fewer_than", "changed"), "what is told"),
                    "count": Number(0, 0, 1000, "of more_than and fewer_than: how many people", whole=True),
                    "hold_seconds": Number(2.0, 0, 3600, "for how long it must be so"),
                    **_DETECTION,
                }
            ),
            MappingProxyType({ZoneKind.AREA: (0, MAX_ZONES)}),
        ),
        "line_crossing": Analyser(
            "line_crossing",
            "Somebody crosses a line.",
            MappingProxyType(
                {"direction": Choice("any", ("any", "a_to_b", "b_to_a"), "from which side"), **_DETECTION}
            ),
            MappingProxyType({ZoneKind.LINE: (1, MAX_ZONES)}),
        ),
    }
)
"""By the `analytic_type` of a case."""


@dataclass(frozen=True, slots=True)
class Zone:
    """`points`: (x, y) as shares of width and height, 0..1 from the upper left corner; of a line two."""

    name: str
    kind: ZoneKind
    points: tuple[tuple[float, float], ...]


def complete_options(analytic_type: str, given: Mapping[str, object]) -> dict[str, OptionValue]:
    """The options with defaults for those not given. Raises AnalyticCaseInvalid naming `options.<name>`."""
    known = _analyser(analytic_type).options
    problems = [
        FieldProblem(f"options.{name[:MAX_NAME]}", f"is no option of {analytic_type}", "one of " + ", ".join(known))
        for name in given
        if name not in known
    ][:MAX_ZONES]
    for name, option in known.items():
        if name in given and (right := option.problem(given[name])):
            problems.append(FieldProblem(f"options.{name}", "does not fit", right))
    options: dict[str, Any] = {name: given.get(name, option.default) for name, option in known.items()}
    if not problems:
        problems = list(_together(options))
    if problems:
        raise AnalyticCaseInvalid(problems)
    return options


def check_zones(analytic_type: str, zones: Sequence[Zone]) -> None:
    """Raises AnalyticCaseInvalid naming `zones[<index>].<member>`: a kind, a number or a shape that does not fit."""
    allowed = _analyser(analytic_type).zones
    problems = list(_number_problems(analytic_type, allowed, zones))
    names: set[str] = set()
    for index, zone in enumerate(zones[:MAX_ZONES]):
        if zone.name in names:
            problems.append(FieldProblem(f"zones[{index}].name", "is that of another zone", "a name of its own"))
        names.add(zone.name)
        if right := shape_problem(zone):
            problems.append(FieldProblem(f"zones[{index}].points", "do not fit", right))
    if problems:
        raise AnalyticCaseInvalid(problems)


def zones_of(value: object) -> tuple[Zone, ...]:
    """The zones of a JSON list of `{"name", "kind", "points": [[x, y], ...]}`. Raises AnalyticCaseInvalid."""
    members = value if isinstance(value, list) else [None]
    if len(members) > MAX_ZONES:
        raise AnalyticCaseInvalid([FieldProblem("zones", f"are {len(members)}", f"at most {MAX_ZONES}")])
    found = [_zone(member) for member in members]
    if None in found:
        right = '{"name": text, "kind": one of ' + ", ".join(ZoneKind) + ', "points": [[x, y], ...]}'
        raise AnalyticCaseInvalid([FieldProblem(f"zones[{found.index(None)}]", "is no zone", right)])
    return tuple(zone for zone in found if zone is not None)


def zones_json(zones: Sequence[Zone]) -> list[dict[str, Any]]:
    """The same, to be written as JSON."""
    return [
        {"name": zone.name, "kind": zone.kind.value, "points": [[*point] for point in zone.points]} for zone in zones
    ]


def _zone(value: object) -> Zone | None:
    """None for what is no zone; whether it is a right one is not looked at."""
    if not isinstance(value, dict) or not isinstance(value.get("points"), list):
        return None
    name, kind, points = value.get("name"), value.get("kind"), value["points"][: MAX_POINTS + 1]
    pairs = [tuple(point) for point in points if isinstance(point, list | tuple) and len(point) == 2]
    numbers = all(isinstance(part, int | float) and not isinstance(part, bool) for pair in pairs for part in pair)
    named = isinstance(name, str) and 0 < len(name) <= MAX_NAME and isinstance(kind, str) and kind in _KINDS
    if not named or not numbers or len(pairs) != len(points):
        return None
    return Zone(str(name), ZoneKind(str(kind)), tuple((float(x), float(y)) for x, y in pairs))


def shape_problem(zone: Zone) -> str:
    """What points would be right for the zone's kind; "" when they are. A polygon may cross itself."""
    least, most = (2, 2) if zone.kind is ZoneKind.LINE else (3, MAX_POINTS)
    if not least <= len(zone.points) <= most:
        return "two points" if least == most else f"{least} to {most} points"
    if not all(math.isfinite(part) and 0 <= part <= 1 for point in zone.points for part in point):
        return "pairs of numbers from 0 to 1"
    if zone.kind is ZoneKind.LINE:
        return "two different points" if zone.points[0] == zone.points[1] else ""
    return "points that do not all lie on one line" if _flat(zone.points) else ""


def _analyser(analytic_type: str) -> Analyser:
    if analytic_type not in ANALYSERS:
        problem = FieldProblem("analytic_type", "is not known", "one of " + ", ".join(ANALYSERS))
        raise AnalyticCaseInvalid([problem])
    return ANALYSERS[analytic_type]


def _together(options: Mapping[str, Any]) -> Iterator[FieldProblem]:
    if "detector" in options and (options["detector"] == "hog") == bool(options["model"]):
        right = "no model with hog" if options["model"] else f"the model's name with {options['detector']}"
        yield FieldProblem("options.model", "does not fit the detector", right)
    if options.get("rule") == "fewer_than" and options["count"] == 0:
        yield FieldProblem("options.count", "can never be so", "1 or more with fewer_than")
    if "covered" in options and not (options["covered"] or options["defocused"] or options["moved"]):
        yield FieldProblem("options", "look for nothing", "one of covered, defocused and moved")


def _number_problems(
    analytic_type: str, allowed: Mapping[ZoneKind, tuple[int, int]], zones: Sequence[Zone]
) -> Iterator[FieldProblem]:
    if len(zones) > MAX_ZONES:
        yield FieldProblem("zones", f"are {len(zones)}", f"at most {MAX_ZONES}")
    known = ", ".join(allowed) or "no zones at all"
    for index, zone in enumerate(zones[:MAX_ZONES]):
        if zone.kind not in allowed:
            yield FieldProblem(f"zones[{index}].kind", f"is no zone of {analytic_type}", known)
    for kind, (least, _) in allowed.items():
        if sum(zone.kind is kind for zone in zones) < least:
            yield FieldProblem("zones", f"lack the kind {kind}", f"at least {least}")


def _flat(points: Sequence[tuple[float, float]]) -> bool:
    """Whether all points lie on one line."""
    x, y = points[0]
    far_x, far_y = max(points, key=lambda point: math.hypot(point[0] - x, point[1] - y))
    return all(abs((far_x - x) * (b - y) - (far_y - y) * (a - x)) < _THINNEST for a, b in points)
