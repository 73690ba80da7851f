"""The camera that is there: the first V4L2 one that really films, else the bundled footage, saying why."""

from collections.abc import Callable

from hardware.camera import Source
from hardware.errors import CameraStalled, CameraUnavailable, FormatUnsupported, HardwareError
from hardware.models import Adjusted, Adjustment, CameraInfo, CameraSpec, Format, Packet
from hardware.sources.file import FileSource
from hardware.sources.v4l2 import V4l2Source
from hardware.v4l2.device import CARRIED
from hardware.v4l2.looking import Looker
from hardware.v4l2.system import LinuxSystem, System

TRIAL_SECONDS = 3.0
"""How long a camera may take to its first frame before the next one is tried."""


class AutoSource(Source):
    """Implements `hardware.camera.Source` by one of two others, chosen at `open`.

    A camera is chosen when it delivers a frame within TRIAL_SECONDS. Once one was, here or in a host before this one
    (`CameraSpec.filmed`), footage never takes its place: if it is lost, `open` fails until a camera is back. An address
    in the settings limits the choice to that camera.
    """

    def __init__(
        self,
        spec: CameraSpec,
        system: System | None = None,
        footage: Callable[[CameraSpec], Source] = FileSource,
    ) -> None:
        self._spec = spec
        self._system = system or LinuxSystem()
        self._looker = Looker(self._system)
        self._footage = footage(spec.model_copy(update={"backend": "file", "address": ""}))
        self._chosen: Source | None = None
        self._latest: Source | None = None
        self._first: Packet | None = None
        self._failures: list[HardwareError] = []
        self._filmed = spec.filmed

    def probe(self) -> CameraInfo:
        """What `open` chose last; before it, what would be tried first (only a frame tells whether it films)."""
        if self._latest is not None:
            try:
                return self._describe(self._latest)
            except HardwareError:
                if self._chosen is not None:
                    raise
        addresses, failures = self._cameras()
        for address in addresses:
            try:
                return self._camera(address).probe()
            except HardwareError as error:
                failures.append(error)
        self._failures = failures
        self._refuse_footage_for_a_camera()
        return self._describe(self._footage)

    def _describe(self, source: Source) -> CameraInfo:
        info = source.probe()
        if source is not self._footage:
            return info.model_copy(update={"note": "; ".join(filter(None, (info.note, *self._looker.complaints)))})
        why = "; ".join(str(error) for error in self._failures) or "no camera found"
        return info.model_copy(update={"note": f"{info.note}, because: {why}"})

    def open(self, wanted: Format | None) -> Format:
        """See `Source.open`. Takes up to TRIAL_SECONDS for each camera that is silent."""
        self.close()
        addresses, self._failures = self._cameras()
        for address in addresses:
            try:
                return self._try(self._camera(address), wanted)
            except HardwareError as error:
                self._failures.append(error)
        self._refuse_footage_for_a_camera()
        granted = self._footage.open(wanted)
        self._chosen = self._latest = self._footage
        return granted

    def _refuse_footage_for_a_camera(self) -> None:
        if self._filmed:
            raise self._failures[0] if self._failures else self._gone()

    def _cameras(self) -> tuple[list[str], list[HardwareError]]:
        """Addresses of the cameras with a usable format, in order, and what is wrong with other nodes."""
        if self._spec.address:
            return [self._spec.address], []
        found = self._looker.survey()
        mute = [
            FormatUnsupported(camera=node.address, asked=CARRIED, reason="it has none of them")
            for node in found.cameras
            if not node.modes
        ]
        return [node.address for node in found.cameras if node.modes], [*found.failures, *mute]

    def _camera(self, address: str) -> V4l2Source:
        return V4l2Source(self._spec.model_copy(update={"backend": "v4l2", "address": address}), self._system)

    def _try(self, camera: V4l2Source, wanted: Format | None) -> Format:
        """Opens `camera` and keeps its first frame for `read`. Raises CameraStalled when it is silent."""
        granted = camera.open(wanted)
        try:
            self._first = camera.read(TRIAL_SECONDS)
            if self._first is None:
                raise CameraStalled(camera=self._spec.camera_id, seconds=TRIAL_SECONDS)
        except BaseException:  # boundary: the device is released, whatever went wrong
            camera.close()
            raise
        self._chosen = self._latest = camera
        self._filmed = True
        return granted

    @property
    def patience(self) -> float:
        return self._chosen.patience if self._chosen else 0.0

    def read(self, timeout: float) -> Packet | None:
        if self._chosen is None:
            raise self._gone()
        if self._first is not None:
            first, self._first = self._first, None
            return first
        return self._chosen.read(timeout)

    def adjust(self, wanted: Adjustment) -> Adjusted:
        if self._chosen is None:
            raise self._gone()
        return self._chosen.adjust(wanted)

    def close(self) -> None:
        self._first = None
        if self._chosen is not None:
            self._chosen.close()
            self._chosen = None

    def note(self, consumer: str, what: str) -> None:
        if self._chosen is not None:
            self._chosen.note(consumer, what)

    def _gone(self) -> CameraUnavailable:
        return CameraUnavailable(camera=self._spec.camera_id, reason="no camera found")
