"""Watches a camera: an analyser looks at small pictures, and what it sees is told."""

import importlib
import logging
import threading
from typing import TYPE_CHECKING

from hardware.models import Codec, Granted, Observation, SinkEnded, SinkStarted, WatchOrder
from hardware.pipeline.sampling import Sampler
from hardware.pipeline.stream import Stream
from hardware.pipeline.taker import Picture
from hardware.sinks.base import NS, SinkPorts
from hardware.vision import ANALYSERS, Analyser, Sighting

if TYPE_CHECKING:
    from types import ModuleType

    from hardware.vision.grey import Grey

log = logging.getLogger(__name__)


class Watcher:
    """A watch sink: it goes on until it is stopped, whatever becomes of the camera.

    It tells when something begins and ends, and once a second while it lasts.
    """

    def __init__(self, order: WatchOrder, ports: SinkPorts) -> None:
        self._order = order
        self._ports = ports
        self._sampler = Sampler(order.rate, order.width)
        self._first_ns = 0
        self._newest_ns = 0
        self._looks = 0
        self._active = False
        self._told_ns = 0
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def attach(self, *, at_next_open: bool) -> None:  # noqa: ARG002 - pictures of before are as good
        """See `Sink`."""
        self._ports.router.watch(self._order.sink_id, self._sampler)

    def start(self) -> None:
        """Starts the analyser's thread."""
        self._thread.start()

    def finish(self, end_ns: int, grace: float) -> None:  # noqa: ARG002 - what was not seen by now is not missed
        """No further look."""
        self._sampler.close()

    def join(self, timeout: float) -> bool:
        """Waits for the thread; False when it still runs after `timeout` seconds."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        analyser: Analyser | None = None
        while (item := self._sampler.fetch()) is not None:
            stream, picture = item
            analyser = analyser or ANALYSERS[self._order.analyser].create(self._order.options)
            self._look(analyser, stream, picture)
        self._ports.router.unwatch(self._order.sink_id)
        self._ports.report(
            SinkEnded(
                sink_id=self._order.sink_id,
                outcome="stopped",
                seconds=(self._newest_ns - self._first_ns) / NS,
                frames=self._looks,
                dropped=self._sampler.missed,
            )
        )
        self._ports.done(self._order.sink_id)

    def _look(self, analyser: Analyser, stream: Stream, picture: Picture) -> None:
        grey = self._grey(picture)
        if grey is None:
            return
        mono_ns = picture.packet.mono_ns
        if self._first_ns == 0:
            self._first_ns = mono_ns
            self._report_start(stream, grey.shape[1], grey.shape[0])
        self._newest_ns = mono_ns
        self._looks += 1
        self._tell(analyser.look(grey, mono_ns), mono_ns)

    def _grey(self, picture: Picture) -> "Grey | None":
        """None when it does not decode."""
        packet, frame, width = picture.packet, picture.frame, self._order.width
        if frame is not None and (frame.width >= min(width, packet.width) or packet.codec is not Codec.MJPEG):
            grey: Grey = _vision().grey_picture(frame, width)
            return grey
        decoded: Grey | None = _vision().grey_jpeg(packet.data, (packet.width, packet.height), width)
        return decoded

    def _report_start(self, stream: Stream, width: int, height: int) -> None:
        rate = min(self._order.rate, stream.format.rate)
        granted = Granted(codec=stream.format.codec, width=width, height=height, rate=rate, encoded=False)
        self._ports.report(SinkStarted(sink_id=self._order.sink_id, first_mono_ns=self._first_ns, granted=granted))

    def _tell(self, sighting: Sighting, mono_ns: int) -> None:
        lasts = sighting.active and mono_ns - self._told_ns >= NS
        if sighting.active == self._active and not lasts:
            return
        self._active, self._told_ns = sighting.active, mono_ns
        self._ports.report(
            Observation(
                sink_id=self._order.sink_id,
                mono_ns=mono_ns,
                kind=sighting.kind,
                active=sighting.active,
                value=sighting.value,
                boxes=sighting.boxes,
            )
        )


def _vision() -> "ModuleType":
    """hardware.vision.grey, loaded with the first picture: OpenCV costs 30 MB that others save."""
    return importlib.import_module("hardware.vision.grey")
