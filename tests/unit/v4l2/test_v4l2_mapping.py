"""What somebody wants of the picture becomes values of the camera's own controls, or a reason why not."""

from typing import Any

import pytest
from fakes.v4l2 import FakeCamera, FakeSystem
from fakes.v4l2_controls import FakeControl, encoder_controls, uvc_controls
from hypothesis import given
from hypothesis import strategies as st

from hardware.models import Adjustment
from hardware.v4l2.adjuster import Adjuster
from hardware.v4l2.controlabi import Cid, ControlType
from hardware.v4l2.controls import Board
from hardware.v4l2.mapping import NO_ENCODER, plan_moves
from hardware.v4l2.undo import Undo

NODE = "/dev/video0"

SENSOR = [
    FakeControl(Cid.AUTOGAIN, "Gain, Automatic", ControlType.BOOLEAN, maximum=1, value=1, governed=(Cid.GAIN,)),
    FakeControl(Cid.GAIN, "Gain", minimum=16, maximum=248, default=16, value=40),
    FakeControl(
        Cid.AUTO_EXPOSURE_BIAS, "Auto Exposure, Bias", ControlType.INTEGER_MENU, 0, 4, value=2,
        menu={0: -2000, 1: -1000, 2: 0, 3: 1000, 4: 2000},
    ),
    FakeControl(
        Cid.AUTO_N_PRESET_WHITE_BALANCE, "White Balance, Auto & Preset", ControlType.MENU, 0, 8, value=1,
        menu={0: "Manual", 1: "Auto", 2: "Incandescent", 3: "Fluorescent", 6: "Daylight", 8: "Cloudy"},
    ),
    FakeControl(Cid.WIDE_DYNAMIC_RANGE, "Wide Dynamic Range", ControlType.BOOLEAN, maximum=1),
    FakeControl(
        Cid.SCENE_MODE, "Scene Mode", ControlType.MENU, 0, 13, menu={0: "None", 8: "Night", 11: "Sports"}
    ),
    FakeControl(0x0098_1234, "Noise Reduction", ControlType.MENU, 0, 2, menu={0: "Off", 1: "Fast", 2: "CDN HQ"}),
]  # fmt: skip


def board_of(controls: list[FakeControl]) -> tuple[Board, FakeCamera]:
    camera = FakeCamera(controls=controls)
    system = FakeSystem({NODE: camera})
    return Board(system, system.open(NODE), "front"), camera


def written(fake: list[FakeControl], **wanted: Any) -> list[tuple[str, int | str]]:
    """What an adjustment that is met wholly makes of the controls."""
    board, camera = board_of(fake)
    adjustment = Adjustment(**wanted)
    done = Adjuster(board, Undo(None, "front")).adjust(adjustment)
    assert done.met == set(adjustment.asked()), done.unmet
    return camera.panel.written


@pytest.mark.parametrize(
    ("wanted", "writes"),
    [
        ({"shutter_us": 10_000}, [("Auto Exposure", 1), ("Exposure Time, Absolute", 100)]),
        ({"shutter_us": 333}, [("Auto Exposure", 1), ("Exposure Time, Absolute", 3)]),
        ({"shutter_us": 0}, [("Auto Exposure", 3)]),
        ({"exposure": "Normal"}, [("Auto Exposure", 3)]),
        ({"exposure": "manual"}, [("Auto Exposure", 1)]),
        ({"gain": 2.5}, [("Gain", 25)]),
        ({"awb": "auto"}, [("White Balance, Automatic", 1)]),
        ({"awb": "tungsten"}, [("White Balance, Automatic", 0), ("White Balance Temperature", 2800)]),
        ({"awb": "cloudy"}, [("White Balance, Automatic", 0), ("White Balance Temperature", 6500)]),
        ({"awb": "5004"}, [("White Balance, Automatic", 0), ("White Balance Temperature", 5000)]),
        ({"brightness": 0.5}, [("Brightness", 32)]),
        ({"brightness": -1.0}, [("Brightness", -64)]),
        ({"contrast": 1.5, "saturation": 0.0}, [("Contrast", 48), ("Saturation", 0)]),
        ({"sharpness": 1.0}, [("Sharpness", 1)]),
        ({"controls": {"gain": 7, "brightness": 3}, "brightness": 1.0}, [("Brightness", 3), ("Gain", 7)]),
    ],
)
def test_on_a_common_usb_camera(wanted: dict[str, Any], writes: list[tuple[str, int]]) -> None:
    assert sorted(written(uvc_controls(), **wanted)) == sorted(writes)


