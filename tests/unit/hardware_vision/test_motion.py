"""What is taken for motion, and what is not."""

from collections.abc import Iterator
from itertools import pairwise

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hardware.models import OptionValue, WatchOrder, Zone, ZoneKind
from hardware.sources.file import FOOTAGE
from hardware.vision import ANALYSERS, Sighting, order_problem, task_of
from hardware.vision.grey import Grey, grey_picture
from hardware.vision.motion import MotionState, Patience, judge

NS = 1_000_000_000


def scene(square: int | None = None, light: int = 100, noise: int = 0, seed: int = 0) -> Grey:
    """A grey scene of 320x180, with a bright square of 40 pixels whose left edge is at `square`."""
    pixels = np.full((180, 320), light, np.int16)
    if square is not None:
        pixels[60:100, square : square + 40] = 220
    if noise:
        pixels += np.random.default_rng(seed).normal(0, noise, pixels.shape).astype(np.int16)
    return np.clip(pixels, 0, 255).astype(np.uint8)


def order(analyser: str = "motion", *zones: Zone, **options: OptionValue) -> WatchOrder:
    return WatchOrder(sink_id="watch", analyser=analyser, options=options, zones=zones)


def look(pictures: list[Grey], order: WatchOrder, rate: float = 5.0) -> list[list[Sighting]]:
    """What each picture makes of each zone."""
    analyser = ANALYSERS[order.analyser].create(task_of(order))
    times = [10**12 + round(number * NS / rate) for number in range(len(pictures))]
    return [list(analyser.look(picture, at_ns)) for picture, at_ns in zip(pictures, times, strict=True)]


def watch(pictures: list[Grey], rate: float = 5.0, **options: OptionValue) -> list[Sighting]:
    return [seen for (seen,) in look(pictures, order("motion", **options), rate)]


def test_a_still_scene_is_still() -> None:
    assert not any(seen.active for seen in watch([scene()] * 50))


def test_a_noisy_still_scene_is_still() -> None:
    assert not any(seen.active for seen in watch([scene(noise=8, seed=number) for number in range(50)]))


@pytest.mark.parametrize("rate", [2.0, 5.0, 25.0])
def test_what_moves_is_seen_from_soon_after_its_start_until_the_hold_time_is_over(rate: float) -> None:
    before, during, after = round(4 * rate), round(4 * rate), round(20 * rate)
    moving = [scene(round(number * 200 / during)) for number in range(during)]
    seen = watch([scene()] * before + moving + [scene()] * after, rate, hold_seconds=2.0)
    active = [number for number, sighting in enumerate(seen) if sighting.active]
    assert before < active[0] <= before + 0.3 * rate + 2
    assert active == list(range(active[0], active[-1] + 1))
    last = before + during - 1
    assert last + 2.0 * rate - 1 <= active[-1] <= last + 2.0 * rate + 1
    assert {sighting.kind for sighting in seen} == {"motion"}


def test_the_box_is_where_it_moves() -> None:
    seen = watch([scene()] * 20 + [scene(200)] * 3)
    ((left, top, width, height),) = seen[-1].boxes
    assert left == pytest.approx(200 / 320, abs=0.05)
    assert top == pytest.approx(60 / 180, abs=0.05)
    assert width == pytest.approx(40 / 320, abs=0.06)
    assert height == pytest.approx(40 / 180, abs=0.08)
    assert seen[-1].value == pytest.approx(1600 / (320 * 180), rel=0.3)


def test_light_that_is_switched_is_no_motion() -> None:
    assert not any(seen.active for seen in watch([scene(light=60)] * 20 + [scene(light=180)] * 30))


def test_dusk_is_no_motion() -> None:
    assert not any(seen.active for seen in watch([scene(light=200 - number) for number in range(150)]))


def test_what_stays_becomes_part_of_the_scene() -> None:
    seen = watch([scene()] * 20 + [scene(200)] * 300)
    assert seen[25].active
    assert not seen[-1].active


