"""Who crosses a line, from which side, and how often it is told."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from fakes.street import film
from fakes.street_network import write_network
from hypothesis import given
from hypothesis import strategies as st

from hardware.models import Zone
from hardware.vision import ANALYSERS, Sighting, Task
from hardware.vision.lines import Crossings, Line, Point
from hardware.vision.options import complete
from hardware.vision.tracking import Person

NS = 1_000_000_000
DOWNWARDS = Line((0.5, 0.2), (0.5, 0.8))
"""Its side a is the left one."""


def walk(*feet: Point, line: Line = DOWNWARDS, aspect: float = 1.0) -> list[str]:
    """The directions told of somebody 0.2 tall whose feet are there, one look after the other."""
    crossings = Crossings(line)
    told = []
    for x, y in feet:
        person = Person(1, (x - 0.03, y - 0.2, 0.06, 0.2), 0.9, True)
        told += [crossing.direction for crossing in crossings.take([person], aspect)]
    return told


def test_a_crossing_is_told_with_its_direction() -> None:
    assert walk((0.3, 0.5), (0.4, 0.5), (0.6, 0.5), (0.7, 0.5)) == ["a_to_b"]
    assert walk((0.7, 0.5), (0.3, 0.5)) == ["b_to_a"]
    assert walk((0.3, 0.5), (0.7, 0.5), (0.3, 0.5)) == ["a_to_b", "b_to_a"]


def test_a_line_from_left_to_right_has_its_side_a_below() -> None:
    assert walk((0.5, 0.7), (0.5, 0.3), line=Line((0.2, 0.5), (0.8, 0.5))) == ["a_to_b"]


def test_who_walks_past_its_end_does_not_cross_it() -> None:
    assert walk((0.3, 0.9), (0.7, 0.9)) == []
    assert walk((0.3, 0.1), (0.7, 0.1)) == []


def test_who_sways_on_it_crosses_it_once() -> None:
    swaying = [(0.5 + shift, 0.5) for shift in (-0.02, 0.02, -0.01, 0.025, -0.02)]
    assert walk((0.3, 0.5), *swaying, (0.6, 0.5)) == ["a_to_b"]
    assert walk((0.3, 0.5), *swaying, (0.4, 0.5)) == []


def test_two_people_are_not_taken_for_one() -> None:
    crossings = Crossings(DOWNWARDS)
    one, other = (Person(number, (x, 0.3, 0.06, 0.2), 0.9, True) for number, x in ((1, 0.3), (2, 0.7)))
    assert list(crossings.take([one], 1.0)) == []
    assert list(crossings.take([other], 1.0)) == []
    one.box = (0.7, 0.3, 0.06, 0.2)
    assert list(crossings.take([one, other], 1.0)) == []


share = st.floats(0.05, 0.95)
point = st.tuples(share, share)


@given(point, point, point, st.floats(0.5, 3))
def test_the_sides_are_those_of_the_rule(start: Point, end: Point, at: Point, aspect: float) -> None:
    side = (end[0] - start[0]) * (at[1] - start[1]) - (end[1] - start[1]) * (at[0] - start[0])
    over = Line(start, end).height_over(at, aspect)
    if abs(side) > 1e-9:
        assert (over > 0) == (side > 0)
        assert (Line(end, start).height_over(at, aspect) > 0) == (side < 0)


@given(st.lists(point, min_size=2, max_size=20))
def test_directions_alternate(feet: list[Point]) -> None:
    """Along a line through the whole picture nobody can cross twice to the same side."""
    told = walk(*feet, line=Line((0.5, 0.0), (0.5, 1.0)))
    assert all(before != after for before, after in pairwise(told))


@pytest.mark.parametrize(("direction", "told"), [("any", 1), ("a_to_b", 1), ("b_to_a", 0)])
def test_somebody_in_the_footage_crosses_a_line(direction: str, told: int, tmp_path: Path) -> None:
    """From 10 s to 13 s one person walks over the middle of the street, to the right."""
    network = str(write_network(tmp_path / "street.onnx"))
    entry = ANALYSERS["line_crossing"]
    zone = Zone(name="street", kind="line", points=((0.6, 0.38), (0.6, 0.8)))
    options = complete(entry.options, {"detector": "onnx", "model": "street", "direction": direction})
    analyser = entry.create(Task(options, (zone,), (network,)))
    seen: list[Sighting] = []
    for number, picture in enumerate(film()[98:132]):
        look: Sequence[Sighting] = analyser.look(picture, NS + number * NS // 10)
        seen += look
    assert len(seen) == told
    for sighting in seen:
        assert (sighting.kind, sighting.zone, sighting.instant) == ("line_crossing", "street", True)
        assert dict(sighting.attributes) == {"direction": "a_to_b", "line": "street"}
        assert len(sighting.boxes) == len(sighting.scores) == 1
