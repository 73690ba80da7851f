"""Controls: every class is listed, read and set by name; what cannot be set is told with what would be right."""

import errno

import pytest
from fakes.v4l2 import FakeCamera, FakeSystem
from fakes.v4l2_controls import FakeControl, uvc_controls
from hypothesis import given
from hypothesis import strategies as st

from hardware.errors import CameraUnavailable
from hardware.models import Control, ControlValue
from hardware.v4l2.abi import Request
from hardware.v4l2.controlabi import ControlFlags, ControlType
from hardware.v4l2.controls import BadValue, Board, coded, snake_case

NODE = "/dev/video0"

EVERY_CLASS = [
    FakeControl(1, "Level", minimum=-10, maximum=10, step=5, default=0, value=-5),
    FakeControl(2, "Mirror", ControlType.BOOLEAN, maximum=1, value=1),
    FakeControl(
        3, "Power Line Frequency", ControlType.MENU, 0, 3, menu={0: "Disabled", 1: "50 Hz", 3: "Auto"}, value=1
    ),
    FakeControl(4, "Reset", ControlType.BUTTON),
    FakeControl(5, "Pixel Rate", ControlType.INTEGER64, maximum=2**40, value=2**33),
    FakeControl(6, "Camera Controls", ControlType.CLASS),
    FakeControl(7, "Title", ControlType.STRING, minimum=2, maximum=8, value="door"),
    FakeControl(8, "Regions", ControlType.BITMASK, maximum=0x8000_0003, value=2),
    FakeControl(9, "Exposure Bias", ControlType.INTEGER_MENU, 0, 2, menu={0: -1000, 1: 0, 2: 1000}, value=2),
    FakeControl(10, "Level", value=7),
    FakeControl(11, "Broken", flags=ControlFlags.DISABLED),
    FakeControl(12, "Lens Position", value=3, flags=ControlFlags.READ_ONLY),
    FakeControl(13, "A matrix", 0x100),  # type: ignore[arg-type]
    FakeControl(14, "Trigger", flags=ControlFlags.WRITE_ONLY),
]


def board_of(controls: list[FakeControl]) -> tuple[Board, FakeCamera]:
    camera = FakeCamera(controls=controls)
    system = FakeSystem({NODE: camera})
    return Board(system, system.open(NODE), "front"), camera


def test_every_class_is_listed_and_read() -> None:
    board, _ = board_of(EVERY_CLASS)
    told = {control.name: (control.kind, control.value) for control in board.read()}
    assert told == {
        "level": ("integer", -5),
        "mirror": ("boolean", True),
        "power_line_frequency": ("menu", "50_hz"),
        "reset": ("button", None),
        "pixel_rate": ("integer64", 2**33),
        "title": ("string", "door"),
        "regions": ("bitmask", 2),
        "exposure_bias": ("integer_menu", "1000"),
        "level_2": ("integer", 7),
        "lens_position": ("integer", 3),
        "trigger": ("integer", None),
    }
    by_name = {control.name: control for control in board.read()}
    assert by_name["power_line_frequency"].menu == {0: "disabled", 1: "50_hz", 3: "auto"}
    assert (by_name["level"].minimum, by_name["level"].maximum, by_name["level"].step) == (-10, 10, 5)
    assert by_name["lens_position"].read_only


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("level", 10, 10),
        ("mirror", False, 0),
        ("mirror", 0, 0),
        ("power_line_frequency", "50 Hz", 1),
        ("power_line_frequency", "Auto", 3),
        ("power_line_frequency", 3, 3),
        ("reset", True, 0),
        ("pixel_rate", 2**39 + 1, 2**39 + 1),
        ("title", "gate", "gate"),
        ("regions", 0x8000_0001, 0x8000_0001 - 2**32),
        ("exposure_bias", -1000, 0),
        ("exposure_bias", "0", 1),
    ],
)
def test_every_class_is_set(name: str, value: ControlValue, kept: int | str) -> None:
    board, camera = board_of(EVERY_CLASS)
    assert board.set({name: value}) == {}
    assert [written for _, written in camera.panel.written] == [kept]


