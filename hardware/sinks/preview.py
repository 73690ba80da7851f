"""Shows a camera: JPEGs to whoever looks, each on its way before the next comes."""

import logging
import threading

from hardware.models import Codec, Granted, Packet, PreviewOrder, SinkEnded, SinkStarted
from hardware.pipeline.plan import Wish
from hardware.pipeline.stream import Stream
from hardware.sinks.base import NS, SinkPorts
from hardware.sinks.jpeg import Jpeg, as_file
from hardware.v4l2.pictures import BrokenPicture, JpegRuler
from hardware.wire import LONGEST_JPEG

log = logging.getLogger(__name__)

TAKES = frozenset({Codec.MJPEG})


class Preview:
    """A preview sink. Whoever feeds it sends its pictures on, which takes no time; its thread tells start and end."""

    def __init__(self, order: PreviewOrder, ports: SinkPorts) -> None:
        self._order = order
        self._ports = ports
        self._measure = JpegRuler().measure
        self._notes: tuple[str, ...] = ()
        self._stream: Stream | None = None
        self._granted: Granted | None = None
        self._first_ns = 0
        self._newest_ns = 0
        self._shown = 0
        self._broken = 0
        self._news = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="preview", daemon=True)

    def attach(self, *, at_next_open: bool) -> None:
        """See `Sink`. Begins with the newest picture that there is."""
        order = self._order
        wish = Wish(takes=TAKES, width=order.width, rate=order.rate, shrinks=True, quality=order.quality)
        self._ports.router.add(
            order.sink_id, wish, self, self._inform, order.requested_mono_ns, at_next_open=at_next_open
        )

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def renew(self, stream: Stream) -> None:
        """See `PacketSink`."""
        self._stream = stream

    def offer(self, packet: Packet) -> None:
        """See `PacketSink`."""
        if self._over.is_set() or (self._order.once and packet.mono_ns < self._order.requested_mono_ns):
            return
        try:
            self._show(as_file(packet.data, self._measure), packet.mono_ns)
        except BrokenPicture as broken:
            self._broken += 1
            log.debug("picture %d is no whole JPEG: %s", packet.sequence, broken)

    def finish(self, end_ns: int, grace: float) -> None:  # noqa: ARG002 - what was not shown by now is not missed
        """No further picture."""
        self._over.set()
        self._news.set()

    def join(self, timeout: float) -> bool:
        """Waits for the thread; False when it still runs after `timeout` seconds."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _inform(self, notes: tuple[str, ...]) -> None:
        self._notes = notes

    def _show(self, jpeg: Jpeg, mono_ns: int) -> None:
        if len(jpeg.data) > LONGEST_JPEG:
            self._broken += 1
            return
        self._ports.picture(self._order.sink_id, mono_ns, jpeg.data)
        self._shown += 1
        self._newest_ns = mono_ns
        if self._granted is None:
            self._first_ns = mono_ns
            self._granted = self._grant(jpeg)
            self._news.set()
        if self._order.once:
            self._over.set()

    def _grant(self, jpeg: Jpeg) -> Granted:
        stream = self._stream
        return Granted(
            codec=Codec.MJPEG,
            width=jpeg.width,
            height=jpeg.height,
            rate=stream.format.rate if stream else 0,
            encoded=stream is not None and stream.encoded,
            notes=self._notes,
        )

    def _run(self) -> None:
        sink_id = self._order.sink_id
        self._news.wait()
        if self._granted is not None:
            self._ports.report(SinkStarted(sink_id=sink_id, first_mono_ns=self._first_ns, granted=self._granted))
        self._over.wait()
        self._ports.router.remove(sink_id)
        self._ports.report(
            SinkEnded(
                sink_id=sink_id,
                outcome="stopped",
                seconds=(self._newest_ns - self._first_ns) / NS,
                frames=self._shown,
                dropped=self._broken,
                notes=self._notes,
            )
        )
        self._ports.done(sink_id)
