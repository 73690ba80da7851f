"""Photos and recordings set an emulated camera's controls: in time, only for their time, and tell what it has not."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fakes.emulator.camera import H264_MODES, EmulatedCamera
from fakes.emulator.controls import (
    BITRATE,
    BRIGHTNESS,
    ENCODER_CONTROLS,
    EXPOSURE_ABSOLUTE,
    EXPOSURE_AUTO,
    GAIN,
    H264_PROFILE,
)
from fakes.emulator.film import filmed, until
from fakes.emulator.system import EmulatedSystem
from fakes.filming import Film, stations
from fakes.recording import Reports, check_clip, check_photo, make_order, make_photo_order

from hardware.models import Adjustment, CameraSpec, ControlValue
from hardware.pipeline.adjusting import SETTLING_FRAMES
from hardware.sources.v4l2 import V4l2Source

FRAME_NS = 10**9 // 30
STANDARD = {BRIGHTNESS: 0, EXPOSURE_AUTO: 3, EXPOSURE_ABSOLUTE: 157}


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.fixture
def film(tmp_path: Path, reports: Reports) -> Iterator[Film]:
    with stations(tmp_path, reports) as begin:
        yield begin


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[EmulatedCamera]:
    with EmulatedCamera(tmp_path / "box") as emulated:
        yield emulated


@pytest.fixture
def encoding_camera(tmp_path: Path) -> Iterator[EmulatedCamera]:
    with EmulatedCamera(tmp_path / "box", modes=H264_MODES[:1], controls=ENCODER_CONTROLS) as emulated:
        yield emulated


def source_of(camera: EmulatedCamera, **controls: ControlValue) -> V4l2Source:
    spec = CameraSpec(camera_id="fake", name="Fake", backend="v4l2", address=str(camera.by_id), controls=controls)
    return V4l2Source(spec, EmulatedSystem(camera.folder))


def undo_files(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("*.undo.json")]


def until_standard(camera: EmulatedCamera) -> None:
    deadline = time.monotonic() + 3
    while {number: camera.control(number) for number in STANDARD} != STANDARD:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_photo_is_taken_when_pictures_show_what_was_set(
    camera: EmulatedCamera, film: Film, reports: Reports, tmp_path: Path
) -> None:
    station = film(source_of(camera), warm=True)
    wish = Adjustment(brightness=0.5, shutter_us=10_000, ev=1.0)
    order = make_photo_order(tmp_path, adjustment=wish, brightness=0.5)
    station.start_sink(order)
    ended = reports.ended("photo")
    (photo,) = reports.photos()
    assert ended.notes == ("ev=1.0 not set: this camera has no control for it",)
    assert photo.copied, "the camera did it: nothing is left to be done to its JPEG"
    assert photo.mono_ns - order.requested_mono_ns >= SETTLING_FRAMES * FRAME_NS
    assert photo.mono_ns - order.requested_mono_ns < 1e9
    check_photo(tmp_path, photo)
    until_standard(camera)
    written = camera.journal().controls
    assert written[:3] == [(EXPOSURE_AUTO, 1), (EXPOSURE_ABSOLUTE, 100), (BRIGHTNESS, 32)]


def test_photos_at_an_interval_keep_what_they_set(
    camera: EmulatedCamera, film: Film, reports: Reports, tmp_path: Path
) -> None:
    station = film(source_of(camera), warm=False)
    wish = Adjustment(brightness=-1.0)
    station.start_sink(make_photo_order(tmp_path, adjustment=wish, brightness=-1.0, interval_seconds=0.2))
    for _ in range(3):
        assert reports.photo().copied
        assert camera.control(BRIGHTNESS) == -64
    station.stop_sink("photo")
    assert reports.ended("photo").notes == ()
    assert station.close(5.0)
    assert camera.control(BRIGHTNESS) == 0


def test_beside_a_recording_a_photo_is_made_brighter_here_and_the_camera_left_alone(
    camera: EmulatedCamera, film: Film, reports: Reports, tmp_path: Path
) -> None:
    station = film(source_of(camera))
    station.start_sink(make_order(tmp_path, width=640, height=480, encoding="copy"))
    reports.started()
    station.start_sink(make_photo_order(tmp_path, "plain"))
    plain = check_photo(tmp_path, reports.photo("plain"))
    wish = Adjustment(brightness=0.4, shutter_us=10_000)
    station.start_sink(make_photo_order(tmp_path, adjustment=wish, brightness=0.4))
    ended = reports.ended("photo")
    bright = check_photo(tmp_path, reports.photos()[0])
    station.stop_sink("one")
    assert ended.notes == ("shutter_us=10000 not set: a recording has the say about the camera's picture",)
    assert np.mean(bright) > np.mean(plain) + 40
    assert camera.journal().controls == []
    assert reports.ended().notes == ()


def test_a_recording_tells_the_cameras_own_encoder_and_what_that_has_not(
    encoding_camera: EmulatedCamera, film: Film, reports: Reports, tmp_path: Path
) -> None:
    station = film(source_of(encoding_camera, gain=10))
    wish = Adjustment(encoder={"h264_profile": 0, "bitrate": 2_000_000, "h264_level": 9})
    station.start_sink(make_order(tmp_path, adjustment=wish, duration_seconds=1.0))
    granted = reports.started().granted
    assert encoding_camera.control(GAIN) == 10
    assert (encoding_camera.control(H264_PROFILE), encoding_camera.control(BITRATE)) == (0, 2_000_000)
    assert granted.notes == ("h264_level=9 not set: this camera has no control for it",)
    reports.ended()
    (clip,) = reports.clips()
    assert (clip.encoded, clip.codec) == (False, "h264")
    check_clip(tmp_path, clip)
    assert station.close(5.0)
    assert (encoding_camera.control(H264_PROFILE), encoding_camera.control(BITRATE)) == (4, 4_000_000)


def test_what_our_encoder_does_is_no_lack_of_the_camera(
    camera: EmulatedCamera, film: Film, reports: Reports, tmp_path: Path
) -> None:
    station = film(source_of(camera))
    wish = Adjustment(encoder={"h264_profile": 0, "bitrate": 500_000})
    for name, encoding in (("encoded", "h264"), ("copied", "copy")):
        changes = {"width": 640, "height": 480, "bitrate": 500_000, "encoding": encoding}
        station.start_sink(make_order(tmp_path, name, adjustment=wish, duration_seconds=0.3, **changes))
    assert reports.ended("encoded").notes == ()
    (note,) = reports.ended("copied").notes
    assert note == "h264_profile=0, bitrate=500000 not set: this camera has no encoder that could be told"


def test_dropped_frames_are_counted_by_their_numbers(
    camera: EmulatedCamera, film: Film, reports: Reports, tmp_path: Path
) -> None:
    station = film(source_of(camera))
    station.start_sink(make_order(tmp_path, width=640, height=480, encoding="copy"))
    reports.started()
    camera.fault("gap", numbers=7)
    time.sleep(0.2)
    camera.fault("truncate", frames=2)
    time.sleep(0.3)
    station.stop_sink("one")
    assert reports.ended().dropped == 9


async def test_a_host_that_is_killed_leaves_no_camera_adjusted(camera: EmulatedCamera, tmp_path: Path) -> None:
    async with filmed(camera, tmp_path) as client:
        wish = Adjustment(brightness=0.5, shutter_us=10_000)
        await client.photograph(make_photo_order(tmp_path, adjustment=wish, brightness=0.5, interval_seconds=1.0))
        await until(lambda: camera.control(EXPOSURE_ABSOLUTE) == 100 and camera.control(BRIGHTNESS) == 32)
        killed = client.pid
        assert killed is not None
        assert undo_files(tmp_path) == ["emulated-camera.undo.json"]
        os.kill(killed, signal.SIGKILL)
        await until(lambda: client.pid != killed)
        assert (camera.control(BRIGHTNESS), camera.control(EXPOSURE_AUTO)) == (32, 1)
    async with filmed(camera, tmp_path) as client:
        await client.keep_warm(True)
        await until(lambda: {number: camera.control(number) for number in STANDARD} == STANDARD)
    assert undo_files(tmp_path) == []
