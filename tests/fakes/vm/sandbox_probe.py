"""Runs inside the virtual machine in the service's own sandbox: what is refused there, and what works.

    python -P sandbox_probe.py
Prints one JSON object: by the name of each try "done", or how it was refused.
"""

import ctypes
import errno
import fcntl
import json
import mmap
import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True)
STATE = Path("/var/lib/cuelight")
NEW_USER_NAMESPACE = 0x10000000
USB_RESET = ord("U") << 8 | 20
UEVENTS, OF_UDEV = 15, 2


def asked(result: int) -> None:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def write_outside() -> None:
    Path("/etc/probe").touch()


def run_what_was_written() -> None:
    program = STATE / "probe.sh"
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o700)
    try:
        subprocess.run([program], check=True)
    finally:
        program.unlink()


def make_code() -> None:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()


def make_a_namespace() -> None:
    asked(LIBC.unshare(NEW_USER_NAMESPACE))


def make_setuid() -> None:
    file = STATE / "probe.suid"
    file.touch()
    try:
        file.chmod(0o4755)
    finally:
        file.unlink()


def set_the_clock() -> None:
    time.clock_settime(time.CLOCK_REALTIME, time.time())


def ask_for_the_clock() -> None:
    asked(LIBC.adjtimex(ctypes.byref((ctypes.c_int * 64)())))


def change_the_kernel() -> None:
    Path("/proc/sys/kernel/panic").write_text("0")


def read_the_kernels_log() -> None:
    os.close(os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK))


def read_a_disk() -> None:
    os.close(os.open("/dev/vda", os.O_RDONLY))


def send_raw_packets() -> None:
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()


def see_others() -> None:
    if not Path("/proc/1/status").exists():
        raise OSError(errno.ENOENT, "process 1")


def go_before_others() -> None:
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


def bind_memory() -> None:
    asked(LIBC.syscall(237, 0, 0, 0, 0, 0, 0))  # mbind of x86-64


def read_the_boots_id() -> None:
    assert Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def hear_of_devices() -> None:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, UEVENTS) as listener:
        listener.bind((0, OF_UDEV))


def be_nice() -> None:
    os.nice(1)


def open_the_cameras() -> None:
    cameras = sorted(Path("/dev").glob("video*"))
    assert cameras
    for camera in cameras:
        os.close(os.open(camera, os.O_RDWR | os.O_NONBLOCK))


def look_at_pictures() -> None:
    import cv2
    import numpy as np

    noise = np.random.default_rng(1).integers(0, 255, (240, 320, 3), dtype=np.uint8)
    people = cv2.HOGDescriptor()
    people.setSVMDetector(np.array(cv2.HOGDescriptor.getDefaultPeopleDetector()))
    people.detectMultiScale(cv2.resize(noise, (160, 160)))
    done, jpeg = cv2.imencode(".jpg", noise)
    assert done
    picture = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == noise.shape


def encode_and_decode() -> None:
    import av

    file = STATE / "probe.mp4"
    try:
        with av.open(str(file), "w") as container:
            stream = container.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
            stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
            for number in range(10):
                frame = av.VideoFrame(320, 180, "yuyv422").reformat(format="yuv420p")
                frame.pts, frame.time_base = number, Fraction(1, 10)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        with av.open(str(file)) as container:
            assert sum(1 for _ in container.decode(video=0)) == 10
    finally:
        file.unlink(missing_ok=True)


def reset_usb() -> None:
    """The one device on a bus that belongs to the service's group."""
    nodes = [node for node in Path("/dev/bus/usb").glob("*/*") if os.access(node, os.W_OK)]
    assert len(nodes) == 1, nodes
    assert stat.S_ISCHR(nodes[0].stat().st_mode)
    descriptor = os.open(nodes[0], os.O_WRONLY)
    try:
        fcntl.ioctl(descriptor, USB_RESET, 0)
    finally:
        os.close(descriptor)


REFUSED: tuple[Callable[[], None], ...] = (
    write_outside,
    run_what_was_written,
    make_code,
    make_a_namespace,
    make_setuid,
    set_the_clock,
    ask_for_the_clock,
    change_the_kernel,
    read_the_kernels_log,
    read_a_disk,
    send_raw_packets,
    see_others,
    go_before_others,
    bind_memory,
)
WORKS: tuple[Callable[[], None], ...] = (
    read_the_boots_id,
    hear_of_devices,
    be_nice,
    open_the_cameras,
    look_at_pictures,
    encode_and_decode,
    reset_usb,
)


def outcome(tried: Callable[[], None]) -> str:
    try:
        tried()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, repr(error))
    except Exception as error:  # noqa: BLE001  # boundary: what a library makes of a refusal is to be seen
        return repr(error)
    return "done"


if __name__ == "__main__":
    told = {kind: {tried.__name__: outcome(tried) for tried in tries}
            for kind, tries in (("refused", REFUSED), ("works", WORKS))}  # fmt: skip
    sys.stdout.write(json.dumps(told) + "\n")
