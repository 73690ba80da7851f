"""What a stream, a viewer or a time-lapse gets of a camera: the pure decisions."""

from typing import Any

import pytest
from fakes.recording import H264, MJPG, YUYV
from hypothesis import given
from hypothesis import strategies as st

from hardware.models import Codec, Format
from hardware.pipeline.plan import Plan, Wish, plan_packets
from hardware.pipeline.recipe import Thinning
from hardware.pipeline.sizes import fit_even
from hardware.pipeline.thinning import Places

STREAM = frozenset({Codec.H264})
VIEWER = frozenset({Codec.MJPEG})
RECORDING = frozenset({Codec.H264, Codec.HEVC, Codec.MJPEG})
HD = Format(codec=Codec.MJPEG, width=1280, height=720, rate=30)


def plan_of(granted: Format, takes: frozenset[Codec], **changes: Any) -> Plan:
    return plan_packets(Wish(takes=takes, **changes), granted)


@pytest.mark.parametrize(
    ("granted", "takes", "changes", "result"),
    [
        (HD, STREAM, {"shrinks": True, "width": 640, "height": 480}, (Codec.H264, 640, 360, 30)),
        (HD, STREAM, {"shrinks": True, "width": 1920, "height": 1080}, (Codec.H264, 1280, 720, 30)),
        (HD, STREAM, {"shrinks": True, "width": 640, "height": 480, "rotation": 90}, (Codec.H264, 360, 640, 30)),
        (HD, STREAM, {"shrinks": True, "rate": 10.0}, (Codec.H264, 1280, 720, 10)),
        (HD, STREAM, {"shrinks": True, "rate": 60.0}, (Codec.H264, 1280, 720, 30)),
        (HD, RECORDING, {"width": 640, "height": 480, "rate": 10.0}, (Codec.H264, 1280, 720, 30)),
        (H264, STREAM, {"shrinks": True, "width": 160, "height": 120, "rate": 5.0}, None),
        (HD, VIEWER, {"shrinks": True, "width": 640}, (Codec.MJPEG, 640, 360, 30)),
        (HD, VIEWER, {"shrinks": True, "width": 1280}, None),
        (HD, VIEWER, {"shrinks": True, "width": 4000, "rate": 5.0}, None),
        (H264, VIEWER, {"shrinks": True, "rate": 5.0}, (Codec.MJPEG, 320, 240, 5)),
        (YUYV, VIEWER, {"shrinks": True, "width": 100}, (Codec.MJPEG, 100, 74, 50)),
        (HD, RECORDING, {"every_seconds": 60.0, "rate": 25.0}, (Codec.H264, 1280, 720, 25)),
        (HD, RECORDING, {"every_seconds": 60.0, "encoding": "copy"}, None),
        (H264, RECORDING, {"every_seconds": 60.0}, None),
        (H264, RECORDING, {"every_seconds": 2.0}, (Codec.H264, 320, 240, 30)),
        (H264, RECORDING, {"overlay": "{time}"}, (Codec.H264, 320, 240, 50)),
    ],
)
def test_what_comes_out(
    granted: Format, takes: frozenset[Codec], changes: dict[str, Any], result: tuple[Codec, int, int, float] | None
) -> None:
    recipe = plan_of(granted, takes, **changes).recipe
    got = recipe.result if recipe else None
    assert (got and (got.codec, got.width, got.height, got.rate)) == result


@pytest.mark.parametrize(
    ("granted", "takes", "changes", "interval"),
    [
        (HD, VIEWER, {"shrinks": True, "rate": 5.0}, 0.2),
        (HD, VIEWER, {"shrinks": True, "rate": 30.0}, None),
        (H264, STREAM, {"shrinks": True, "rate": 5.0}, None),
        (HD, RECORDING, {"encoding": "copy", "rate": 5.0}, None),
        (HD, RECORDING, {"encoding": "copy", "every_seconds": 60.0}, 60),
        (H264, RECORDING, {"every_seconds": 60.0}, 60),
        (H264, RECORDING, {"encoding": "copy", "every_seconds": 1.0}, 1),
    ],
)
def test_what_is_passed_on_is_thinned_only_where_packets_stand_alone(
    granted: Format, takes: frozenset[Codec], changes: dict[str, Any], interval: float | None
) -> None:
    plan = plan_of(granted, takes, **changes)
    assert plan.recipe is None
    assert (plan.thinning and plan.thinning.interval_ns / 1e9) == interval


