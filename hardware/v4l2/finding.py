"""Job `cameras`: what video cameras the machine has, and what they can do.

In a process of its own, as a driver may hang while it is asked; one that does is named and passed over.
"""

from functools import partial
from pathlib import Path

from pydantic import Field

from hardware.errors import CameraUnavailable, HardwareError
from hardware.models import Control, Format, Model
from hardware.v4l2.controls import Board
from hardware.v4l2.device import Node, examine, opened
from hardware.v4l2.looking import LOOK_SECONDS, Looker
from hardware.v4l2.system import LinuxSystem, System, camera_error


class FindRequest(Model):
    """Arguments of `cameras`. `address`: this camera only. `devices`: where the nodes are."""

    address: str = ""
    devices: Path = Path("/dev")


class FoundCamera(Model):
    """A camera. `address` is its most stable name, `path` what the kernel calls it now."""

    address: str
    path: str
    name: str
    driver: str
    formats: tuple[Format, ...]
    controls: tuple[Control, ...]


class FoundCameras(Model):
    """`failures`: sentences about nodes that could not be looked at."""

    cameras: tuple[FoundCamera, ...] = ()
    failures: tuple[str, ...] = Field(default=())


def find_cameras(arguments: object) -> FoundCameras:
    """Job `cameras`. Raises CameraUnavailable and CameraBusy for an address only."""
    request = FindRequest.model_validate(arguments)
    system = LinuxSystem(request.devices)
    if request.address:
        look = partial(_look_at, system, request.address)
        return FoundCameras(cameras=(Looker(system).ask(request.address, look),))
    return found_by(system)


def found_by(system: System, patience: float = LOOK_SECONDS) -> FoundCameras:
    """All cameras that `system` has; a driver may take `patience` seconds for each answer."""
    looker = Looker(system, patience)
    found = looker.survey()
    cameras: list[FoundCamera] = []
    failures: list[HardwareError] = list(found.failures)
    for node in found.cameras:
        try:
            cameras.append(looker.ask(node.path, partial(_described, system, node)))
        except HardwareError as error:
            failures.append(error)
    return FoundCameras(cameras=tuple(cameras), failures=tuple(str(error) for error in failures))


def _look_at(system: System, address: str) -> FoundCamera:
    node = examine(system, address)
    if node is None:
        raise CameraUnavailable(camera=address, reason="it is not a video capture node")
    return _described(system, node)


def _described(system: System, node: Node) -> FoundCamera:
    try:
        with opened(system, node.path) as descriptor:
            controls = Board(system, descriptor, node.address).read()
    except OSError as error:
        raise camera_error(node.address, "reading its controls", error) from error
    return FoundCamera(
        address=node.address,
        path=node.path,
        name=node.name,
        driver=node.driver,
        formats=node.formats,
        controls=controls,
    )