@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        ("level", 11, "11 is not within -10 to 10"),
        ("level", 3, "3 is not on a step of 5 from -10"),
        ("level", True, "True is no whole number"),
        ("level", "5", "'5' is no whole number"),
        ("mirror", 2, "2 is neither true nor false"),
        ("mirror", "on", "'on' is neither true nor false"),
        ("power_line_frequency", "60 Hz", "'60 Hz' is none of: disabled, 50_hz, auto"),
        ("power_line_frequency", 2, "2 is none of: disabled, 50_hz, auto"),
        ("power_line_frequency", True, "True is none of: disabled, 50_hz, auto"),
        ("exposure_bias", 2, "2 is none of: -1000, 0, 1000"),
        ("reset", False, "False; true presses it"),
        ("title", "x", "'x' has 1 bytes; 2 to 8 can be"),
        ("title", 5, "5 is no text"),
        ("regions", 4, "0x4 has bits outside 0x80000003"),
        ("lens_position", 1, "it is read only"),
        ("zoom", 1, "there is no such control; there are: level, mirror,"),
    ],
)
def test_what_cannot_be_set_is_told_with_what_would_be_right(name: str, value: ControlValue, right: str) -> None:
    board, camera = board_of(EVERY_CLASS)
    failures = board.set({name: value})
    assert list(failures) == [name]
    assert right in failures[name]
    assert camera.panel.written == []


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.EBUSY, "while it films"), (errno.ERANGE, "out of range"), (errno.EIO, "Input/output error")],
)
def test_one_control_that_the_driver_refuses_does_not_keep_the_others_from_being_set(number: int, words: str) -> None:
    board, _ = board_of([FakeControl(1, "Bad", fails=number), FakeControl(2, "Good")])
    assert words in board.set({"bad": 1, "good": 1})["bad"]
    assert board.value("good") == 1


def test_automatics_are_switched_off_before_what_they_govern() -> None:
    board, camera = board_of(uvc_controls())
    assert board.set({"exposure_time_absolute": 50, "auto_exposure": "manual_mode"}) == {}
    assert camera.panel.written == [("Auto Exposure", 1), ("Exposure Time, Absolute", 50)]


def test_a_control_that_has_no_effect_is_not_set() -> None:
    board, camera = board_of(uvc_controls())
    assert next(it for it in board.read() if it.name == "exposure_time_absolute").inactive
    failures = board.set({"exposure_time_absolute": 50})
    assert "an automatic" in failures["exposure_time_absolute"]
    assert camera.panel.written == []


def test_a_camera_without_controls_has_none() -> None:
    camera = FakeCamera(fails={Request.QUERY_EXT_CTRL: errno.ENOTTY})
    system = FakeSystem({NODE: camera})
    board = Board(system, system.open(NODE), "front")
    assert board.read() == ()
    assert board.set({"gain": 1}) == {"gain": "there is no such control; there are: none"}


def test_a_driver_that_tells_the_same_control_for_ever_is_not_asked_for_ever() -> None:
    control = FakeControl(5, "Same")
    board, camera = board_of([control])
    camera.panel.calls = {**camera.panel.calls, Request.QUERY_EXT_CTRL: lambda query: setattr(query, "id", 5)}
    assert len(board.read()) == 1


def test_a_device_that_is_gone_is_told() -> None:
    board, camera = board_of(uvc_controls())
    camera.gone = True
    for attempt in (board.read, lambda: board.set({"gain": 1})):
        with pytest.raises(CameraUnavailable, match="the device is gone"):
            attempt()


def test_names() -> None:
    assert snake_case("White Balance, Automatic") == "white_balance_automatic"
    assert snake_case("3D  Noise-Reduction (2)") == "3d_noise_reduction_2"


@given(
    minimum=st.integers(-1000, 1000),
    reach=st.integers(0, 1000),
    step=st.integers(0, 50),
    value=st.one_of(st.integers(-3000, 3000), st.booleans(), st.text(max_size=5)),
)
def test_a_number_is_taken_as_it_is_or_refused(minimum: int, reach: int, step: int, value: ControlValue) -> None:
    control = Control(name="x", label="X", kind="integer", minimum=minimum, maximum=minimum + reach, step=step)
    try:
        assert coded(control, value) == value
    except BadValue:
        if isinstance(value, int) and not isinstance(value, bool):
            assert not 0 <= value - minimum <= reach or (value - minimum) % step