@pytest.mark.parametrize(
    ("wanted", "writes"),
    [
        ({"gain": 4}, [("Gain, Automatic", 0), ("Gain", 64)]),
        ({"gain": 0}, [("Gain, Automatic", 1)]),
        ({"ev": -0.7}, [("Auto Exposure, Bias", 1)]),
        ({"ev": 2}, [("Auto Exposure, Bias", 4)]),
        ({"awb": "cloudy"}, [("White Balance, Auto & Preset", 8)]),
        ({"awb": "tungsten"}, [("White Balance, Auto & Preset", 2)]),
        ({"awb": "auto"}, [("White Balance, Auto & Preset", 1)]),
        ({"hdr": "auto"}, [("Wide Dynamic Range", 1)]),
        ({"hdr": "off"}, [("Wide Dynamic Range", 0)]),
        ({"exposure": "sport"}, [("Scene Mode", 11)]),
        ({"denoise": "cdn_hq"}, [("Noise Reduction", 2)]),
    ],
)
def test_on_a_sensor(wanted: dict[str, Any], writes: list[tuple[str, int]]) -> None:
    assert written(SENSOR, **wanted) == writes


def test_a_shutter_time_counts_more_than_a_mode_which_is_told_so() -> None:
    board, camera = board_of(uvc_controls())
    done = Adjuster(board, Undo(None, "front")).adjust(Adjustment(exposure="normal", shutter_us=5000))
    assert camera.panel.written == [("Auto Exposure", 1), ("Exposure Time, Absolute", 50)]
    assert done.met == {"shutter_us"}
    assert done.unmet == {"exposure": "another wish has the say about auto_exposure"}


def test_an_encoding_camera_is_told_how_to_encode() -> None:
    encoder = {"bitrate": 2_000_000, "h264_profile": 4, "h264_i_frame_period": 30}
    assert sorted(written([*uvc_controls(), *encoder_controls()], encoder=encoder)) == [
        ("H264 I-Frame Period", 30),
        ("H264 Profile", 4),
        ("Video Bitrate", 2_000_000),
    ]


@pytest.mark.parametrize(
    ("controls", "wanted", "words"),
    [
        (uvc_controls(), {"shutter_us": 1_000_000}, "1000000 us is beyond the range of exposure_time_absolute, 3 to"),
        (uvc_controls(), {"gain": 20}, "a factor 20 is beyond the range of gain, 0 to 100"),
        (uvc_controls(), {"gain": 0}, "no control for it"),
        (uvc_controls(), {"ev": 1}, "no control for it"),
        (uvc_controls(), {"hdr": "on"}, "no control for it"),
        (uvc_controls(), {"denoise": "off"}, "no control for it"),
        (uvc_controls(), {"awb": "moonlight"}, "'moonlight' is neither auto, nor a temperature in Kelvin, nor one of"),
        (uvc_controls(), {"awb": "9000"}, "9000 K is beyond the range of white_balance_temperature"),
        (uvc_controls(), {"exposure": "sport"}, "'sport' is none of its modes"),
        (uvc_controls(), {"exposure": ""}, "'' is none of its modes"),
        (uvc_controls(), {"contrast": 4}, "a factor 4 is beyond the range of contrast, 0 to 64"),
        (uvc_controls(), {"sharpness": 2}, "the default of sharpness is its lowest value"),
        (uvc_controls(), {"encoder": {"h264_level": 11}}, NO_ENCODER),
        (uvc_controls(), {"controls": {"zoom": 1}}, "there is no such control; there are: brightness"),
        (uvc_controls(), {"controls": {"gain": 1000}}, "1000 is not within 0 to 100"),
        (encoder_controls(), {"encoder": {"h264_level": 11}}, "no control for it"),
        (encoder_controls(), {"encoder": {"h264_profile": 3}}, "3 is none of: baseline, main, high"),
        (SENSOR, {"ev": 3}, "3 stops is beyond the entries of auto_exposure_bias"),
        (SENSOR, {"ev": 1e306}, "1e+306 stops is beyond the range of auto_exposure_bias"),
        (SENSOR, {"denoise": "strong"}, "noise_reduction has no entry 'strong'"),
        ([FakeControl(Cid.GAIN, "Gain")], {"gain": 2}, "gain is in units of its own, 0 to 255"),
        ([], {"exposure": "sport"}, "no control for it"),
    ],
)  # fmt: skip
def test_what_the_camera_cannot_do_is_told(controls: list[FakeControl], wanted: dict[str, Any], words: str) -> None:
    board, camera = board_of(controls)
    adjustment = Adjustment(**wanted)
    done = Adjuster(board, Undo(None, "front")).adjust(adjustment)
    assert (done.met, list(done.unmet)) == (frozenset(), list(adjustment.asked()))
    assert all(words in reason for reason in done.unmet.values())
    assert camera.panel.written == []


