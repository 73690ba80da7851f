"""The box: USB devices behind cameras, and its power."""

from pathlib import Path

import pytest

from hardware.box.errors import RebootFailed, UsbResetFailed
from hardware.box.power import reboot
from hardware.box.usb import UsbDevice, device_of, is_connected, node_now
from hardware.client import run_job


def plug(root: Path, product: str = "Webcam C920\n") -> Path:
    """A sysfs and /dev as the kernel makes them for a USB camera at video2."""
    port = root / "sys/devices/pci0000:00/usb1/1-4"
    interface = port / "1-4:1.0"
    interface.mkdir(parents=True)
    for name, text in (("busnum", "1\n"), ("devnum", "7\n"), ("product", product)):
        (port / name).write_text(text)
    node = root / "sys/class/video4linux/video2"
    node.mkdir(parents=True)
    (node / "device").symlink_to(interface)
    devices = root / "dev"
    (devices / "v4l/by-id").mkdir(parents=True)
    (devices / "video2").touch()
    (devices / "v4l/by-id/usb-cam-index0").symlink_to("../../video2")
    return port


def test_a_usb_camera_is_found_by_its_stable_name_and_its_unplugging_is_seen(tmp_path: Path) -> None:
    port = plug(tmp_path)
    device = device_of(str(tmp_path / "dev/v4l/by-id/usb-cam-index0"), tmp_path / "sys", tmp_path / "dev")
    assert device == UsbDevice("Webcam C920", port, tmp_path / "dev/bus/usb/001/007")
    assert device is not None
    assert is_connected(device)
    port.rename(tmp_path / "unplugged")
    assert not is_connected(device)


def test_a_camera_on_another_bus_is_no_usb_device(tmp_path: Path) -> None:
    (tmp_path / "sys/devices/platform/csi").mkdir(parents=True)
    node = tmp_path / "sys/class/video4linux/video0"
    node.mkdir(parents=True)
    (node / "device").symlink_to(tmp_path / "sys/devices/platform/csi")
    assert device_of("/dev/video0", tmp_path / "sys") is None
    assert device_of("rtsp://camera/stream", tmp_path / "sys") is None


def test_the_address_of_a_network_camera_names_no_device_of_this_box(tmp_path: Path) -> None:
    plug(tmp_path)
    assert device_of("/dev/video2", tmp_path / "sys") is not None
    assert device_of("rtsp://camera/video2", tmp_path / "sys") is None


def test_what_is_plugged_in_anew_has_another_node_and_may_be_something_else(tmp_path: Path) -> None:
    port = plug(tmp_path)
    device = device_of("/dev/video2", tmp_path / "sys", tmp_path / "dev")
    assert device is not None
    assert node_now(device) == device.node
    (port / "devnum").write_text("9\n")
    assert node_now(device) == tmp_path / "dev/bus/usb/001/009"
    (port / "product").write_text("Stick\n")
    with pytest.raises(UsbResetFailed, match="Stick"):
        node_now(device)
    port.rename(tmp_path / "unplugged")
    with pytest.raises(UsbResetFailed, match="it is gone"):
        node_now(device)


async def test_what_is_no_usb_device_is_not_reset(tmp_path: Path) -> None:
    (tmp_path / "004").touch()
    with pytest.raises(UsbResetFailed, match="resetting the USB device"):
        await run_job("usb_reset", path=str(tmp_path / "004"))
    with pytest.raises(UsbResetFailed, match="it is gone"):
        await run_job("usb_reset", path=str(tmp_path / "005"))


@pytest.mark.parametrize(
    ("script", "words"), [("exit 0", ""), ("echo 'no seat' >&2; exit 1", "no seat"), ("exit 3", "status 3")]
)
async def test_a_reboot_that_is_refused_says_why(script: str, words: str) -> None:
    if words:
        with pytest.raises(RebootFailed, match=words):
            await reboot(("sh", "-c", script))
    else:
        await reboot(("sh", "-c", script))


async def test_a_system_without_the_command_says_so() -> None:
    with pytest.raises(RebootFailed, match="no-such-command"):
        await reboot(("no-such-command",))
