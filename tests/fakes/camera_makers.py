"""One working specimen of every camera source, by its name in the settings. A new source gets a line in MAKERS."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from fakes.emulator.camera import EmulatedCamera
from fakes.emulator.pictures import Mode
from fakes.emulator.system import EmulatedSystem
from fakes.footage import short_footage
from fakes.http_camera import MjpegServer
from fakes.rpicam import FakeRpicam

from hardware.camera import Source
from hardware.models import BackendName, CameraSpec
from hardware.registry import create_source
from hardware.sources.auto import AutoSource
from hardware.sources.v4l2 import V4l2Source


def _nothing() -> None:
    """For what cannot be taken away."""


@dataclass
class Specimen:
    """A source with a camera behind it.

    `unplug` takes the camera away, so that reading or the next opening fails. `backend`: what `probe` calls it.
    """

    source: Source
    unplug: Callable[[], None] = _nothing
    backend: str = ""


def _spec(backend: BackendName, address: str = "", **options: str) -> CameraSpec:
    return CameraSpec(camera_id="main", name="Main", backend=backend, address=address, options=options)


@contextmanager
def _emulated(folder: Path) -> Iterator[tuple[EmulatedCamera, EmulatedSystem]]:
    modes = (Mode("YUYV", 640, 480, (30, 15)), Mode("MJPG", 640, 480, (60, 30)))
    with EmulatedCamera(folder / "box", modes=modes) as camera:
        yield camera, EmulatedSystem(camera.folder)


@contextmanager
def _v4l2(folder: Path) -> Iterator[Specimen]:
    with _emulated(folder) as (camera, system):
        yield Specimen(V4l2Source(_spec("v4l2", str(camera.by_id)), system), camera.unplug)


@contextmanager
def _auto(folder: Path) -> Iterator[Specimen]:
    with _emulated(folder) as (camera, system):
        yield Specimen(AutoSource(_spec("auto"), system), camera.unplug, backend="v4l2")


@contextmanager
def _network(_folder: Path) -> Iterator[Specimen]:
    with MjpegServer() as server:
        yield Specimen(create_source(_spec("network", server.url)), server.kill)


@contextmanager
def _rpicam(folder: Path) -> Iterator[Specimen]:
    program = FakeRpicam(folder)
    source = create_source(_spec("rpicam", program=str(program.program)))
    yield Specimen(source, lambda: program.fault("die"))


@contextmanager
def _opencv(folder: Path) -> Iterator[Specimen]:
    """OpenCV plays a file once: its end is as a camera that is gone."""
    path = folder / "street.mp4"
    shutil.copyfile(short_footage(25), path)
    yield Specimen(create_source(_spec("opencv", str(path))), path.unlink)


@contextmanager
def _file(folder: Path) -> Iterator[Specimen]:
    """A file that is open stays readable: its absence shows at the next opening."""
    path = folder / "street.mp4"
    shutil.copyfile(short_footage(25), path)
    yield Specimen(create_source(_spec("file", str(path))), path.unlink)


@contextmanager
def _bars(_folder: Path) -> Iterator[Specimen]:
    yield Specimen(create_source(_spec("bars")))


@contextmanager
def _null(_folder: Path) -> Iterator[Specimen]:
    yield Specimen(create_source(_spec("null")))


Maker = Callable[[Path], AbstractContextManager[Specimen]]

MAKERS: dict[str, Maker] = {
    "auto": _auto,
    "v4l2": _v4l2,
    "network": _network,
    "rpicam": _rpicam,
    "opencv": _opencv,
    "file": _file,
    "bars": _bars,
    "null": _null,
}

FILMING = sorted(MAKERS.keys() - {"null"})
"""Those that are cameras."""

LOSABLE = sorted(MAKERS.keys() - {"null", "bars"})
"""Those whose camera can be taken away."""
