"""Nodes: cameras are told from others by capability, and described by stable name, formats, sizes and rates."""

import errno
import os
import select
from pathlib import Path

import pytest
from fakes.v4l2 import FakeCamera, FakeSystem
from fakes.v4l2_pictures import MJPG_HD, MJPG_VGA, YUYV_HD, FakeMode

from hardware.errors import CameraBusy, CameraUnavailable
from hardware.models import CameraInfo, CameraReport, Codec, Format
from hardware.v4l2 import abi
from hardware.v4l2.abi import Capabilities, Request
from hardware.v4l2.device import Node, examine
from hardware.v4l2.looking import Looker
from hardware.v4l2.system import LinuxSystem
from hardware.wire import pack_message

BY_ID = "/dev/v4l/by-id/usb-Fake_camera-video-index0"


def described(camera: FakeCamera) -> Node:
    system = FakeSystem({"/dev/video0": camera})
    node = examine(system, "/dev/video0")
    assert node is not None
    assert system.released()
    return node


def test_a_camera_is_described() -> None:
    system = FakeSystem({"/dev/video0": FakeCamera(modes=(YUYV_HD, MJPG_HD))}, {"/dev/video0": BY_ID})
    node = examine(system, "/dev/video0")
    assert node is not None
    assert (node.name, node.driver, node.path, node.address) == ("Fake camera", "fake", "/dev/video0", BY_ID)
    assert node.formats == (
        Format(codec=Codec.MJPEG, width=1280, height=720, rate=30),
        Format(codec=Codec.MJPEG, width=1280, height=720, rate=15),
        Format(codec=Codec.YUYV, width=1280, height=720, rate=10),
    )


@pytest.mark.parametrize(
    "capabilities",
    [
        Capabilities.META_CAPTURE | Capabilities.STREAMING,
        Capabilities.VIDEO_CAPTURE,
        Capabilities.STREAMING,
    ],
    ids=["metadata", "no streaming", "no capture"],
)
def test_nodes_of_another_kind_are_no_cameras(capabilities: Capabilities) -> None:
    system = FakeSystem({"/dev/video1": FakeCamera(device_caps=capabilities)})
    assert examine(system, "/dev/video1") is None
    assert Looker(system).survey().cameras == ()
    assert system.released()


def test_a_multi_planar_camera_is_described() -> None:
    capabilities = Capabilities.VIDEO_CAPTURE_MPLANE | Capabilities.STREAMING
    node = described(FakeCamera(planar=True, device_caps=capabilities, modes=(MJPG_VGA,)))
    assert node.planar
    assert len(node.modes) == 1


def test_formats_that_cannot_be_carried_are_left_out() -> None:
    node = described(FakeCamera(modes=(FakeMode(abi.fourcc("RGB3"), 640, 480), MJPG_VGA)))
    assert [mode.pixel_format for mode in node.modes] == [abi.MJPG]


def test_of_a_range_the_common_sizes_and_rates_are_offered() -> None:
    node = described(FakeCamera(modes=(MJPG_HD,), size_range=(160, 1600, 120, 1200, 8)))
    sizes = {(it.width, it.height) for it in node.formats}
    assert {(640, 480), (1280, 720), (1600, 1200)} <= sizes
    assert (1920, 1080) not in sizes
    assert {it.rate for it in node.formats} == {60.0, 50.0, 30.0, 25.0, 20.0, 15.0, 10.0, 5.0}


def test_a_driver_that_cannot_enumerate_offers_its_current_size_at_a_nominal_rate() -> None:
    camera = FakeCamera(modes=(MJPG_VGA,))
    camera.fails = {Request.ENUM_FRAMESIZES: errno.ENOTTY, Request.ENUM_FRAMEINTERVALS: errno.ENOTTY}
    assert described(camera).formats == (Format(codec=Codec.MJPEG, width=640, height=480, rate=30),)


