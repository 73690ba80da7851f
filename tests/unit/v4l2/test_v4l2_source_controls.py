"""The V4L2 source and its controls: the settings' are set at each open, what is asked for besides only for its time."""

import errno

import pytest
from fakes.v4l2 import FakeCamera, FakeSystem
from fakes.v4l2_controls import FakeControl, uvc_controls

from hardware.camera import NO_CONTROL
from hardware.errors import CameraUnavailable
from hardware.models import Adjusted, Adjustment, CameraSpec, ControlValue
from hardware.sources.auto import AutoSource
from hardware.sources.v4l2 import V4l2Source
from hardware.v4l2.abi import Request
from hardware.v4l2.controlabi import Cid
from hardware.v4l2.finding import found_by

NODE = "/dev/video0"
ADJUSTMENT = Adjustment(shutter_us=10_000, brightness=0.5, ev=1.0)


def opened(camera: FakeCamera, **controls: ControlValue) -> tuple[V4l2Source, FakeSystem]:
    system = FakeSystem({NODE: camera})
    source = V4l2Source(spec_of(**controls), system)
    source.open(None)
    return source, system


def spec_of(**controls: ControlValue) -> CameraSpec:
    return CameraSpec(camera_id="front", name="Front", backend="v4l2", address=NODE, controls=controls)


def now(camera: FakeCamera) -> dict[str, int | str]:
    return {control.label: control.value for control in camera.controls}


def test_the_settings_controls_are_set_at_each_open() -> None:
    camera = FakeCamera(controls=uvc_controls())
    source, _ = opened(camera, gain=50, auto_exposure="manual_mode", exposure_time_absolute=20)
    wanted = [("Auto Exposure", 1), ("Gain", 50), ("Exposure Time, Absolute", 20)]
    assert camera.panel.written == wanted
    assert source.probe().note == ""
    source.close()
    camera.panel.set_directly("Gain", 3)
    source.open(None)
    assert camera.panel.written == wanted * 2
    source.close()
    assert now(camera)["Gain"] == 50


def test_they_are_set_before_the_camera_films_and_what_could_not_be_is_told() -> None:
    camera = FakeCamera(controls=[*uvc_controls(), FakeControl(0x0098_9999, "Odd", fails=errno.EIO)])
    source, _ = opened(camera, gain=1000, zoom=2, odd=1, contrast=5)
    assert camera.panel.streaming_at_writes == [False]
    assert source.probe().note == (
        "control gain is not set: 1000 is not within 0 to 100; "
        "control zoom is not set: there is no such control; there are: brightness, contrast, saturation, "
        "white_balance_automatic, gain, white_balance_temperature, sharpness, odd, auto_exposure, "
        "exposure_time_absolute; control odd is not set: Input/output error"
    )


def test_a_camera_is_not_asked_for_controls_that_nobody_needs() -> None:
    source, _ = opened(FakeCamera(fails={Request.QUERY_EXT_CTRL: errno.EIO}))
    assert source.adjust(Adjustment()) == Adjusted()
    assert source.probe().note == ""


def test_what_is_wanted_is_set_told_and_set_back_at_the_close() -> None:
    camera = FakeCamera(controls=uvc_controls())
    source, system = opened(camera, brightness=7)
    before = now(camera)
    adjusted = source.adjust(ADJUSTMENT)
    assert adjusted.met == {"shutter_us", "brightness"}
    assert adjusted.unmet == {"ev": NO_CONTROL}
    assert (now(camera)["Brightness"], now(camera)["Exposure Time, Absolute"]) == (32, 100)
    source.adjust(Adjustment(shutter_us=20_000))
    assert (now(camera)["Brightness"], now(camera)["Exposure Time, Absolute"]) == (7, 200)
    source.close()
    assert now(camera) == before
    assert system.released()


def test_a_value_that_the_camera_has_between_its_steps_is_set_back_too() -> None:
    camera = FakeCamera(
        controls=[FakeControl(Cid.BRIGHTNESS, "Brightness", maximum=100, step=10, default=55, value=55)]
    )
    source, _ = opened(camera)
    assert source.adjust(Adjustment(controls={"brightness": 20})).met == {"brightness"}
    assert now(camera) == {"Brightness": 20}
    source.adjust(Adjustment())
    assert now(camera) == {"Brightness": 55}


def test_of_two_wishes_about_one_control_the_one_that_lost_is_told_so() -> None:
    camera = FakeCamera(controls=uvc_controls())
    source, _ = opened(camera)
    adjusted = source.adjust(Adjustment(awb="auto", controls={"white_balance_automatic": False}))
    assert now(camera)["White Balance, Automatic"] == 0
    assert adjusted.met == {"white_balance_automatic"}
    assert adjusted.unmet == {"awb": "another wish has the say about white_balance_automatic"}
    agreed = Adjustment(shutter_us=10_000, controls={"auto_exposure": "manual_mode"})
    assert source.adjust(agreed) == Adjusted(frozenset({"shutter_us", "auto_exposure"}))


def test_a_camera_that_is_gone_is_released_all_the_same() -> None:
    camera = FakeCamera(controls=uvc_controls())
    source, system = opened(camera)
    source.adjust(ADJUSTMENT)
    camera.gone = True
    with pytest.raises(CameraUnavailable, match="gone"):
        source.adjust(Adjustment(brightness=0.1))
    source.close()
    assert system.released()
    with pytest.raises(CameraUnavailable, match="not open"):
        source.adjust(ADJUSTMENT)


def test_the_first_camera_that_films_is_adjusted() -> None:
    camera = FakeCamera(controls=uvc_controls())
    source = AutoSource(CameraSpec(camera_id="front", name="Front", backend="auto"), FakeSystem({NODE: camera}))
    with pytest.raises(CameraUnavailable):
        source.adjust(ADJUSTMENT)
    source.open(None)
    assert source.adjust(ADJUSTMENT).met == {"shutter_us", "brightness"}
    source.close()


def test_all_cameras_of_a_machine_are_found_with_their_controls() -> None:
    cameras = {
        NODE: FakeCamera(name="cam", controls=uvc_controls()),
        "/dev/video2": FakeCamera(fails_open=errno.EACCES),
        "/dev/video4": FakeCamera(name="dies", fails={Request.QUERY_EXT_CTRL: errno.ENODEV}),
    }
    system = FakeSystem(cameras, {NODE: "/dev/v4l/by-id/usb-cam-index0"})
    found = found_by(system)
    assert [(camera.name, camera.address, camera.path, camera.driver) for camera in found.cameras] == [
        ("cam", "/dev/v4l/by-id/usb-cam-index0", NODE, "fake")
    ]
    assert found.cameras[0].controls[0].name == "brightness"
    assert found.cameras[0].formats
    assert [failure.partition(":")[0] for failure in found.failures] == [
        "camera '/dev/video2' is not available",
        "camera '/dev/video4' is not available",
    ]
    assert system.released()
