"""No camera at all: for a device that only does what needs none."""

from typing import NoReturn

from hardware.camera import Source
from hardware.errors import CameraUnavailable
from hardware.models import BACKEND_NAMES, CameraInfo, CameraSpec, Format, Packet


class NullSource(Source):
    """Declares no formats and cannot be opened."""

    def __init__(self, spec: CameraSpec) -> None:
        self._spec = spec

    def probe(self) -> CameraInfo:
        """A camera without formats."""
        return CameraInfo(
            name=self._spec.name, backend="null", address="", live=False, formats=(), note="no camera is configured"
        )

    def open(self, wanted: Format | None) -> Format:  # noqa: ARG002 - nothing to grant
        """Always raises CameraUnavailable."""
        self._refuse()

    def read(self, timeout: float) -> Packet | None:  # noqa: ARG002 - nothing to wait for
        """Always raises CameraUnavailable."""
        self._refuse()

    def close(self) -> None:
        """Nothing to release."""

    def note(self, consumer: str, what: str) -> None:
        """Nothing to journal."""

    def _refuse(self) -> NoReturn:
        others = ", ".join(name for name in BACKEND_NAMES if name != "null")
        reason = f"its backend is 'null', which has no pictures; set one of {others}"
        raise CameraUnavailable(camera=self._spec.camera_id, reason=reason)
