"""The interface of a camera source: what the pipeline needs from whatever delivers pictures."""

from typing import Protocol

from hardware.models import Adjusted, Adjustment, CameraInfo, Format, Packet

NO_CONTROL = "this camera has no control for it"


class Source(Protocol):
    """One camera, owned by one host process and read by its capture thread only.

    A source declares what it can do (`probe`) and says what it granted (`open`). It never waits for sinks or sockets.
    """

    gathering: float = 0.0
    """Seconds for which `read` may go on taking frames from the driver before it answers the first of them.

    Those are answered by the next reads, also when the camera has gone meanwhile. Set by the reader; a source that has
    nothing to gain by it answers each at once.
    """

    @property
    def patience(self) -> float:
        """Seconds for which the open camera keeps its frames though nobody reads them; 0 when it may lose some."""
        return 0.0

    def probe(self) -> CameraInfo:
        """What the camera is and which formats it has, without starting it. Raises CameraUnavailable, CameraBusy."""
        ...

    def open(self, wanted: Format | None) -> Format:
        """Negotiates anew and starts delivery; answers what was granted. `wanted` None: the source's own best.

        Raises CameraUnavailable, CameraBusy, FormatUnsupported.
        """
        ...

    def read(self, timeout: float) -> Packet | None:
        """The next packet; None when none came within `timeout` seconds. Raises CameraUnavailable when it is gone."""
        ...

    def adjust(self, wanted: Adjustment) -> Adjusted:
        """Sets what the open camera has of `wanted`, in place of what was wanted before; a new open starts without any.

        Called by the reading thread, between two reads. A source without controls meets nothing.
        """
        return Adjusted(unmet=dict.fromkeys(wanted.asked(), NO_CONTROL))

    def close(self) -> None:
        """Stops delivery and releases the device; harmless when it is not open."""
        ...

    def note(self, consumer: str, what: str) -> None:
        """Told durably before (`start`) a sink of `consumer` gets its first packet and after (`end`) its last.

        Most sources do nothing; the file source keeps the journal that the kill tests use as their witness.
        """
        ...
