"""What a copy will miss on its new device."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presets_store.protocol.event_types import EVENT_TYPES
from presets_store.protocol.parameters import read_workflow
from presets_store.rules.copying import camera_warnings, step_warnings

FOREIGN_KEY = "; the key of a camera means nothing on another device, name the camera."
RECORD, TEST, STOP, REBOOT, MULTIPLEX, PHOTO, BARS, SOUND = 1, 7, 2, 42, 29, 62, 9, 60


@dataclass(frozen=True)
class Camera:
    key: int = 11
    camera_index: int = 0
    camera_id: str = "usb-1"
    name: str = "Left"
    capabilities: str = field(default="{}")


def able(*formats: tuple[int, int, float], **fields: Any) -> Camera:
    declared = [{"codec": "h264", "width": width, "height": height, "rate": rate} for width, height, rate in formats]
    return Camera(capabilities=json.dumps({"live": True, "formats": declared}), **fields)


HD = able((1920, 1080, 30.0), (1280, 720, 60.0))
SMALL = able((1280, 720, 25.0), camera_index=1, camera_id="usb-2", name="Right", key=12)


@pytest.mark.parametrize(
    ("kind", "parameters", "cameras", "warnings"),
    [
        (RECORD, {"fps": 30}, [HD], []),
        (RECORD, {"fps": 29.97, "width": 1920, "height": 1080}, [HD], []),
        (RECORD, {"fps": 60, "width": 720, "height": 1280}, [HD], []),
        (RECORD, {"width": 0, "height": 0, "fps": 0}, [SMALL], []),
        (RECORD, {}, [], ["The device has no camera, or has not told of any yet."]),
        (PHOTO, {}, [], ["The device has no camera, or has not told of any yet."]),
        (BARS, {}, [], ["The device has no camera, or has not told of any yet."]),
        (TEST, {}, [], []),
        (REBOOT, {}, [], []),
        (SOUND, {}, [], []),
        (RECORD, {"camera": "Right"}, [HD], ["There is no camera 'Right'; the device has usb-1 (index 0)."]),
        (STOP, {"camera": "Right"}, [HD], ["There is no camera 'Right'; the device has usb-1 (index 0)."]),
        (BARS, {"camera": "Right"}, [HD], ["There is no camera 'Right'; the device has usb-1 (index 0)."]),
        (
            RECORD,
            {"camera": "7"},
            [HD],
            ["There is no camera '7'; the device has usb-1 (index 0)" + FOREIGN_KEY],
        ),
        (RECORD, {"camera": "Left"}, [HD], []),
        (MULTIPLEX, {"deviceID": 0}, [HD, SMALL], []),
        (
            MULTIPLEX,
            {"deviceID": 2},
            [HD, SMALL],
            ["There is no camera with index 2; the device has usb-1 (index 0), usb-2 (index 1)."],
        ),
        (MULTIPLEX, {"deviceID": 1}, [HD, SMALL], ["Camera usb-2 gives at most 1280x720; 1920x1080 was asked."]),
        (RECORD, {"camera": "usb-2"}, [HD, SMALL], ["Camera usb-2 gives at most 1280x720; 1920x1080 was asked."]),
        (RECORD, {"fps": 60}, [HD], ["Camera usb-1 gives at most 30 frames/s at 1920x1080; 60 was asked."]),
        (
            RECORD,
            {"fps": 90, "width": 0, "height": 0},
            [HD],
            ["Camera usb-1 gives at most 60 frames/s; 90 was asked."],
        ),
        (
            RECORD,
            {"fps": 25},
            [Camera()],
            ["Camera usb-1 has told no formats yet; whether it gives 1920x1080 at 25 frames/s could not be checked."],
        ),
        (
            RECORD,
            {"fps": 25, "width": 0, "height": 0},
            [Camera(capabilities='{"formats": "?"}')],
            ["Camera usb-1 has told no formats yet; whether it gives 25 frames/s could not be checked."],
        ),
        (PHOTO, {}, [Camera()], []),
        (
            PHOTO,
            {"width": 4000, "height": 3000},
            [HD],
            ["Camera usb-1 gives at most 1920x1080; 4000x3000 was asked."],
        ),
    ],
)
def test_cameras(kind: int, parameters: dict[str, Any], cameras: list[Camera], warnings: list[str]) -> None:
    assert camera_warnings(EVENT_TYPES[kind], json.dumps(parameters), cameras) == warnings


@pytest.mark.parametrize("text", ["[]", "3", '"text"', "null"])
def test_parameters_of_unknown_types_may_be_any_json(text: str) -> None:
    assert camera_warnings(EVENT_TYPES[BARS], text, [HD]) == []


sides = st.integers(1, 4000)
cameras = st.builds(
    lambda formats, index: able(*formats, camera_index=index, camera_id=f"usb-{index}", name=f"C{index}"),
    st.lists(st.tuples(sides, sides, st.floats(1, 120)), min_size=1, max_size=4),
    st.integers(0, 3),
)


@given(st.lists(cameras, min_size=1, max_size=3, unique_by=lambda camera: camera.camera_index), st.data())
def test_what_a_camera_declares_is_never_warned_about(there: list[Camera], data: st.DataObject) -> None:
    """In either orientation, and up to the declared rate."""
    camera = data.draw(st.sampled_from(there))
    known = data.draw(st.sampled_from(json.loads(camera.capabilities)["formats"]))
    width, height = data.draw(st.permutations([known["width"], known["height"]]))
    rate = data.draw(st.floats(0, known["rate"]))
    wish = json.dumps({"camera": camera.name, "width": width, "height": height, "fps": rate})
    assert camera_warnings(EVENT_TYPES[RECORD], wish, there) == []
    larger = json.dumps({"camera": camera.name, "width": 4001, "height": 4001})
    assert len(camera_warnings(EVENT_TYPES[RECORD], larger, there)) == 1


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_capabilities_of_any_form_are_survived(capabilities: str) -> None:
    camera = Camera(capabilities=capabilities)
    (warning,) = camera_warnings(EVENT_TYPES[RECORD], "{}", [camera])
    assert "could not be checked" in warning


@pytest.mark.parametrize(
    ("steps", "warnings"),
    [
        ([(0, 5)], []),
        ([(2, 5)], []),
        ([(1, 5)], ["Step 1 still names event preset 5 of device 1; copy that one too."]),
        ([(0, 5), (0, 6)], ["Step 2 still names event preset 6 of device 1; copy that one too."]),
        ([(1, 6)], ["Step 1 still names event preset 6 of device 1; copy that one too."]),
        ([(0, 7)], ["Step 1 still names event preset 7 of a device group; copy that one too."]),
        ([(0, 8)], ["Step 1 names event preset 8, which does not exist."]),
    ],
)
def test_steps(steps: list[tuple[int, int]], warnings: list[str]) -> None:
    text = json.dumps([{"deviceID": device, "eventPresetID": preset} for device, preset in steps])
    assert step_warnings(read_workflow(text), {5: 2, 6: 1, 7: None}, device_key=2) == warnings