def test_a_flicker_shorter_than_the_least_time_does_not_count() -> None:
    assert not any(seen.active for seen in watch([scene()] * 20 + [scene(200)] + [scene()] * 20, minimum_seconds=0.3))
    assert any(seen.active for seen in watch([scene()] * 20 + [scene(200)] + [scene()] * 20, minimum_seconds=0.0))


def test_sensitivity_and_area_decide() -> None:
    pictures = [scene()] * 20 + [scene(200, light=190)] * 5
    assert not any(seen.active for seen in watch([scene(light=190)] * 20 + pictures[20:], sensitivity=0.0))
    assert any(seen.active for seen in watch([scene(light=190)] * 20 + pictures[20:], sensitivity=0.7))
    pictures = [scene()] * 20 + [scene(200)] * 5
    assert any(seen.active for seen in watch(pictures, minimum_area=0.02))
    assert not any(seen.active for seen in watch(pictures, minimum_area=0.05))


def test_another_size_or_a_long_gap_is_a_new_scene() -> None:
    motion = ANALYSERS["motion"].create(task_of(order(minimum_seconds=0.0)))
    for number in range(20):
        motion.look(scene(), 10**12 + number * NS // 5)
    assert not motion.look(scene(200)[:, :200], 10**12 + 20 * NS // 5)[0].active
    assert not motion.look(scene(200), 10**12 + 100 * NS)[0].active


def polygon(name: str, kind: ZoneKind, left: float, right: float) -> Zone:
    return Zone(name=name, kind=kind, points=((left, 0), (right, 0), (right, 1), (left, 1)))


def test_each_included_zone_is_judged_by_itself() -> None:
    zones = (polygon("door", "include", 0.6, 0.8), polygon("path", "include", 0.0, 0.5))
    last = look([scene()] * 20 + [scene(200)] * 5, order("motion", *zones))[-1]
    assert [(seen.zone, seen.active, bool(seen.boxes)) for seen in last] == [
        ("door", True, True),
        ("path", False, False),
    ]


def test_what_is_excluded_does_not_move() -> None:
    pictures = [scene()] * 20 + [scene(200)] * 5
    for left, right, moves in ((0.5, 0.9, False), (0.0, 0.5, True)):
        ((seen,),) = look(pictures, order("motion", polygon("tree", "exclude", left, right)))[-1:]
        assert (seen.zone, seen.active) == ("", moves)


def test_a_small_zone_needs_no_more_than_half_of_itself() -> None:
    (seen,) = look(
        [scene()] * 20 + [scene(200)] * 5, order("motion", polygon("bell", "include", 0.65, 0.7), minimum_area=0.5)
    )[-1]
    assert not seen.active
    zone = Zone(name="bell", kind="include", points=((0.64, 0.35), (0.73, 0.35), (0.73, 0.53), (0.64, 0.53)))
    (seen,) = look([scene()] * 20 + [scene(200)] * 5, order("motion", zone, minimum_area=0.5))[-1]
    assert seen.active


def test_no_motion_is_told_after_its_time_and_until_something_moves() -> None:
    moving = [scene(round(number * 10)) for number in range(20)]
    seen = [each for (each,) in look([scene()] * 60 + moving + [scene()] * 150, order("no_motion", seconds=10))]
    active = [number for number, each in enumerate(seen) if each.active]
    assert active[0] == pytest.approx(50, abs=1)
    gap = [number for number in range(active[0], len(seen)) if number not in active]
    assert gap[0] == pytest.approx(62, abs=2), "it ends when something moves"
    assert 80 + 50 - 2 <= gap[-1] < 80 + 50 + 60, "what left a hole in the background may count a while"
    assert seen[-1].value == pytest.approx((len(seen) - 1 - gap[-1]) / 5 + 10, abs=1.0)


def test_a_stillness_that_was_not_watched_does_not_count() -> None:
    analyser = ANALYSERS["no_motion"].create(task_of(order("no_motion", seconds=10)))
    for at in (*range(8), *range(60, 66)):
        assert not analyser.look(scene(), (1000 + at) * NS)[0].active


def test_the_footage_moves() -> None:
    """People and cars pass all the time."""

    def pictures() -> Iterator[Grey]:
        with av.open(str(FOOTAGE)) as container:
            for number, frame in enumerate(container.decode(video=0)):
                if number % 2 == 0:
                    yield grey_picture(frame, 320)

    seen = watch(list(pictures()))
    assert sum(sighting.active for sighting in seen) > 0.8 * len(seen)
    assert all(0 <= edge <= 1 for sighting in seen for box in sighting.boxes for edge in box)


@given(st.lists(st.tuples(st.floats(0, 0.02), st.integers(1, 1_500_000_000)), max_size=80))
def test_it_begins_after_the_least_time_and_ends_after_the_hold_time(script: list[tuple[float, int]]) -> None:
    patience = Patience(area=0.01, least=0.5, hold=2.0)
    mono_ns, state = 10**12, MotionState()
    history: list[tuple[int, float, MotionState]] = []
    for share, step in script:
        mono_ns += step
        state = judge(state, share, mono_ns, patience)
        history.append((mono_ns, share, state))
    for (_, _, old), (at_ns, share, new) in pairwise(history):
        if new.active and not old.active:
            assert new.since_ns is not None
            run = [seen for when, seen, _ in history if new.since_ns <= when <= at_ns]
            assert at_ns - new.since_ns >= 0.5 * NS
            assert min(run) >= 0.01
        if old.active and not new.active:
            assert at_ns - old.last_ns >= 2 * NS
            assert share < 0.005


@pytest.mark.parametrize(
    ("analyser", "options", "problem"),
    [
        ("motion", {}, ""),
        ("motion", {"sensitivity": 0.3, "minimum_area": 1, "minimum_seconds": 0.0, "hold_seconds": 5.0}, ""),
        ("motion", {"sense": 1.0}, "motion has no option 'sense'; it has sensitivity, minimum_area,"),
        ("motion", {"minimum_area": 2.0}, "minimum_area is 2.0; right is 0.0001 to 1"),
        ("motion", {"sensitivity": float("nan")}, "sensitivity is nan; right is 0 to 1"),
        ("motion", {"sensitivity": True}, "sensitivity is True; right is 0 to 1"),
        ("tamper", {"moved": 1}, "moved is 1; right is true or false"),
        ("person_counting", {"count": 1.5}, "count is 1.5; right is an integer 0 to 1000"),
        ("line_crossing", {"direction": "up"}, "direction is 'up'; right is one of any, a_to_b, b_to_a"),
        ("line_crossing", {}, "line_crossing needs 1 zone of kind 'line'"),
        ("sound", {}, "there is no analyser 'sound'; there are motion, "),
    ],
)
def test_what_cannot_be_watched_is_refused_with_a_reason(
    analyser: str, options: dict[str, OptionValue], problem: str
) -> None:
    found = order_problem(order(analyser, **options))
    assert found.startswith(problem) if problem else not found


def test_zones_are_checked() -> None:
    line = Zone(name="kerb", kind="line", points=((0, 0), (1, 1)))
    assert order_problem(order("motion", line)) == "motion has no zones of kind 'line'; it has include, exclude"
    twice = (polygon("a", "include", 0, 0.2), polygon("a", "include", 0.3, 0.5))
    assert order_problem(order("motion", *twice)) == "two zones are named 'a'"
    with pytest.raises(ValidationError, match="two for a line"):
        Zone(name="kerb", kind="line", points=((0, 0), (1, 1), (0, 1)))
    with pytest.raises(ValidationError, match="less than or equal to 1"):
        Zone(name="door", kind="include", points=((0, 0), (1.5, 1), (0, 1)))
