"""The emulated camera is what programs think it is: seen through our own capture code, another process, and ffmpeg."""

import ctypes
import errno
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from fakes.emulator import controls
from fakes.emulator.camera import H264_MODES, USUAL_MODES, EmulatedCamera
from fakes.emulator.pictures import Mode, number_of
from fakes.emulator.system import EmulatedSystem

from hardware.errors import CameraBusy, CameraUnavailable
from hardware.models import CameraSpec, Codec, Format
from hardware.sources.v4l2 import V4l2Source
from hardware.v4l2 import abi
from hardware.v4l2.abi import Request
from hardware.v4l2.looking import Looker
from hardware.v4l2.pictures import measure_jpeg

VGA = Format(codec=Codec.MJPEG, width=640, height=480, rate=60)
HD = Format(codec=Codec.MJPEG, width=1280, height=720, rate=30)


@pytest.fixture(name="camera")
def _camera(tmp_path: Path) -> Iterator[EmulatedCamera]:
    with EmulatedCamera(tmp_path / "box") as camera:
        yield camera


@pytest.fixture(name="system")
def _system(camera: EmulatedCamera) -> EmulatedSystem:
    return EmulatedSystem(camera.folder)


@pytest.fixture(name="source")
def _source(camera: EmulatedCamera, system: EmulatedSystem) -> Iterator[V4l2Source]:
    source = _at(camera, system)
    yield source
    source.close()


def read_on(source: V4l2Source) -> None:
    while source.read(1.0):
        pass


def _at(camera: EmulatedCamera, system: EmulatedSystem) -> V4l2Source:
    spec = CameraSpec(camera_id="main", name="Main", backend="v4l2", address=str(camera.by_id))
    return V4l2Source(spec, system)


def test_one_of_its_two_nodes_is_a_camera_with_a_stable_name(camera: EmulatedCamera, system: EmulatedSystem) -> None:
    found = Looker(system).survey()
    assert not found.failures
    (node,) = found.cameras
    assert (node.path, node.address, node.name) == (str(camera.node), str(camera.by_id), "Emulated Camera")
    assert VGA in node.formats


def test_frames_come_at_their_time_with_their_number_in_them(camera: EmulatedCamera, source: V4l2Source) -> None:
    assert source.open(VGA) == VGA
    packets = [source.read(1.0) for _ in range(20)]
    source.close()
    journal = camera.journal().streams[-1]
    assert journal.ended_ns
    for packet in packets:
        assert packet is not None
        frame = journal.frames[packet.sequence]
        assert (frame.sequence, frame.stamp_ns, frame.fate) == (packet.sequence, packet.mono_ns, "delivered")
        assert number_of(packet.data) == packet.sequence
        assert 0 <= frame.taken_ns - frame.stamp_ns < 1_000_000_000
    steps = [later.stamp_ns - earlier.stamp_ns for earlier, later in pairwise(journal.frames)]
    assert all(abs(step - 1e9 / 60) <= 1000 for step in steps), "a driver's stamps count microseconds"


def test_pictures_have_the_size_that_cameras_send(source: V4l2Source) -> None:
    source.open(HD)
    packet = source.read(1.0)
    assert packet is not None
    extent = measure_jpeg(packet.data)
    assert (extent.width, extent.height) == (1280, 720)
    assert 40_000 < len(packet.data) < 90_000


def test_without_a_queued_buffer_frames_are_dropped_and_counted(camera: EmulatedCamera, source: V4l2Source) -> None:
    source.open(VGA)
    time.sleep(0.2)  # 12 frames for 6 buffers
    numbers = [packet.sequence for packet in (source.read(1.0) for _ in range(8)) if packet]
    assert numbers[:6] == list(range(6))
    assert numbers[6] > 6
    assert source.losses["missed"] == numbers[6] - 6
    source.close()
    assert any(frame.fate == "dropped" for frame in camera.journal().frames)


