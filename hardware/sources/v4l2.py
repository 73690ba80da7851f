"""A camera behind Video4Linux2: USB cameras, capture cards, sensors with a driver."""

import logging
from contextlib import suppress
from functools import partial
from pathlib import Path

from hardware.camera import Source
from hardware.errors import CameraUnavailable, HardwareError
from hardware.models import Adjusted, Adjustment, CameraInfo, CameraSpec, Format, Packet
from hardware.v4l2.adjuster import Adjuster
from hardware.v4l2.controls import Board
from hardware.v4l2.device import Node, examine
from hardware.v4l2.looking import Looker
from hardware.v4l2.stream import CameraStream, open_stream
from hardware.v4l2.system import LinuxSystem, System
from hardware.v4l2.undo import Undo

log = logging.getLogger(__name__)


class V4l2Source(Source):
    """Implements `hardware.camera.Source`.

    The address is a node (`/dev/video0`), better its name below `/dev/v4l/by-id`; empty: the first camera that can be
    opened, looked for anew at each `open`. Broken frames are dropped and counted in `losses`; as `Packet.sequence`
    counts as the driver does, they show as gaps downstream like those that the driver missed.
    """

    def __init__(self, spec: CameraSpec, system: System | None = None) -> None:
        self._spec = spec
        self._system = system or LinuxSystem()
        self._looker = Looker(self._system)
        self._stream: CameraStream | None = None
        self._descriptor = -1
        self._board: Board | None = None
        self._adjuster: Adjuster | None = None
        self._undo = Undo(None, "")
        self._unset: dict[str, str] = {}
        self._node: Node | None = None

    @property
    def losses(self) -> dict[str, int]:
        """See `CameraStream.losses`; empty while it is not open."""
        return self._stream.losses if self._stream else {}

    def probe(self) -> CameraInfo:
        """The open camera with what is to be said about it, else the one that `open` would try first."""
        node = self._node if self._node and self._stream else self._candidates()[0]
        return CameraInfo(
            name=node.name,
            backend="v4l2",
            address=node.address,
            live=True,
            formats=node.formats,
            note="; ".join(self._notes()) if self._stream else "",
        )

    def _notes(self) -> list[str]:
        unset = [f"control {name} is not set: {reason}" for name, reason in self._unset.items()]
        return [*(self._stream.notes if self._stream else ()), *unset, *self._looker.complaints]

    def open(self, wanted: Format | None) -> Format:
        """See `Source.open`. `wanted` None: what the settings prefer, else the best by `choose_modes`."""
        self.close()
        failures: list[HardwareError] = []
        for node in self._candidates():
            try:
                self._stream = open_stream(
                    self._system,
                    node,
                    wanted or self._spec.prefer,
                    self._spec.camera_id,
                    partial(self._prepare, node),
                )
            except HardwareError as error:
                failures.append(error)
                continue
            self._node = node
            return self._stream.format
        raise failures[0]

    def _prepare(self, node: Node, descriptor: int) -> None:
        """Sets back what a killed host left adjusted, and applies the settings' controls.

        Those of the camera are asked for only when somebody has use for them.
        """
        self._descriptor = descriptor
        self._board = None
        self._adjuster = None
        file = Path(self._spec.undo_file) if self._spec.undo_file else None
        self._undo = Undo(file, f"{node.name} at {node.address}")
        if self._undo.kept:
            log.info("camera %s: set back after a kill: %s", self._spec.camera_id, ", ".join(self._undo.kept))
            Adjuster(self._controls(), self._undo).restore()
        self._unset = self._controls().set(self._spec.controls) if self._spec.controls else {}

    def _controls(self) -> Board:
        if self._board is None:
            self._board = Board(self._system, self._descriptor, self._spec.camera_id)
        return self._board

    def _candidates(self) -> tuple[Node, ...]:
        """The cameras to try: at least one. Raises CameraUnavailable, CameraBusy."""
        if self._spec.address:
            node = examine(self._system, self._spec.address, self._spec.camera_id)
            if node is None:
                raise self._unavailable(f"{self._spec.address} is not a video capture node")
            return (node,)
        found = self._looker.survey()
        # A camera without a usable mode comes last: its refusal is reported only if there is no other.
        cameras = sorted(found.cameras, key=lambda node: not node.modes)
        if not cameras:
            raise found.failures[0] if found.failures else self._unavailable("no camera found")
        return tuple(cameras)

    @property
    def patience(self) -> float:
        """See `Source.patience`."""
        return self._stream.patience if self._stream else 0.0

    def read(self, timeout: float) -> Packet | None:
        """See `Source.read`. Raises CameraUnavailable also when nothing but broken frames arrives."""
        if self._stream is None:
            raise self._unavailable("it is not open")
        return self._stream.read(timeout, self.gathering)

    def adjust(self, wanted: Adjustment) -> Adjusted:
        """See `Source.adjust`."""
        if self._stream is None:
            raise self._unavailable("it is not open")
        if self._adjuster is None:
            if not wanted.asked():
                return Adjusted()
            self._adjuster = Adjuster(self._controls(), self._undo)
        return self._adjuster.adjust(wanted)

    def close(self) -> None:
        """See `Source.close`. What was adjusted is set back before."""
        if self._stream is None:
            return
        try:
            if self._adjuster is not None:
                with suppress(HardwareError):  # a camera that is gone forgets by itself
                    self._adjuster.restore()
        finally:
            self._stream.close()
            self._stream = self._adjuster = None

    def note(self, consumer: str, what: str) -> None:
        """A real camera keeps no journal."""

    def _unavailable(self, reason: str) -> CameraUnavailable:
        return CameraUnavailable(camera=self._spec.camera_id, reason=reason)
