"""Watches a camera: an analyser looks at small pictures, and what it sees is told."""

import importlib
import logging
import threading
from typing import TYPE_CHECKING

from hardware.errors import AnalyserFailed, HardwareError
from hardware.models import Codec, Granted, Observation, SinkEnded, SinkStarted, WatchOrder
from hardware.pipeline.sampling import Sampler
from hardware.pipeline.stream import Stream
from hardware.pipeline.taker import Picture
from hardware.sinks.base import NS, SinkPorts
from hardware.sinks.jpeg import as_file
from hardware.v4l2.pictures import BrokenPicture
from hardware.vision import ANALYSERS, Analyser, Sighting, task_of
from hardware.vision.telling import Teller
from hardware.wire import LONGEST_SEEN_JPEG

if TYPE_CHECKING:
    from types import ModuleType

    from hardware.vision.grey import Pixels

log = logging.getLogger(__name__)


class Watcher:
    """A watch sink: it goes on until it is stopped, whatever becomes of the camera, or its analyser fails.

    It tells when something begins, changes and ends, and once a second while it lasts.
    """

    def __init__(self, order: WatchOrder, ports: SinkPorts) -> None:
        entry = ANALYSERS[order.analyser]
        self._order = order
        self._ports = ports
        self._colour = entry.colour
        self._width, self._rate = order.width or entry.width, order.rate or entry.rate
        self._sampler = Sampler(self._rate, self._width)
        self._first_ns = 0
        self._newest_ns = 0
        self._looks = 0
        self._teller = Teller()
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
        failure: HardwareError | None = None
        try:
            self._watch()
        except HardwareError as error:
            failure = error
        except Exception as error:  # boundary: an analyser and its libraries; the camera's other sinks go on
            log.exception("analyser %s failed", self._order.analyser)
            failure = AnalyserFailed(analyser=self._order.analyser, reason=type(error).__name__)
        self._ports.router.unwatch(self._order.sink_id)
        self._ports.report(
            SinkEnded(
                sink_id=self._order.sink_id,
                outcome="failed" if failure else "stopped",
                seconds=(self._newest_ns - self._first_ns) / NS,
                frames=self._looks,
                dropped=self._sampler.missed,
                error=failure.code if failure else "",
                message=str(failure) if failure else "",
            )
        )
        self._ports.done(self._order.sink_id)

    def _watch(self) -> None:
        analyser: Analyser | None = None
        while (item := self._sampler.fetch()) is not None:
            stream, picture = item
            analyser = analyser or ANALYSERS[self._order.analyser].create(task_of(self._order))
            self._look(analyser, stream, picture)

    def _look(self, analyser: Analyser, stream: Stream, picture: Picture) -> None:
        pixels = self._pixels(picture, self._width, self._colour)
        if pixels is None:
            return
        mono_ns = picture.packet.mono_ns
        if self._first_ns == 0:
            self._first_ns = mono_ns
            self._report_start(stream, pixels.shape[1], pixels.shape[0])
        self._newest_ns = mono_ns
        self._looks += 1
        jpeg: bytes | None = None
        for seen, pictured in self._teller.news(analyser.look(pixels, mono_ns), mono_ns):
            if pictured and jpeg is None:
                jpeg = self._jpeg(picture)
            self._report(seen, mono_ns, jpeg or b"" if pictured else b"")

    def _pixels(self, picture: Picture, width: int, colour: bool) -> "Pixels | None":
        """None when it does not decode."""
        packet, frame = picture.packet, picture.frame
        pixels: Pixels | None
        if frame is not None and (frame.width >= min(width, packet.width) or packet.codec is not Codec.MJPEG):
            pixels = _colour().bgr_picture(frame, width) if colour else _grey().grey_picture(frame, width)
        else:
            decode = _colour().bgr_jpeg if colour else _grey().grey_jpeg
            pixels = decode(packet.data, (packet.width, packet.height), width)
        return pixels

    def _jpeg(self, picture: Picture) -> bytes:
        """For people: the camera's own, or a smaller one; empty when there is none."""
        packet = picture.packet
        if packet.codec is Codec.MJPEG and len(packet.data) <= LONGEST_SEEN_JPEG // 2:
            try:
                return as_file(packet.data).data
            except BrokenPicture as broken:
                log.debug("picture %d is no whole JPEG: %s", packet.sequence, broken)
                return b""
        colour = _colour()
        pixels = self._pixels(picture, colour.LONGEST_SIDE, True)
        jpeg: bytes = b"" if pixels is None else colour.small_jpeg(pixels, LONGEST_SEEN_JPEG)
        return jpeg

    def _report_start(self, stream: Stream, width: int, height: int) -> None:
        rate = min(self._rate, stream.format.rate)
        granted = Granted(codec=stream.format.codec, width=width, height=height, rate=rate, encoded=False)
        self._ports.report(SinkStarted(sink_id=self._order.sink_id, first_mono_ns=self._first_ns, granted=granted))

    def _report(self, seen: Sighting, mono_ns: int, jpeg: bytes) -> None:
        self._ports.report(
            Observation(
                sink_id=self._order.sink_id,
                mono_ns=mono_ns,
                kind=seen.kind,
                zone=seen.zone,
                active=seen.active,
                value=seen.value,
                boxes=seen.boxes,
                scores=seen.scores,
                attributes=dict(seen.attributes),
                jpeg=jpeg,
            )
        )


def _grey() -> "ModuleType":
    """hardware.vision.grey, loaded with the first picture: OpenCV costs 30 MB that others save."""
    return importlib.import_module("hardware.vision.grey")


def _colour() -> "ModuleType":
    """hardware.vision.colour, loaded with the first picture that is in colour or shown."""
    return importlib.import_module("hardware.vision.colour")
