"""The emulator's calls for the test's own process, which was started without it."""

import ctypes
import mmap
import os
from pathlib import Path
from typing import Any

from fakes.emulator.library import library

from hardware.v4l2.abi import Request
from hardware.v4l2.system import Argument, LinuxSystem


class _Mapping:
    """Memory of the driver; slices are copies."""

    def __init__(self, calls: Any, address: int, length: int) -> None:
        self._calls = calls
        self._address = address
        self._length = length
        self._bytes = memoryview((ctypes.c_char * length).from_address(address)).cast("B")

    def __getitem__(self, part: slice, /) -> bytes:
        assert self._length, "read of unmapped memory"
        return bytes(self._bytes[part])

    def close(self) -> None:
        assert self._length
        self._calls.munmap(ctypes.c_void_p(self._address), ctypes.c_size_t(self._length))
        self._length = 0


class EmulatedSystem(LinuxSystem):
    """`hardware.v4l2.system.System` on the cameras of one folder; the newest one made counts."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "dev")
        self._calls = ctypes.CDLL(str(library()), use_errno=True)
        self._calls.mmap.restype = ctypes.c_void_p
        self._calls.use_emulated_cameras(str(folder).encode())

    def open(self, path: str) -> int:
        return self._checked(self._calls.open(path.encode(), os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC))

    def close(self, descriptor: int) -> None:
        self._checked(self._calls.close(descriptor))

    def ioctl(self, descriptor: int, request: Request, argument: Argument) -> None:
        self._checked(self._calls.ioctl(descriptor, ctypes.c_ulong(request), ctypes.byref(argument)))

    def map(self, descriptor: int, length: int, offset: int) -> Any:
        rights = mmap.PROT_READ | mmap.PROT_WRITE
        size, place = ctypes.c_size_t(length), ctypes.c_long(offset)
        address = self._calls.mmap(None, size, rights, mmap.MAP_SHARED, descriptor, place)
        self._checked(-1 if address == ctypes.c_void_p(-1).value else 0)
        return _Mapping(self._calls, address, length)

    @staticmethod
    def _checked(result: int) -> int:
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return result