def test_an_unplugged_camera_is_gone_until_it_comes_back_by_the_same_name(
    camera: EmulatedCamera, source: V4l2Source, system: EmulatedSystem
) -> None:
    source.open(VGA)
    assert source.read(1.0)
    camera.fault("unplug")
    with pytest.raises(CameraUnavailable):
        read_on(source)
    source.close()
    with pytest.raises(CameraUnavailable):
        source.open(VGA)
    assert not Looker(system).survey().cameras
    camera.fault("replug", number=4)
    assert source.open(VGA) == VGA
    assert source.read(1.0)
    assert camera.node.name == "video4"
    assert camera.by_id.resolve() == camera.node


def test_a_poll_of_an_unplugged_camera_ends(camera: EmulatedCamera, system: EmulatedSystem, source: V4l2Source) -> None:
    source.open(VGA)
    descriptor = source._stream._capture._descriptor  # type: ignore[union-attr]
    camera.fault("unplug")
    deadline = time.monotonic() + 2
    while not system.poll(descriptor, 1.0) & select.POLLHUP:
        assert time.monotonic() < deadline


def test_a_stall_is_silence_and_ends(camera: EmulatedCamera, source: V4l2Source) -> None:
    source.open(VGA)
    camera.fault("stall")
    for _ in range(2):  # what was under way
        source.read(0.05)
    assert source.read(0.2) is None
    camera.clear()
    assert source.read(0.5) is not None


def test_faults_of_frames(camera: EmulatedCamera, source: V4l2Source) -> None:
    source.open(VGA)
    assert source.read(1.0)
    camera.fault("truncate", frames=2)
    camera.fault("flag", frames=1)
    camera.fault("gap", numbers=5)
    numbers = [packet.sequence for packet in (source.read(1.0) for _ in range(5)) if packet]
    assert (source.losses["truncated"], source.losses["flagged"]) == (1, 1)
    assert numbers[-1] == 5 + 5 + 2, "five left out, two damaged"
    camera.fault("io_error", frames=1)
    with pytest.raises(CameraUnavailable):
        source.read(1.0)


def test_another_size_than_asked_and_another_than_granted(camera: EmulatedCamera, source: V4l2Source) -> None:
    camera.fault("granted_size", width=1280, height=720)
    assert (source.open(VGA).width, source.open(VGA).height) == (1280, 720)
    camera.clear()
    camera.fault("frame_size", width=1920, height=1080)
    source.open(VGA)
    with pytest.raises(CameraUnavailable, match="broken frames"):
        source.read(2.0)
    assert source.losses["size"] >= 30


def test_busy_by_fault_and_by_another_process(camera: EmulatedCamera, source: V4l2Source) -> None:
    camera.fault("busy")
    with pytest.raises(CameraBusy):
        source.open(VGA)
    camera.clear()
    command = ["ffmpeg", "-v", "error", "-f", "v4l2", "-i", str(camera.node), "-f", "null", "-"]
    with subprocess.Popen(command, env=os.environ | camera.environment) as other:
        deadline = time.monotonic() + 10
        while not any(stream.pid == other.pid for stream in camera.journal().streams):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        with pytest.raises(CameraBusy):
            source.open(VGA)
        other.kill()
    assert source.open(VGA) == VGA


def test_open_error(camera: EmulatedCamera, source: V4l2Source) -> None:
    camera.fault("open_error", number=errno.EACCES)
    with pytest.raises(CameraUnavailable, match="permission"):
        source.open(VGA)


@pytest.mark.parametrize("planar", [False, True])
def test_raw_pictures_and_several_planes(tmp_path: Path, planar: bool) -> None:
    with EmulatedCamera(tmp_path / "box", modes=[Mode("YUYV", 640, 480)], planar=planar) as camera:
        source = _at(camera, EmulatedSystem(camera.folder))
        source.open(None)
        packets = [source.read(1.0) for _ in range(3)]
        source.close()
    assert [packet and (len(packet.data), number_of(packet.data)) for packet in packets] == [
        (640 * 480 * 2, number) for number in range(3)
    ]


