"""USB devices behind cameras: which one it is, whether it is still plugged in, and how to reset it."""

import errno
import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from hardware.box.errors import UsbResetFailed
from hardware.models import Model

USBDEVFS_RESET = ord("U") << 8 | 20
"""`_IO('U', 20)` of <linux/usbdevice_fs.h>."""

_HINTS = {
    errno.EACCES: "no permission (the udev rules of the package give the camera's group this right)",
    errno.EPERM: "no permission",
    errno.ENOENT: "it is gone",
    errno.ENODEV: "it is gone",
}


@dataclass(frozen=True, slots=True)
class UsbDevice:
    """A device on a USB bus. `port` is its folder in sysfs, `node` the file to talk to it, another at each plugging."""

    name: str
    port: Path
    node: Path


class ResetRequest(Model):
    """Arguments of the job `usb_reset`: the device's node."""

    path: Path


class ResetDone(Model):
    """The device was reset; it comes back by itself, as if it were plugged in anew."""

    path: Path


def device_of(address: str, sysfs: Path = Path("/sys"), devices: Path = Path("/dev")) -> UsbDevice | None:
    """The USB device of the video node `address` (or of a link to it), a path; None for a camera of another kind.

    Reads sysfs: not for the event loop.
    """
    if not address.startswith("/"):
        return None
    node = Path(address).resolve().name
    for folder in _parents((sysfs / "class" / "video4linux" / node / "device").resolve(), sysfs):
        bus, number = _number(folder / "busnum"), _number(folder / "devnum")
        if bus and number:
            return UsbDevice(_name(folder), folder, devices / "bus" / "usb" / f"{bus:03d}" / f"{number:03d}")
    return None


def node_now(device: UsbDevice) -> Path:
    """Its node by now. Raises UsbResetFailed when it is gone, or when something else is plugged in there."""
    bus, number, name = _number(device.port / "busnum"), _number(device.port / "devnum"), _name(device.port)
    if not (bus and number):
        raise UsbResetFailed(device=device.node, reason="it is gone")
    if name != device.name:
        raise UsbResetFailed(device=device.node, reason=f"{name} is plugged in there now, not {device.name}")
    return device.node.parent.parent / f"{bus:03d}" / f"{number:03d}"


def is_connected(device: UsbDevice) -> bool:
    """Whether it is still plugged in where it was."""
    return device.port.is_dir()


def reset(device: UsbDevice) -> None:
    """Resets it: may block for seconds, so it belongs into a process of its own (job `usb_reset`).

    Raises UsbResetFailed.
    """
    try:
        descriptor = os.open(device.node, os.O_WRONLY | os.O_CLOEXEC)
        try:
            fcntl.ioctl(descriptor, USBDEVFS_RESET, 0)
        finally:
            os.close(descriptor)
    except OSError as error:
        reason = _HINTS.get(error.errno or 0) or error.strerror or str(error)
        raise UsbResetFailed(device=device.node, reason=reason) from error


def reset_job(arguments: object) -> ResetDone:
    """Job `usb_reset`."""
    path = ResetRequest.model_validate(arguments).path
    reset(UsbDevice(path.name, path.parent, path))
    return ResetDone(path=path)


def _parents(folder: Path, sysfs: Path) -> list[Path]:
    """`folder` and those above it, within sysfs."""
    above = [folder, *folder.parents]
    return [path for path in above if path.is_relative_to(sysfs.resolve()) and path.is_dir()]


def _number(file: Path) -> int:
    try:
        text = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return 0
    return int(text) if text.isdecimal() else 0


def _name(folder: Path) -> str:
    try:
        return (folder / "product").read_text(encoding="utf-8", errors="replace").strip() or folder.name
    except OSError:
        return folder.name
