"""When photos are due, how large they become, what may stay untouched."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.models import PhotoOrder
from hardware.pipeline.plan import Ask
from hardware.pipeline.sizes import fit, reduction
from hardware.sinks.photoplan import LARGEST, final_size, next_place, photo_ask, takes_as_is

SIDES = st.integers(1, 16384)
INTERVALS = st.integers(1, 10**13)


def order(**changes: Any) -> PhotoOrder:
    basics = {"sink_id": "p", "consumer": "p/1/0", "folder": "/", "stem": "p", "clock_quality": "unset"}
    return PhotoOrder(**basics, requested_mono_ns=0, wall_offset_ns=0, **changes)


@given(st.integers(0, 10**16), INTERVALS)
def test_the_next_place_is_the_first_at_least_half_an_interval_away(since: int, interval: int) -> None:
    place = next_place(since, interval)
    assert 2 * (place * interval - since) >= interval
    assert 2 * ((place - 1) * interval - since) < interval


@given(INTERVALS.filter(lambda interval: interval > 100), st.lists(st.integers(0, 49), min_size=1, max_size=50))
def test_frames_a_little_late_neither_skip_nor_drift(interval: int, late_percent: list[int]) -> None:
    place = 0
    for number, percent in enumerate(late_percent):
        assert place == number
        place = next_place(place * interval + interval * percent // 100, interval)


@pytest.mark.parametrize(("late", "expected"), [(0, 1), (4, 1), (5, 1), (6, 2), (14, 2), (16, 3), (100, 11)])
def test_what_passed_meanwhile_is_left_out(late: int, expected: int) -> None:
    assert next_place(late, 10) == expected


@given(SIDES, SIDES, st.integers(0, 16384), st.integers(0, 16384))
def test_a_photo_fits_keeps_its_aspect_and_never_grows(width: int, height: int, asked_w: int, asked_h: int) -> None:
    fitted = fit(width, height, asked_w, asked_h)
    assert 1 <= fitted[0] <= width
    assert 1 <= fitted[1] <= height
    assert abs(fitted[0] * height - fitted[1] * width) <= width + height  # a pixel's rounding each way
    if asked_w and asked_h:
        assert max(fitted) <= max(asked_w, asked_h)
        assert min(fitted) <= min(asked_w, asked_h)


@pytest.mark.parametrize(
    ("picture", "asked", "expected"),
    [
        ((1920, 1080), (0, 0), (1920, 1080)),
        ((1920, 1080), (640, 0), (640, 360)),
        ((1920, 1080), (0, 540), (960, 540)),
        ((1920, 1080), (1080, 1920), (1920, 1080)),  # whichever way round
        ((1920, 1080), (640, 480), (640, 360)),
        ((640, 480), (1920, 1080), (640, 480)),
        ((4000, 3), (100, 100), (100, 1)),
    ],
)
def test_sizes(picture: tuple[int, int], asked: tuple[int, int], expected: tuple[int, int]) -> None:
    assert fit(*picture, *asked) == expected


def test_a_turned_photo_is_measured_as_it_will_be() -> None:
    assert final_size(order(rotation_degrees=90, width=480), 1920, 1080) == (480, 853)
    assert final_size(order(rotation_degrees=180, width=480), 1920, 1080) == (480, 270)


@pytest.mark.parametrize(
    ("changes", "untouched"),
    [
        ({}, True),
        ({"quality": 10}, True),
        ({"width": 1280, "height": 720}, True),
        ({"width": 720, "height": 1280}, True),
        ({"width": 1920, "height": 1080}, True),
        ({"width": 640, "height": 360}, False),
        ({"encoding": "png"}, False),
        ({"rotation_degrees": 180}, False),
        ({"hflip": True}, False),
        ({"vflip": True}, False),
        ({"brightness": 0.1}, False),
        ({"contrast": 1.1}, False),
        ({"saturation": 0.0}, False),
        ({"sharpness": 2.0}, False),
    ],
)
def test_a_jpeg_stays_untouched_when_nothing_asks_for_a_change(changes: dict[str, Any], untouched: bool) -> None:
    assert takes_as_is(order(**changes), 1280, 720) is untouched


@given(SIDES, SIDES, SIDES, SIDES)
def test_a_reduced_decode_leaves_enough(width: int, height: int, target_width: int, target_height: int) -> None:
    by = reduction(width, height, min(width, target_width), min(height, target_height))
    assert width // by >= min(width, target_width)
    assert height // by >= min(height, target_height)


def test_a_closed_camera_is_opened_for_the_size_or_its_largest() -> None:
    assert photo_ask(order(width=640, height=480), prefers=True) == Ask(640, 480)
    assert photo_ask(order(), prefers=False) == LARGEST
    assert photo_ask(order(width=640), prefers=False) == LARGEST
    assert photo_ask(order(), prefers=True) == Ask()


@pytest.mark.parametrize("wrong", [{"quality": 0}, {"brightness": 1.5}, {"contrast": -1}, {"interval_seconds": -1}])
def test_what_means_nothing_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        order(**wrong)
