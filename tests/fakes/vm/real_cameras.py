"""A pytest plugin for inside a machine: the contract suite's V4L2 cameras are those of the `vivid` driver.

An unplug takes the driver away from its device; the next specimen finds it there again.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fakes.camera_makers import MAKERS, Specimen

from hardware.camera import Source
from hardware.models import CameraSpec
from hardware.registry import create_source

DRIVER = Path("/sys/bus/platform/drivers/vivid")
DEVICE = "vivid.0"


def unplug() -> None:
    (DRIVER / "unbind").write_text(DEVICE)


def plug() -> None:
    """Puts the driver back on its device, if it was taken away, and waits for the video nodes."""
    if not (DRIVER / DEVICE).exists():
        (DRIVER / "bind").write_text(DEVICE)
    deadline = time.monotonic() + 30
    while not list(Path("/dev/v4l/by-path").glob("platform-vivid*")):
        assert time.monotonic() < deadline, "the driver made no video node"
        time.sleep(0.05)


@contextmanager
def _v4l2(_folder: Path) -> Iterator[Specimen]:
    plug()
    yield Specimen(_source("v4l2"), unplug, backend="v4l2")
    plug()


@contextmanager
def _auto(_folder: Path) -> Iterator[Specimen]:
    plug()
    yield Specimen(_source("auto"), unplug, backend="v4l2")
    plug()


def _source(backend: str) -> Source:
    return create_source(CameraSpec.model_validate({"camera_id": "main", "name": "Main", "backend": backend}))


MAKERS |= {"v4l2": _v4l2, "auto": _auto}
