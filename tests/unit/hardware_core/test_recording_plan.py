"""Which format, which plan, how long to wait: the pure decisions."""

from pathlib import Path
from typing import Any

import pytest
from fakes.recording import H264, MJPG, YUYV, make_order

from hardware.backoff import retry_delay
from hardware.containers.table import CONTAINERS
from hardware.errors import CameraBusy, HardwareError, revive
from hardware.models import Codec, Format, RecordingOrder
from hardware.pipeline.plan import Ask, Plan, choose_format, plan_packets, wish_of
from hardware.watchdog import Doing, Patience, Verdict, judge


def fmt(codec: Codec, width: int, height: int, rate: float = 30) -> Format:
    return Format(codec=codec, width=width, height=height, rate=rate)


def plan_of(order: RecordingOrder, granted: Format) -> Plan:
    return plan_packets(wish_of(order, CONTAINERS["mp4"].takes), granted)


FORMATS = (
    fmt(Codec.YUYV, 1920, 1080, 5),
    fmt(Codec.MJPEG, 1280, 720),
    fmt(Codec.MJPEG, 640, 480),
    fmt(Codec.H264, 1280, 720),
    fmt(Codec.H264, 1280, 720, 15),
)


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        (Ask(1280, 720), FORMATS[3]),
        (Ask(720, 1280), FORMATS[3]),
        (Ask(1920, 1080), FORMATS[3]),
        (Ask(1280, 720, 15), FORMATS[4]),
        (Ask(320, 240), FORMATS[2]),
    ],
)
def test_the_nearest_coded_format_is_chosen(ask: Ask, expected: Format) -> None:
    assert choose_format(FORMATS, ask, None) == expected


def test_without_a_size_the_preference_or_the_source_decides() -> None:
    assert choose_format(FORMATS, Ask(), None) is None
    assert choose_format(FORMATS, Ask(), FORMATS[2]) == FORMATS[2]
    assert choose_format((), Ask(640, 480), None) is None


def test_raw_is_taken_when_there_is_nothing_else() -> None:
    assert choose_format(FORMATS[:1], Ask(640, 480), None) == FORMATS[0]


@pytest.mark.parametrize(
    ("granted", "changes", "encodes", "words"),
    [
        (H264, {}, False, ()),
        (H264, {"encoding": "h264", "bitrate": 1_000_000}, False, ()),
        (MJPG, {}, True, ()),
        (MJPG, {"encoding": "copy"}, False, ()),
        (MJPG, {"encoding": "copy", "hflip": True}, False, ("not rotated",)),
        (YUYV, {}, True, ()),
        (YUYV, {"encoding": "copy"}, True, ("yuyv cannot be passed on",)),
        (H264, {"rotation_degrees": 90}, True, ("needs it",)),
        (H264.model_copy(update={"codec": Codec.HEVC}), {}, False, ()),
        (H264.model_copy(update={"codec": Codec.HEVC}), {"encoding": "h264"}, True, ()),
        (H264, {"width": 1080, "height": 1920}, False, ("asked 1080x1920, the camera grants 320x240",)),
    ],
)
def test_packets_are_passed_on_whenever_that_serves(
    granted: Format, changes: dict[str, Any], encodes: bool, words: tuple[str, ...]
) -> None:
    plan = plan_of(make_order(Path("/media"), **changes), granted)
    assert (plan.recipe is not None) == encodes
    assert len(plan.notes) == len(words)
    assert all(word in note for word, note in zip(words, plan.notes, strict=True))


def test_equal_wishes_share_a_recipe_and_turning_swaps_the_sides() -> None:
    one = plan_of(make_order(Path("/a"), "one", rotation_degrees=90), MJPG).recipe
    two = plan_of(make_order(Path("/b"), "two", rotation_degrees=90), MJPG).recipe
    assert one == two
    assert one is not None
    assert (one.result.width, one.result.height) == (240, 320)


@pytest.mark.parametrize(
    ("changes", "gop"),
    [
        ({}, 60),
        ({"segment_seconds": 10.0}, 60),
        ({"segment_seconds": 1.0}, 50),
        ({"segment_seconds": 60.0, "lapse_seconds": 5.0}, 12),
        ({"segment_seconds": 1.0, "gop": 25}, 25),
    ],
)
def test_what_is_encoded_here_can_be_cut_when_a_segment_is_due(changes: dict[str, Any], gop: int) -> None:
    recipe = plan_of(make_order(Path("/a"), **changes), MJPG).recipe
    assert recipe is not None
    assert recipe.gop == gop


def test_waiting_doubles_up_to_the_cap() -> None:
    assert [retry_delay(n, first=0.5, cap=10) for n in range(1, 8)] == [0.5, 1, 2, 4, 8, 10, 10]
    assert retry_delay(10**9, first=0.5, cap=10) == 10
    assert retry_delay(0, first=0.5, cap=10) == 0.5


@pytest.mark.parametrize(
    ("doing", "silent", "verdict"),
    [
        (Doing.NOTHING, 1e6, Verdict.FINE),
        (Doing.READING, 1.9, Verdict.FINE),
        (Doing.READING, 2.1, Verdict.STALLED),
        (Doing.READING, 10.1, Verdict.STUCK),
        (Doing.OPENING, 10.1, Verdict.FINE),
        (Doing.OPENING, 30.1, Verdict.STUCK),
    ],
)
def test_silence_is_judged_by_what_goes_on(doing: Doing, silent: float, verdict: Verdict) -> None:
    assert judge(doing, silent, Patience()) is verdict


def test_errors_come_back_over_the_border() -> None:
    error = revive("camera_busy", "camera 'x' is held")
    assert isinstance(error, CameraBusy)
    assert str(error) == "camera 'x' is held"
    assert type(revive("unheard_of", "m")) is HardwareError
