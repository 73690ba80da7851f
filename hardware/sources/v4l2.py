"""A camera behind Video4Linux2: USB cameras, capture cards, sensors with a driver."""

from hardware.camera import Source
from hardware.errors import CameraUnavailable, HardwareError
from hardware.models import CameraInfo, CameraSpec, Format, Packet
from hardware.v4l2.device import Node, examine, survey
from hardware.v4l2.stream import CameraStream, open_stream
from hardware.v4l2.system import LinuxSystem, System


class V4l2Source(Source):
    """Implements `hardware.camera.Source`.

    The address is a node (`/dev/video0`), better its name below `/dev/v4l/by-id`; empty: the first camera that can be
    opened, looked for anew at each `open`. Broken frames are dropped and counted in `losses`; as `Packet.sequence`
    counts as the driver does, they show as gaps downstream like those that the driver missed.
    """

    def __init__(self, spec: CameraSpec, system: System | None = None) -> None:
        self._spec = spec
        self._system = system or LinuxSystem()
        self._stream: CameraStream | None = None
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
            note="; ".join(self._stream.notes) if self._stream else "",
        )

    def open(self, wanted: Format | None) -> Format:
        """See `Source.open`. `wanted` None: what the settings prefer, else the best by `choose_modes`."""
        self.close()
        failures: list[HardwareError] = []
        for node in self._candidates():
            try:
                self._stream = open_stream(self._system, node, wanted or self._spec.prefer, self._spec.camera_id)
            except HardwareError as error:
                failures.append(error)
                continue
            self._node = node
            return self._stream.format
        raise failures[0]

    def _candidates(self) -> tuple[Node, ...]:
        """The cameras to try: at least one. Raises CameraUnavailable, CameraBusy."""
        if self._spec.address:
            node = examine(self._system, self._spec.address, self._spec.camera_id)
            if node is None:
                raise self._unavailable(f"{self._spec.address} is not a video capture node")
            return (node,)
        found = survey(self._system)
        # A camera without a usable mode comes last: its refusal is reported only if there is no other.
        cameras = sorted(found.cameras, key=lambda node: not node.modes)
        if not cameras:
            raise found.failures[0] if found.failures else self._unavailable("no camera found")
        return tuple(cameras)

    def read(self, timeout: float) -> Packet | None:
        """See `Source.read`. Raises CameraUnavailable also when nothing but broken frames arrives."""
        if self._stream is None:
            raise self._unavailable("it is not open")
        return self._stream.read(timeout)

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def note(self, consumer: str, what: str) -> None:
        """A real camera keeps no journal."""

    def _unavailable(self, reason: str) -> CameraUnavailable:
        return CameraUnavailable(camera=self._spec.camera_id, reason=reason)