def test_a_camera_with_any_number_of_modes_can_be_reported() -> None:
    modes = tuple(FakeMode(abi.MJPG, 16 * side, 480, tuple(range(1, 200))) for side in range(1, 200))
    node = described(FakeCamera(modes=modes))
    info = CameraInfo(name="A", backend="v4l2", address="", live=True, formats=node.formats)
    assert pack_message(CameraReport(state="open", info=info))
    assert node.formats[0] == Format(codec=Codec.MJPEG, width=16, height=480, rate=1)


def test_absurd_sizes_and_rates_are_not_believed() -> None:
    modes = (FakeMode(abi.MJPG, 0, 480), FakeMode(abi.MJPG, 100_000, 480), FakeMode(abi.MJPG, 640, 480, (5000,)))
    assert described(FakeCamera(modes=modes)).formats == (Format(codec=Codec.MJPEG, width=640, height=480, rate=30),)


@pytest.mark.parametrize(
    ("number", "error", "words"),
    [
        (errno.EBUSY, CameraBusy, "held by another process"),
        (errno.EACCES, CameraUnavailable, "group 'video'"),
        (errno.ENODEV, CameraUnavailable, "gone"),
        (errno.ENOMEM, CameraUnavailable, "allocate memory"),
    ],
)
def test_a_node_that_cannot_be_opened(number: int, error: type[Exception], words: str) -> None:
    system = FakeSystem({"/dev/video0": FakeCamera(fails_open=number), "/dev/video2": FakeCamera()})
    with pytest.raises(error, match=words):
        examine(system, "/dev/video0")
    found = Looker(system).survey()
    assert [node.path for node in found.cameras] == ["/dev/video2"]
    assert [type(failure) for failure in found.failures] == [error]


def test_a_camera_that_dies_while_it_is_looked_at() -> None:
    camera = FakeCamera(fails={Request.ENUM_FMT: errno.ENODEV})
    system = FakeSystem({"/dev/video0": camera})
    with pytest.raises(CameraUnavailable):
        examine(system, "/dev/video0")
    assert system.released()


def test_real_names_are_found_and_by_id_is_preferred(tmp_path: Path) -> None:
    for name in ("video10", "video2", "video0", "video-codec", "null"):
        (tmp_path / name).touch()
    for folder, link, node in [
        ("by-path", "pci-0-video-index0", "video0"),
        ("by-path", "pci-1-video-index0", "video2"),
        ("by-id", "usb-A-video-index0", "video0"),
    ]:
        (tmp_path / "v4l" / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / "v4l" / folder / link).symlink_to(f"../../{node}")
    system = LinuxSystem(tmp_path)
    assert system.nodes() == [str(tmp_path / name) for name in ("video0", "video2", "video10")]
    assert system.stable_names() == {
        str(tmp_path / "video0"): str(tmp_path / "v4l/by-id/usb-A-video-index0"),
        str(tmp_path / "video2"): str(tmp_path / "v4l/by-path/pci-1-video-index0"),
    }


def test_the_real_calls_take_our_structs() -> None:
    assert examine(LinuxSystem(), "/dev/null") is None


def test_real_memory_and_waiting(tmp_path: Path) -> None:
    system = LinuxSystem()
    path = tmp_path / "buffer"
    path.write_bytes(bytes(range(256)) * 32)
    descriptor = system.open(str(path))
    mapping = system.map(descriptor, 4096, 4096)
    copied = mapping[250:260]
    mapping.close()
    assert copied == bytes([250, 251, 252, 253, 254, 255, 0, 1, 2, 3])
    assert system.poll(descriptor, 0.0) & select.POLLIN
    system.close(descriptor)
    reader, writer = os.pipe()
    assert system.poll(reader, 0.001) == 0
    system.close(writer)
    assert system.poll(reader, 1.0) == select.POLLHUP
    system.close(reader)


def test_a_missing_real_node() -> None:
    with pytest.raises(CameraUnavailable, match="no such device"):
        examine(LinuxSystem(), "/dev/video-that-is-not-there")
