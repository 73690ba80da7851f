"""How people are counted in areas, and which counts are told."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pytest
from fakes.street import counted, film
from fakes.street_network import write_network
from hypothesis import given
from hypothesis import strategies as st

from hardware.models import OptionValue, Zone
from hardware.vision import ANALYSERS, Analyser, Sighting, Task, people
from hardware.vision.detectors import Detection
from hardware.vision.grey import Pixels
from hardware.vision.options import complete
from hardware.vision.people import Counts, Settling

NS = 1_000_000_000
LEFT = Zone(name="left", kind="area", points=((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)))
RIGHT = Zone(name="right", kind="area", points=((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)))
BLANK = np.full((90, 160, 3), 128, np.uint8)


class Scripted:
    """Finds people whose feet are at these x."""

    every_seconds = 0.0
    misses = 0

    def __init__(self) -> None:
        self.feet: Sequence[float] = ()

    def find(self, picture: Pixels) -> list[Detection]:
        return [Detection((x - 0.02, 0.5, 0.04, 0.3), 0.9) for x in self.feet]


@pytest.fixture
def detector(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    scripted = Scripted()
    monkeypatch.setattr(people, "create_detector", lambda *_: scripted)
    return scripted


def analyser(*zones: Zone, model_files: tuple[str, ...] = (), **options: OptionValue) -> Analyser:
    entry = ANALYSERS["person_counting"]
    return entry.create(Task(complete(entry.options, options), zones, model_files))


def watch(detector: Scripted, counter: Analyser, plan: Sequence[tuple[Sequence[float], int]]) -> list[list[Sighting]]:
    """Ten looks a second at people at these x for so many looks each."""
    steps = [feet for feet, looks in plan for _ in range(looks)]
    seen = []
    for number, feet in enumerate(steps):
        detector.feet = feet
        seen.append(list(counter.look(BLANK, NS + number * NS // 10)))
    return seen


def turns(seen: list[list[Sighting]]) -> list[tuple[int, bool]]:
    """At which look the one sighting became active, or ended."""
    states = [sighting.active for (sighting,) in seen]
    return [(number + 1, now) for number, (before, now) in enumerate(pairwise(states)) if before != now]


def test_more_than_begins_and_ends_when_it_has_lasted(detector: Scripted) -> None:
    counter = analyser(rule="more_than", count=1, hold_seconds=2)
    seen = watch(detector, counter, [([0.1], 20), ([0.1, 0.5], 60), ([0.1], 60)])
    (began, on), (ended, off) = turns(seen)
    assert (on, off) == (True, False)
    assert 40 <= began <= 44
    assert 100 <= ended <= 104
    ((sighting,),) = seen[began : began + 1]
    assert (sighting.kind, sighting.value, dict(sighting.attributes)) == ("person_counting", 2, {"count": 2})
    assert [round(left, 2) for left, *_ in sighting.boxes] == [0.08, 0.48]
    assert sighting.scores == (0.9, 0.9)


def test_what_does_not_last_is_not_told(detector: Scripted) -> None:
    counter = analyser(rule="more_than", count=0, hold_seconds=2)
    assert turns(watch(detector, counter, [([], 20), ([0.5], 15), ([], 30), ([0.5], 15), ([], 5)])) == []


def test_somebody_missed_for_a_moment_does_not_matter(detector: Scripted) -> None:
    counter = analyser(rule="more_than", count=0, hold_seconds=2)
    plan: list[Any] = [([0.5], 30), *[([], 2), ([0.5], 8)] * 5]
    assert [on for _, on in turns(watch(detector, counter, plan))] == [True]


def test_fewer_than_is_told_of_an_empty_place(detector: Scripted) -> None:
    counter = analyser(rule="fewer_than", count=1, hold_seconds=1)
    seen = watch(detector, counter, [([0.5], 30), ([], 40), ([0.5], 40)])
    assert [on for _, on in turns(seen)] == [True, False]


def test_each_area_counts_for_itself_by_the_feet(detector: Scripted) -> None:
    counter = analyser(LEFT, RIGHT, rule="more_than", count=0, hold_seconds=0)
    looks = watch(detector, counter, [([0.2, 0.3, 0.8], 10), ([0.8], 10)])
    seen = looks[9]
    assert [(sighting.zone, sighting.value, len(sighting.boxes)) for sighting in seen] == [
        ("left", 2, 2),
        ("right", 1, 1),
    ]
    (left, right) = looks[-1]
    assert (left.zone, left.active, right.zone, right.active) == ("left", False, "right", True)


def test_a_change_is_told_once_with_the_number_before(detector: Scripted) -> None:
    counter = analyser(rule="changed", hold_seconds=1)
    seen = watch(detector, counter, [([0.5], 30), ([0.2, 0.8], 40), ([], 40)])
    told = [sighting for look in seen for sighting in look]
    assert [dict(sighting.attributes) for sighting in told] == [
        {"count": 2, "previous": 1},
        {"count": 0, "previous": 2},
    ]
    assert all(sighting.instant and sighting.active for sighting in told)


def test_people_of_the_footage_are_counted(tmp_path: Path) -> None:
    """The first 8 s; figures of what nothing was tuned on are in docs/vision.md."""
    network = str(write_network(tmp_path / "street.onnx"))
    counter = analyser(detector="onnx", model="street", model_files=(network,))
    known = {picture.number: picture.people for picture in counted()}
    errors = []
    for number, picture in enumerate(film()[:82]):
        (seen,) = counter.look(picture, NS + number * NS // 10)
        if number in known:
            errors.append(abs(seen.value - known[number]))
    assert len(errors) == 7
    assert fmean(errors) <= 1.0


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 30)), max_size=60), st.integers(0, 50))
def test_a_value_settles_exactly_when_it_has_lasted(seen: list[tuple[int, int]], hold: int) -> None:
    """Against a reader of the whole past, with gaps that are shorter than a pause."""
    settling, now, past = Settling(hold * NS // 10, -1), NS, []
    expected = -1
    for value, gap in seen:
        now += min(gap, 19) * NS // 10
        past.append((now, value))
        changed = settling.take(value, now)
        same = [at for at, _ in _run(past)]
        if value != expected and now - same[0] >= hold * NS // 10:
            assert changed
            expected = value
        else:
            assert not changed
        assert settling.value == expected


def _run(past: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The last looks that saw the same."""
    start = len(past)
    while start > 0 and past[start - 1][1] == past[-1][1]:
        start -= 1
    return past[start:]


def test_nothing_settles_over_a_pause() -> None:
    settling = Settling(2 * NS, False)
    assert not settling.take(True, NS)
    assert not settling.take(True, 100 * NS)
    assert not settling.take(True, 101 * NS)
    assert settling.take(True, 102 * NS)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=40))
def test_a_count_is_one_of_those_seen_lately(counts: list[int]) -> None:
    lately = Counts()
    for number, count in enumerate(counts):
        assert lately.take(count, number * NS // 10) in counts[max(0, number - 5) : number + 1]