def test_ffmpeg_films_h264_with_a_key_frame_a_second(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    with EmulatedCamera(tmp_path / "box", modes=(*USUAL_MODES[:1], *H264_MODES[:1])) as camera:
        command = ["ffmpeg", "-v", "error", "-f", "v4l2", "-input_format", "h264", "-i", str(camera.node)]
        command += ["-frames:v", "45", "-c", "copy", str(clip)]
        subprocess.run(command, env=os.environ | camera.environment, check=True, capture_output=True, timeout=20)
    probe = ["ffprobe", "-v", "error", "-show_entries", "packet=flags", "-of", "json", str(clip)]
    packets = json.loads(subprocess.run(probe, check=True, capture_output=True).stdout)["packets"]
    assert [number for number, packet in enumerate(packets) if "K" in packet["flags"]] == [0, 30]


def test_a_process_that_was_started_with_it_films_and_leaves_nothing_open(camera: EmulatedCamera) -> None:
    film = """
import os, sys
from hardware.models import CameraSpec
from hardware.sources.v4l2 import V4l2Source
source = V4l2Source(CameraSpec(camera_id="main", name="Main", backend="v4l2", address=sys.argv[1]))
before = sorted(os.listdir("/proc/self/fd"))
source.open(None)
print([source.read(1.0).sequence for _ in range(3)])
source.close()
assert sorted(os.listdir("/proc/self/fd")) == before
"""
    command = [sys.executable, "-P", "-c", film, str(camera.by_id)]
    done = subprocess.run(
        command, env=os.environ | camera.environment | {"PYTHONPATH": "."}, check=True, capture_output=True, text=True
    )
    assert done.stdout == "[0, 1, 2]\n"
    assert not done.stderr


class _Control(ctypes.Structure):
    _fields_ = (("id", ctypes.c_uint32), ("value", ctypes.c_int32))


def _set(system: EmulatedSystem, descriptor: int, control: int, value: int) -> int:
    """VIDIOC_S_CTRL; answers the value that the driver took."""
    argument = _Control(control, value)
    request = 3 << 30 | ctypes.sizeof(_Control) << 16 | ord("V") << 8 | 28
    system.ioctl(descriptor, request, argument)  # type: ignore[arg-type]
    return int(argument.value)


def test_controls_follow_the_kernels_rules(camera: EmulatedCamera, system: EmulatedSystem) -> None:
    descriptor = system.open(str(camera.node))
    assert _set(system, descriptor, controls.BRIGHTNESS, 1000) == 64
    with pytest.raises(OSError, match="Permission denied"):
        _set(system, descriptor, controls.EXPOSURE_ABSOLUTE, 300)
    _set(system, descriptor, controls.EXPOSURE_AUTO, 1)
    assert _set(system, descriptor, controls.EXPOSURE_ABSOLUTE, 300) == 300
    with pytest.raises(OSError, match="Invalid argument"):
        _set(system, descriptor, controls.EXPOSURE_AUTO, 2)
    _set(system, descriptor, controls.PAN_RESET, 1)
    system.close(descriptor)
    assert camera.control(controls.EXPOSURE_ABSOLUTE) == 300
    assert camera.control(controls.PAN_RESET) == 1
    assert camera.journal().controls[0] == (controls.BRIGHTNESS, 64)


def test_an_unknown_call_is_refused_as_by_a_driver(camera: EmulatedCamera, system: EmulatedSystem) -> None:
    descriptor = system.open(str(camera.node))
    with pytest.raises(OSError, match="Inappropriate ioctl"):
        system.ioctl(descriptor, 0x5678, ctypes.c_int(0))  # type: ignore[arg-type]
    with pytest.raises(OSError, match="Invalid argument"):
        system.ioctl(descriptor, Request.ENUM_FMT, abi.FormatDescription(index=99, type=abi.BufferType.CAPTURE))
    system.close(descriptor)
