"""From an event's parameters to the order for photos, and what is said about what cannot be done."""

import json
from pathlib import Path
from typing import Any

import pytest
from fakes.acting import agent_camera, context_for
from fakes.clock import ManualClock
from hypothesis import given
from hypothesis import strategies as st

from agent.actions.photo_order import RANGES, photo_order
from agent.errors import BadParameter
from agent.parameters import parameters_of
from hardware.models import Adjustment, PhotoOrder
from presets_store.protocol.errors import BadParameters
from presets_store.protocol.parameters.photos import CapturePhoto

CLOCK = ManualClock()


def order_for(
    parameters: dict[str, Any], *, continuation: int = 0, attempt: int = 1, age: float = 0.5, duration: float = 0.0
) -> PhotoOrder:
    camera = agent_camera(Path("/run"))
    context = context_for(
        CLOCK,
        camera,
        age=age,
        attempt_number=attempt,
        event_type_id=62,
        event_parameters=json.dumps(parameters),
    )
    asked = parameters_of(context.event)
    return photo_order(context, camera, asked, continuation=continuation, duration=duration)


def test_what_is_not_asked_is_left_as_it_is() -> None:
    order = order_for({})
    assert (order.width, order.height, order.interval_seconds, order.duration_seconds) == (0, 0, 0.0, 0.0)
    assert (order.quality, order.encoding, order.rotation_degrees) == (93, "jpg", 0)
    assert (order.brightness, order.contrast, order.saturation, order.sharpness) == (0.0, 1.0, 1.0, 1.0)


def test_what_is_asked_is_passed_on() -> None:
    order = order_for(
        {"width": 640, "height": 480, "intervalSeconds": 5, "quality": 50, "encoding": "PNG", "rotation": 90,
         "hflip": 1, "vflip": "0", "brightness": -0.5, "contrast": 2, "saturation": 0, "sharpness": 1.5},
        duration=60,
    )  # fmt: skip
    assert (order.width, order.height, order.interval_seconds, order.duration_seconds) == (640, 480, 5.0, 60.0)
    assert (order.quality, order.encoding, order.rotation_degrees, order.hflip, order.vflip) == (
        50, "png", 90, True, False
    )  # fmt: skip
    assert (order.brightness, order.contrast, order.saturation, order.sharpness) == (-0.5, 2.0, 0.0, 1.5)


@pytest.mark.parametrize(("field", "wrong"), [("encoding", "gif"), ("brightness", 1.5), ("contrast", -1)])
def test_what_cannot_be_is_named(field: str, wrong: object) -> None:
    with pytest.raises(BadParameter, match=f"{field} is {wrong!r}"):
        order_for({field: wrong})


@given(st.sampled_from(sorted(RANGES)), st.floats(allow_nan=False, allow_infinity=False))
def test_every_value_is_taken_or_refused_by_us(name: str, value: float) -> None:
    low, high = RANGES[name]
    parameters = {name: max(0.0, value) if name.endswith("Seconds") else value}
    if low <= parameters[name] <= high:
        assert (
            parameters[name]
            in order_for(parameters, duration=parameters.get("durationSeconds", 0.0)).model_dump().values()
        )
    else:
        with pytest.raises((BadParameter, BadParameters)):  # the latter when the event is accepted
            order_for(parameters)


def test_the_first_photo_answers_the_request_and_later_sinks_now() -> None:
    now_ns = int(CLOCK.monotonic() * 1e9)
    assert order_for({}).requested_mono_ns == pytest.approx(now_ns - 0.5e9, abs=1e4)
    for later in (order_for({}, continuation=1), order_for({}, attempt=2), order_for({}, age=11)):
        assert later.requested_mono_ns == now_ns


def test_only_what_differs_from_its_default_is_asked_of_the_camera() -> None:
    defaults = {name: field.default for name, field in CapturePhoto.model_fields.items() if name != "camera"}
    assert (
        order_for({"exposure": "normal", "hdr": "", "awb": defaults["awb"], "contrast": 1.0}).adjustment == Adjustment()
    )
    asked = order_for({"awb": "sun", "shutter": 500, "ev": -1, "contrast": 1.5, "gain": "2"}).adjustment
    assert asked == Adjustment(awb="sun", shutter_us=500, ev=-1.0, contrast=1.5, gain=2.0)


def test_the_cameras_own_controls_can_be_named() -> None:
    controls = {"focus_automatic": False, "zoom": 5, "scene_mode": "night"}
    asked = order_for({"controls": controls}).adjustment.controls
    assert asked == controls
    assert [type(value) for value in asked.values()] == [bool, int, str]
