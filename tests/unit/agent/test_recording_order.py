"""From an event's parameters to the order for the camera host."""

import json
from pathlib import Path
from typing import Any

import pytest
from fakes.acting import agent_camera, context_for
from fakes.clock import ManualClock

from agent.actions.recording_order import bits_per_second, recording_order, requested_mono_ns
from agent.errors import BadParameter
from agent.parameters import parameters_of
from hardware.models import RecordingOrder
from presets_store.clock import micros

CLOCK = ManualClock()
NS = 1_000_000_000
CLOCK_NS = round(CLOCK.monotonic() * NS)


def order_for(
    parameters: dict[str, Any],
    *,
    continuation: int = 0,
    attempt: int = 1,
    age: float = 0.5,
    camera_started: int = 0,
    cause: str = "api",
) -> RecordingOrder:
    camera = agent_camera(Path("/run"))
    camera.client.started_mono_ns = camera_started
    parameters_text = json.dumps(parameters)
    context = context_for(CLOCK, camera, age=age, attempt_number=attempt, event_parameters=parameters_text, cause=cause)
    return recording_order(context, camera, parameters_of(context.event), continuation=continuation, duration=2.0)


def test_what_is_not_asked_is_left_to_the_device() -> None:
    order = order_for({})
    assert (order.width, order.height, order.rate, order.bitrate, order.encoding) == (0, 0, 0.0, 0, "")
    assert (order.rotation_degrees, order.hflip, order.vflip, order.gop) == (0, False, False, 60)


def test_what_is_asked_is_passed_on_whatever_its_spelling() -> None:
    asked = {
        "Width": "640",
        "height": 480.0,
        "fps": "15",
        "bitrate": 800,
        "encoding": "H.264",
        "hflip": "0",
        "vflip": 1,
    }
    order = order_for(asked | {"rotationDegrees": 180, "segmentLengthSeconds": 30, "video_gop_size": 25})
    assert (order.width, order.height, order.rate, order.bitrate, order.encoding) == (640, 480, 15.0, 800_000, "h264")
    assert (order.rotation_degrees, order.hflip, order.vflip) == (180, False, True)
    assert (order.segment_seconds, order.gop) == (30.0, 25)


def test_what_other_clients_do_not_know_is_passed_on() -> None:
    asked = {"preRollSeconds": 5, "timeLapseSeconds": 60, "container": "MKV", "alignSegments": "1", "audio": 1}
    order = order_for(asked | {"overlay": "{name} {time}"})
    assert (order.pre_roll_seconds, order.lapse_seconds, order.container) == (5.0, 60.0, "mkv")
    assert (order.aligned, order.audio, order.overlay) == (True, True, "{name} {time}")
    plain = order_for({})
    assert (plain.pre_roll_seconds, plain.lapse_seconds, plain.container) == (0.0, 0.0, "mp4")
    assert (plain.aligned, plain.audio, plain.overlay) == (False, False, "")


def test_only_the_sink_that_answers_the_request_has_a_pre_roll() -> None:
    asked = {"preRollSeconds": 5}
    for other in (order_for(asked, continuation=1), order_for(asked, attempt=2), order_for(asked, age=11)):
        assert other.pre_roll_seconds == 0.0


def test_what_the_start_asks_for_begins_with_what_was_filmed_since() -> None:
    since = CLOCK_NS - 3 * NS
    order = order_for({}, camera_started=since, cause="startup:standalone")
    assert (order.since_mono_ns, order.from_mono_ns) == (since, since)
    assert order.requested_mono_ns > since, "the duration counts from the request"
    assert order_for({"preRollSeconds": 60}, camera_started=since, cause="startup:standalone").from_mono_ns < since
    for other in ("api", "startup:online"):
        assert order_for({}, camera_started=since, cause=other).since_mono_ns is None
    for later in ({"continuation": 1}, {"attempt": 2}):
        assert order_for({}, camera_started=since, cause="startup:standalone", **later).since_mono_ns is None


def test_a_container_that_there_is_not_is_named() -> None:
    with pytest.raises(BadParameter, match="container is 'avi'; use empty, mp4, mkv or ts"):
        order_for({"container": "AVI"})


def test_an_encoding_that_there_is_not_is_named() -> None:
    with pytest.raises(BadParameter, match="encoding is 'av1'; use empty, copy or h264"):
        order_for({"encoding": "AV1"})


@pytest.mark.parametrize("seconds", [0.001, 0.99])
def test_a_segment_for_every_frame_is_refused(seconds: float) -> None:
    with pytest.raises(BadParameter, match="at least 1"):
        order_for({"segmentLengthSeconds": seconds})
    assert order_for({"segmentLengthSeconds": 1}).segment_seconds == 1.0


def test_a_bitrate_below_the_limit_is_in_kilobits() -> None:
    assert [bits_per_second(rate) for rate in (0, 5000, 99_999, 100_000)] == [0, 5_000_000, 99_999_000, 100_000]


def test_the_first_clip_starts_at_the_request_and_every_other_one_now() -> None:
    now_ns = int(CLOCK.monotonic() * 1e9)
    assert order_for({}).requested_mono_ns == pytest.approx(now_ns - 0.5e9, abs=1e4)
    for other in (order_for({}, continuation=1), order_for({}, attempt=2), order_for({}, age=11)):
        assert other.requested_mono_ns == now_ns


def test_a_request_from_the_future_is_one_from_now() -> None:
    assert requested_mono_ns(micros(2_000.0), 1_000.0, 5) == 5


def test_each_sink_has_a_place_and_a_name_of_its_own() -> None:
    orders = [order_for({}), order_for({}, continuation=1), order_for({}, attempt=2)]
    assert len({order.stem.split("-", 1)[1] for order in orders}) == 3
    assert all(order.consumer.split("/")[0] in order.stem for order in orders)
    assert orders[2].context["attempt"] == "2"


def test_what_the_encoder_is_asked_for_is_told_by_its_names() -> None:
    assert order_for({}).adjustment.encoder == {}
    assert order_for({"h264_profile": 4, "h264_level": 11, "bitrate": 800}).adjustment.encoder == {"bitrate": 800_000}
    assert order_for({"bitrate": 5000}).adjustment.encoder == {}
    assert order_for({"bitrate": 5_000_000}).adjustment.encoder == {}
    asked = {"h264_profile": 2, "repeat_sequence_header": 1, "video_gop_size": 30}
    assert order_for(asked).adjustment.encoder == asked