def test_what_fails_under_another_name_names_it() -> None:
    controls = uvc_controls()
    next(it for it in controls if it.number == Cid.EXPOSURE_ABSOLUTE).fails = 16
    board, _ = board_of(controls)
    wanted = Adjustment(shutter_us=1000, brightness=0.0)
    done = Adjuster(board, Undo(None, "front")).adjust(wanted)
    assert done.met == {"brightness"}
    assert done.notes_on(wanted) == (
        "shutter_us=1000 not set: exposure_time_absolute: the camera refuses it while it films",
    )


def test_notes_are_one_line_for_each_reason() -> None:
    board, _ = board_of([])
    wanted = Adjustment(ev=1.0, awb="auto", encoder={"h264_level": 1, "bitrate": 2})
    assert Adjuster(board, Undo(None, "front")).adjust(wanted).notes_on(wanted) == (
        "ev=1.0, awb=auto not set: this camera has no control for it",
        f"h264_level=1, bitrate=2 not set: {NO_ENCODER}",
    )


def test_an_adjustment_that_ends_leaves_everything_as_it_was() -> None:
    board, camera = board_of(uvc_controls())
    before = board.read()
    adjuster = Adjuster(board, Undo(None, "front"))
    adjuster.adjust(Adjustment(shutter_us=1000, awb="daylight", contrast=1.5))
    during = {control.name: control.value for control in board.read()}
    assert (during["auto_exposure"], during["exposure_time_absolute"]) == ("manual_mode", 10)
    adjuster.adjust(Adjustment(contrast=0.5))
    between = {control.name: control.value for control in board.read()}
    assert (between["auto_exposure"], between["white_balance_automatic"]) == ("aperture_priority_mode", True)
    assert between["contrast"] == 16
    adjuster.restore()
    assert board.read() == before
    count = len(camera.panel.written)
    adjuster.restore()
    assert len(camera.panel.written) == count


def test_a_manual_setting_comes_back_from_an_automatic() -> None:
    board, _ = board_of(uvc_controls())
    board.set({"auto_exposure": "manual_mode", "exposure_time_absolute": 77})
    before = board.read()
    adjuster = Adjuster(board, Undo(None, "front"))
    adjuster.adjust(Adjustment(shutter_us=0))
    adjuster.adjust(Adjustment())
    assert board.read() == before


wishes = st.fixed_dictionaries(
    {},
    optional={
        "shutter_us": st.integers(0, 10**9),
        "exposure": st.text(max_size=8),
        "ev": st.floats(-10, 10),
        "gain": st.floats(0, 100),
        "awb": st.text(max_size=8),
        "denoise": st.text(max_size=8),
        "hdr": st.text(max_size=8),
        "brightness": st.floats(-1, 1),
        "contrast": st.floats(0, 32),
        "saturation": st.floats(0, 32),
        "sharpness": st.floats(0, 32),
        "encoder": st.dictionaries(
            st.sampled_from(["bitrate", "h264_level", "h264_profile", "nonsense"]), st.integers()
        ),
        "controls": st.dictionaries(st.sampled_from(["gain", "hue"]), st.integers()),
    },
)


@given(wishes, st.sampled_from([[], uvc_controls(), SENSOR, encoder_controls()]))
def test_each_thing_asked_is_planned_or_refused_and_the_plan_stays_in_range(
    wanted: dict[str, Any], controls: list[FakeControl]
) -> None:
    board, _ = board_of(controls)
    adjustment = Adjustment(**wanted)
    moves = plan_moves(adjustment, board.by_number)
    assert set(moves.writes) | set(moves.unmet) == set(adjustment.asked())
    assert not set(moves.writes) & set(moves.unmet)
    ranges = {control.name: control for control in board.by_number.values()}
    for asked, writes in moves.writes.items():
        if asked not in adjustment.controls and asked not in adjustment.encoder:
            for name, value in writes.items():
                assert isinstance(value, int)
                if ranges[name].kind == "integer":
                    assert ranges[name].minimum <= value <= ranges[name].maximum
