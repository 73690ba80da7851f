"""The seam between capture and the kernel: all system calls that this package makes, and what their failures mean."""

import ctypes
import errno
import fcntl
import mmap
import os
import re
import select
import time
from pathlib import Path
from typing import Protocol

from hardware.errors import CameraBusy, CameraUnavailable, HardwareError
from hardware.v4l2.abi import Request

Argument = ctypes.Structure | ctypes.c_int

_NODE = re.compile(r"video(\d+)")
_STABLE_FOLDERS = ("by-id", "by-path")

_HINTS = {
    errno.EACCES: "no permission (is the user in the group 'video'?)",
    errno.EPERM: "no permission (does the service's device policy allow it?)",
    errno.ENOENT: "no such device",
    errno.ENODEV: "the device is gone",
    errno.ENXIO: "the device is gone",
    errno.ENOSPC: "the USB bus has no bandwidth left for this format",
}


class Mapping(Protocol):
    """Driver memory: slices of it are copies."""

    def __getitem__(self, part: slice, /) -> bytes: ...

    def close(self) -> None: ...


class System(Protocol):
    """System calls on video nodes. All but `nodes`, `stable_names` and `monotonic_ns` raise OSError."""

    def nodes(self) -> list[str]:
        """Paths of all video nodes, in the order of their numbers."""
        ...

    def stable_names(self) -> dict[str, str]:
        """For a node's path its name that survives a reboot and a replug: by-id before by-path."""
        ...

    def open(self, path: str) -> int:
        """A descriptor that does not block."""
        ...

    def close(self, descriptor: int) -> None: ...

    def ioctl(self, descriptor: int, request: Request, argument: Argument) -> None:
        """Changes `argument` in place."""
        ...

    def map(self, descriptor: int, length: int, offset: int) -> Mapping: ...

    def poll(self, descriptor: int, timeout: float) -> int:
        """Waits at most `timeout` seconds for a frame; answers select.POLL* bits, 0 when none came."""
        ...

    def monotonic_ns(self) -> int:
        """CLOCK_MONOTONIC, the clock of the drivers' time stamps."""
        ...


class LinuxSystem:
    """The real calls."""

    def __init__(self, devices: Path = Path("/dev")) -> None:
        self._devices = devices
        self._polls: dict[int, select.poll] = {}

    def nodes(self) -> list[str]:
        numbers = (_NODE.fullmatch(path.name) for path in self._devices.glob("video*"))
        return [str(self._devices / f"video{number}") for number in sorted(int(m[1]) for m in numbers if m)]

    def stable_names(self) -> dict[str, str]:
        names: dict[str, str] = {}
        for folder in _STABLE_FOLDERS:
            for link in sorted((self._devices / "v4l" / folder).glob("*")):
                names.setdefault(str(link.resolve()), str(link))
        return names

    def open(self, path: str) -> int:
        return os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def close(self, descriptor: int) -> None:
        self._polls.pop(descriptor, None)
        os.close(descriptor)

    def ioctl(self, descriptor: int, request: Request, argument: Argument) -> None:
        while True:
            try:
                fcntl.ioctl(descriptor, request, argument)
            except InterruptedError:
                continue
            return

    def map(self, descriptor: int, length: int, offset: int) -> mmap.mmap:
        return mmap.mmap(descriptor, length, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE, offset=offset)

    def poll(self, descriptor: int, timeout: float) -> int:
        poll = self._polls.get(descriptor)
        if poll is None:
            poll = self._polls[descriptor] = select.poll()
            poll.register(descriptor, select.POLLIN)
        ready = poll.poll(max(0.0, timeout) * 1000)
        return ready[0][1] if ready else 0

    def monotonic_ns(self) -> int:
        return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


def camera_error(camera: str, doing: str, error: OSError) -> HardwareError:
    """What a failed call means for the camera: held by another process, or not available."""
    if error.errno == errno.EBUSY:
        return CameraBusy(camera=camera, reason=doing)
    reason = _HINTS.get(error.errno or 0) or error.strerror or str(error)
    return CameraUnavailable(camera=camera, reason=f"{doing}: {reason}")
