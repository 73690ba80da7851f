"""What analytic cases may say: options within their ranges, zones that are some."""

import math
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.vision import ANALYSERS as SEEN
from presets_store.rules.scripts.analytics import (
    ANALYSERS,
    MAX_POINTS,
    MAX_ZONES,
    AnalyticCaseInvalid,
    Zone,
    ZoneKind,
    check_zones,
    complete_options,
    shape_problem,
    zones_json,
    zones_of,
)
from presets_store.rules.scripts.catalogue import EVENTS, EVENTS_BY_NAME

SQUARE = ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9))
BOW_TIE = ((0.1, 0.1), (0.9, 0.9), (0.9, 0.1), (0.1, 0.9))
shares = st.floats(0, 1)


def fields_of(refused: AnalyticCaseInvalid) -> list[str]:
    return [problem.field for problem in refused.problems]


def refusal(analytic_type: str, zones: tuple[Zone, ...] = (), **options: Any) -> list[str]:
    def check() -> None:
        complete_options(analytic_type, options)
        check_zones(analytic_type, zones)

    with pytest.raises(AnalyticCaseInvalid) as caught:
        check()
    return fields_of(caught.value)


@pytest.mark.parametrize("name", ANALYSERS)
def test_defaults_fit(name: str) -> None:
    given_options = {"seconds": 5} if name == "no_motion" else {}
    assert complete_options(name, complete_options(name, given_options)) == complete_options(name, given_options)


def test_each_analyser_makes_an_event_of_the_catalogue() -> None:
    seen = {name: analyser.event_name for name, analyser in ANALYSERS.items()}
    assert {event.name: event.analytic_type for event in EVENTS if event.analytic_type} == {
        event_name: name for name, event_name in seen.items()
    }
    assert set(seen.values()) <= set(EVENTS_BY_NAME)


@pytest.mark.parametrize("name", ANALYSERS)
def test_the_hardware_has_the_same_analysers(name: str) -> None:
    """Neither package may import the other, and what one of them keeps the other must take."""

    def plain(option: Any) -> dict[str, Any]:
        return {member: value for member, value in asdict(option).items() if member != "meaning"}

    ours, theirs = ANALYSERS[name], SEEN[name]
    assert {name: plain(option) for name, option in ours.options.items()} == {
        name: plain(option) for name, option in theirs.options.items()
    }
    assert {kind.value: least for kind, (least, _) in ours.zones.items()} == dict(theirs.zones)


@pytest.mark.parametrize(
    ("name", "options", "field"),
    [
        ("motion", {"sensitivity": 1.01}, "options.sensitivity"),
        ("motion", {"sensitivity": math.nan}, "options.sensitivity"),
        ("motion", {"sensitivity": "0.5"}, "options.sensitivity"),
        ("motion", {"sensitivity": True}, "options.sensitivity"),
        ("motion", {"minimum_area": 0}, "options.minimum_area"),
        ("motion", {"hold_seconds": math.inf}, "options.hold_seconds"),
        ("motion", {"model": "x"}, "options.model"),
        ("person_counting", {"count": 2.5}, "options.count"),
        ("person_counting", {"count": -1}, "options.count"),
        ("person_counting", {"rule": "fewer_than", "count": 0}, "options.count"),
        ("person_counting", {"rule": "about"}, "options.rule"),
        ("person_counting", {"detector": "onnx"}, "options.model"),
        ("person_counting", {"detector": "hog", "model": "yolo"}, "options.model"),
        ("person_counting", {"detector": "onnx", "model": "../../etc/passwd"}, "options.model"),
        ("person_counting", {"detector": "onnx", "model": "/etc/passwd"}, "options.model"),
        ("line_crossing", {"direction": "up"}, "options.direction"),
        ("tamper", {"covered": 1}, "options.covered"),
        ("tamper", {"covered": False, "defocused": False, "moved": False}, "options"),
        ("faces", {}, "analytic_type"),
    ],
)
def test_options_that_do_not_fit(name: str, options: dict[str, Any], field: str) -> None:
    assert refusal(name, **options) == [field]


def test_all_that_is_wrong_is_told_at_once() -> None:
    assert refusal("motion", sensitivity=2, minimum_area=2, colour="red") == [
        "options.colour",
        "options.sensitivity",
        "options.minimum_area",
    ]


def test_many_unknown_options_are_not_all_repeated() -> None:
    unknown: dict[str, Any] = {f"x{number}": 1 for number in range(10_000)}
    assert len(refusal("motion", **unknown)) <= MAX_ZONES


@pytest.mark.parametrize("points", [SQUARE, BOW_TIE, ((0.0, 0.0), (1.0, 0.0), (0.5, 1.0))])
def test_polygons_that_are_some(points: tuple[tuple[float, float], ...]) -> None:
    check_zones("motion", (Zone("desk", ZoneKind.INCLUDE, points),))


@pytest.mark.parametrize(
    "points",
    [
        (),
        SQUARE[:2],
        ((0.1, 0.1),) * 5,
        ((0.1, 0.1), (0.5, 0.5), (0.9, 0.9)),
        ((0.1, 0.1), (1.1, 0.1), (0.5, 0.5)),
        ((0.1, 0.1), (-0.1, 0.1), (0.5, 0.5)),
        ((0.1, 0.1), (math.nan, 0.1), (0.5, 0.5)),
        ((0.1, 0.1), (math.inf, 0.1), (0.5, 0.5)),
        SQUARE * 1000,
    ],
)
def test_polygons_that_are_none(points: tuple[tuple[float, float], ...]) -> None:
    assert refusal("motion", (Zone("desk", ZoneKind.INCLUDE, points),)) == ["zones[0].points"]


def test_zones_that_do_not_belong() -> None:
    line = Zone("door", ZoneKind.LINE, ((0.1, 0.5), (0.9, 0.5)))
    assert refusal("motion", (line,)) == ["zones[0].kind"]
    assert refusal("tamper", (Zone("a", ZoneKind.INCLUDE, SQUARE),)) == ["zones[0].kind"]
    assert refusal("line_crossing") == ["zones"]
    assert refusal("line_crossing", (line, line)) == ["zones[1].name"]
    same = Zone("door", ZoneKind.LINE, ((0.5, 0.5), (0.5, 0.5)))
    assert refusal("line_crossing", (same,)) == ["zones[0].points"]
    many = tuple(Zone(str(number), ZoneKind.AREA, SQUARE) for number in range(MAX_ZONES + 1))
    assert refusal("person_counting", many) == ["zones"]


@given(st.lists(st.tuples(shares, shares), max_size=MAX_POINTS + 5))
def test_a_polygon_that_passes_has_some_area_to_look_at(points: list[tuple[float, float]]) -> None:
    zone = Zone("any", ZoneKind.AREA, tuple(points))
    if shape_problem(zone) == "":
        assert 3 <= len(points) <= MAX_POINTS
        assert len({x for x, _ in points}) > 1
        assert len({y for _, y in points}) > 1
        assert zones_of(zones_json([zone])) == (zone,)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["name", "kind", "points"]), inner),
    )
)
def test_any_json_is_zones_or_refused(value: Any) -> None:
    try:
        assert all(isinstance(zone, Zone) for zone in zones_of(value))
    except AnalyticCaseInvalid as refused:
        named = fields_of(refused)
    else:
        named = ["zones"]
    assert named[0].startswith("zones")
