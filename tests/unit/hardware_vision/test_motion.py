"""What is taken for motion, and what is not."""

from collections.abc import Iterator
from itertools import pairwise

import av
import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.sources.file import FOOTAGE
from hardware.vision import ANALYSERS, Sighting, options_problem
from hardware.vision.grey import Grey, grey_jpeg, grey_picture
from hardware.vision.motion import Motion, MotionOptions, MotionState, boxes, judge

NS = 1_000_000_000


def scene(square: int | None = None, light: int = 100, noise: int = 0, seed: int = 0) -> Grey:
    """A grey scene of 320x180, with a bright square of 40 pixels whose left edge is at `square`."""
    pixels = np.full((180, 320), light, np.int16)
    if square is not None:
        pixels[60:100, square : square + 40] = 220
    if noise:
        pixels += np.random.default_rng(seed).normal(0, noise, pixels.shape).astype(np.int16)
    return np.clip(pixels, 0, 255).astype(np.uint8)


def watch(pictures: list[Grey], rate: float = 5.0, **options: float) -> list[Sighting]:
    motion = Motion(options)
    return [motion.look(picture, 10**12 + round(number * NS / rate)) for number, picture in enumerate(pictures)]


def test_a_still_scene_is_still() -> None:
    assert not any(seen.active for seen in watch([scene()] * 50))


def test_a_noisy_still_scene_is_still() -> None:
    assert not any(seen.active for seen in watch([scene(noise=8, seed=number) for number in range(50)]))


@pytest.mark.parametrize("rate", [2.0, 5.0, 25.0])
def test_what_moves_is_seen_from_soon_after_its_start_until_the_hold_time_is_over(rate: float) -> None:
    before, during, after = round(4 * rate), round(4 * rate), round(20 * rate)
    moving = [scene(round(number * 200 / during)) for number in range(during)]
    seen = watch([scene()] * before + moving + [scene()] * after, rate, hold=2.0)
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
    assert not any(seen.active for seen in watch([scene()] * 20 + [scene(200)] + [scene()] * 20, least=0.3))
    assert any(seen.active for seen in watch([scene()] * 20 + [scene(200)] + [scene()] * 20, least=0.0))


def test_threshold_and_area_decide() -> None:
    pictures = [scene()] * 20 + [scene(200)] * 5
    assert any(seen.active for seen in watch(pictures, threshold=100, area=0.02))
    assert not any(seen.active for seen in watch(pictures, threshold=130))
    assert not any(seen.active for seen in watch(pictures, area=0.05))


def test_another_size_or_a_long_gap_is_a_new_scene() -> None:
    motion = Motion({"least": 0.0})
    for number in range(20):
        motion.look(scene(), 10**12 + number * NS // 5)
    assert not motion.look(scene(200)[:, :200], 10**12 + 20 * NS // 5).active
    assert not motion.look(scene(200), 10**12 + 100 * NS).active


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
    options = MotionOptions(area=0.01, least=0.5, hold=2.0)
    mono_ns, state = 10**12, MotionState()
    history: list[tuple[int, float, MotionState]] = []
    for share, step in script:
        mono_ns += step
        state = judge(state, share, mono_ns, options)
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


@pytest.mark.parametrize("name", ["yuvj422p", "yuv420p", "yuyv422", "nv12", "yuv420p10le", "gray"])
def test_every_format_becomes_grey(name: str) -> None:
    pixels = np.zeros((60, 100, 3), np.uint8)
    pixels[:, 50:] = 200
    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
    grey = grey_picture(frame.reformat(format=name, threads=1), 50)  # its own threads spoil a few pixels of this width
    assert grey.shape == (30, 50)
    assert grey[:, :24].max() < 30
    assert grey[:, 26:].min() > 170


@pytest.mark.parametrize(
    ("width", "shape"), [(1280, (720, 1280)), (320, (180, 320)), (200, (112, 200)), (4096, (720, 1280))]
)
def test_a_jpeg_is_seen_as_its_frame_is(width: int, shape: tuple[int, int]) -> None:
    with av.open(str(FOOTAGE)) as container:
        frame = next(container.decode(video=0)).reformat(1280, 720, format="bgr24")
    coded, data = cv2.imencode(".jpg", frame.to_ndarray())
    assert coded
    seen = grey_jpeg(data.tobytes(), (1280, 720), width)
    assert seen is not None
    assert seen.shape == shape
    assert np.abs(seen.astype(int) - grey_picture(frame, width).astype(int)).mean() < 3


@pytest.mark.parametrize("data", [b"", b"no picture", b"\xff\xd8\xff"])
def test_what_is_no_jpeg_is_not_seen(data: bytes) -> None:
    assert grey_jpeg(data, (640, 480), 320) is None


def test_a_small_picture_stays_as_it_is() -> None:
    frame = av.VideoFrame.from_ndarray(scene(10), format="gray")
    assert (grey_picture(frame, 4096) == scene(10)).all()


def test_nothing_differs_nowhere() -> None:
    assert boxes(np.zeros((180, 320), np.uint8)) == ()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({}, ""),
        ({"threshold": 30.0, "area": 0.01, "least": 0.0, "hold": 5.0}, ""),
        ({"sense": 1.0}, "motion has no option 'sense'; it has threshold, area, least, hold"),
        ({"area": 2.0}, "area is 2; right is 0.0001 to 1"),
        ({"threshold": float("nan")}, "threshold is nan; right is 1 to 255"),
    ],
)
def test_options_are_checked(options: dict[str, float], problem: str) -> None:
    assert options_problem("motion", options) == problem
    if not problem:
        ANALYSERS["motion"].create(options).look(scene(), 1)
