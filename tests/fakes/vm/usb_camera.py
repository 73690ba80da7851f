"""Runs inside the virtual machine as root: plugs a USB device with a video interface in, which answers nothing else.

python3 usb_camera.py        prints "plugged in", and stays until it is ended
"""

import os
import signal
import struct
import subprocess
from pathlib import Path

GADGET = Path("/sys/kernel/config/usb_gadget/camera")
FUNCTION = Path("/run/usb-camera")
DESCRIPTORS, STRINGS = 3, 2
"""Magic numbers of <linux/usb/functionfs.h>."""
BOTH_SPEEDS = 1 | 2
VIDEO, CONTROL, BULK, INTO_THE_HOST = 0x0E, 1, 2, 0x81


def interface(packet: int) -> bytes:
    """Descriptors of a video control interface with one endpoint."""
    endpoint = struct.pack("<BBBBHB", 7, 5, INTO_THE_HOST, BULK, packet, 0)
    return struct.pack("<9B", 9, 4, 0, 0, 1, VIDEO, CONTROL, 0, 0) + endpoint


def make() -> int:
    """The gadget; its open descriptor, with which it ends."""
    subprocess.run(["modprobe", "-a", "dummy_hcd", "libcomposite", "usb_f_fs"], check=True)
    for folder in (
        FUNCTION,
        GADGET / "strings" / "0x409",
        GADGET / "configs" / "c.1",
        GADGET / "functions" / "ffs.camera",
    ):
        folder.mkdir(parents=True)
    (GADGET / "idVendor").write_text("0x1d6b")
    (GADGET / "idProduct").write_text("0x0102")
    (GADGET / "strings" / "0x409" / "product").write_text("A camera that hangs")
    (GADGET / "configs" / "c.1" / "ffs.camera").symlink_to(GADGET / "functions" / "ffs.camera")
    subprocess.run(["mount", "-t", "functionfs", "camera", FUNCTION], check=True)
    told = struct.pack("<II", 2, 2) + interface(64) + interface(512)
    descriptor = os.open(FUNCTION / "ep0", os.O_RDWR)
    os.write(descriptor, struct.pack("<III", DESCRIPTORS, 12 + len(told), BOTH_SPEEDS) + told)
    os.write(descriptor, struct.pack("<IIII", STRINGS, 16, 0, 0))
    (GADGET / "UDC").write_text("dummy_udc.0")
    return descriptor


if __name__ == "__main__":
    make()
    print("plugged in", flush=True)
    signal.pause()
