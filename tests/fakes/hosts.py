"""A camera host process without a client in front of it."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pytest

from hardware.launch import HOST_MODULE, module_command
from hardware.models import CameraSpec, Model, Report
from hardware.wire import FrameBuffer, pack_message, parse_report


def file_camera(folder: Path, address: str = "") -> CameraSpec:
    return CameraSpec(
        camera_id="street",
        name="Street",
        backend="file",
        address=address,
        options={"journal": str(folder / "journal.jsonl")},
    )


@contextmanager
def small_file_system(folder: Path, size: str) -> Iterator[Path]:
    """A new folder in `folder` on a file system of `size` (`160k`); skips the test where that needs more rights."""
    media = folder / "small"
    media.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", media], check=False).returncode != 0:
        pytest.skip("mounting a small file system needs root")
    try:
        yield media
    finally:
        subprocess.run(["umount", media], check=True)


class BareAgent:
    """The agent's end without a client: raw frames to a host process."""

    def __init__(self) -> None:
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(10.0)
        with theirs:
            self.process = subprocess.Popen(
                module_command(HOST_MODULE, "--fd", str(theirs.fileno())), pass_fds=(theirs.fileno(),)
            )
        self._frames = FrameBuffer()
        self._reports: list[Report] = []

    def send(self, *messages: Model) -> None:
        self.socket.sendall(b"".join(map(pack_message, messages)))

    def wait_for(self, kind: type) -> Report:
        while True:
            while self._reports:
                report = self._reports.pop(0)
                if isinstance(report, kind):
                    return report
            data = self.socket.recv(65536)
            assert data
            self._reports += map(parse_report, self._frames.feed(data))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()
        self.process.kill()
        self.process.wait()