def test_a_time_lapse_is_told_from_a_lower_rate() -> None:
    assert Thinning(60_000_000_000, 30.0).lapses
    assert not Thinning(200_000_000, 5.0).lapses


@pytest.mark.parametrize(
    ("changes", "notes"),
    [
        ({"overlay": "x"}, ["encoded: the overlay needs it"]),
        ({"overlay": "x", "encoding": "copy"}, ["no overlay: that needs encoding, and copy was asked"]),
        (
            {"overlay": "x", "encoding": "copy", "hflip": True},
            [
                "not rotated or flipped: that needs encoding, and copy was asked",
                "no overlay: that needs encoding, and copy was asked",
            ],
        ),
        ({"width": 160, "height": 160, "shrinks": True}, ["asked 160x160, 160x120 keeps the camera's aspect"]),
        ({"width": 160, "height": 120, "shrinks": True}, []),
        (
            {"parameters": (("h264_i_qp", 20), ("h264_level", 11), ("h264_profile", 3))},
            [
                "h264_i_qp is not set: the encoder here has no such setting",
                "h264_profile is not set: the encoder here has no such setting",
            ],
        ),
        ({"width": 160, "height": 120}, ["asked 160x120, the camera grants 320x240"]),
    ],
)
def test_people_are_told_what_differs(changes: dict[str, Any], notes: list[str]) -> None:
    assert list(plan_of(MJPG, RECORDING, **changes).notes) == notes


def test_the_encoder_gets_what_it_takes_of_an_adjustment() -> None:
    asked = (("h264_b_qp", 9), ("h264_i_frame_period", 15), ("h264_level", 11))
    recipe = plan_of(MJPG, RECORDING, parameters=asked).recipe
    assert recipe is not None
    assert (recipe.gop, recipe.parameters) == (15, (("h264_level", 11),))


def test_wishes_that_differ_in_nothing_visible_share_an_encoder() -> None:
    one = plan_of(HD, STREAM, shrinks=True, width=1920, height=1080, wall_offset_ns=1, quality=20).recipe
    two = plan_of(HD, STREAM, wall_offset_ns=99, quality=90).recipe
    assert one == two
    clocks = [10**18, 10**18 + 1_000_000, 10**18 + 10**9]
    drawn = [plan_of(HD, STREAM, overlay="{time}", wall_offset_ns=clock).recipe for clock in clocks]
    assert drawn[0] == drawn[1] != drawn[2]


@given(st.integers(2, 5000), st.integers(2, 5000), st.integers(0, 5000), st.integers(0, 5000))
def test_a_picture_is_never_made_larger_and_keeps_its_aspect(width: int, height: int, wide: int, high: int) -> None:
    across, down = fit_even(width, height, wide, high)
    assert (across % 2, down % 2) == (0, 0)
    assert across <= width
    assert down <= height
    longer, shorter = max(wide, high), min(wide, high)
    if wide and high:
        assert max(across, down) <= max(2, longer)
        assert min(across, down) <= max(2, shorter)
    if min(across, down) > 40:
        assert across / down == pytest.approx(width / height, rel=0.1)


@given(st.lists(st.integers(1, 400_000_000), min_size=1, max_size=60), st.integers(1, 1_000_000_000))
def test_each_place_of_the_grid_gets_its_first_picture(gaps: list[int], interval_ns: int) -> None:
    places, mono_ns = Places(interval_ns, 30.0), 10**12
    taken: list[tuple[int, int]] = []
    for gap in gaps:
        mono_ns += gap
        due_ns = places.due_ns
        place = places.take(mono_ns)
        assert (place is not None) == (mono_ns >= due_ns)
        if place is not None:
            taken.append((place, mono_ns))
    anchor_ns = taken[0][1] - min(33_333_333, interval_ns) // 4
    assert [place for place, _ in taken] == sorted({place for place, _ in taken})
    assert all(place == (at_ns - anchor_ns) // interval_ns for place, at_ns in taken)


@pytest.mark.parametrize(("rate", "wanted", "count"), [(30, 10, 100), (30, 5, 50), (25, 1, 10), (29.97, 15, 150)])
def test_jitter_costs_no_picture(rate: float, wanted: float, count: int) -> None:
    places = Places(round(1e9 / wanted), rate)
    jitter = [0, 3_000_000, -3_000_000, 1_000_000, -2_000_000]
    times = [round(number * 1e9 / rate) + jitter[number % 5] + 10**9 for number in range(round(rate * 10))]
    taken = [place for at_ns in times if (place := places.take(at_ns)) is not None]
    assert len(taken) >= count - 1
    assert taken == sorted(set(taken))
