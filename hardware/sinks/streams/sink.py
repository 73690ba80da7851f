"""Sends a stream to somebody, and goes on when that fails: a bounded queue and a thread of its own."""

import logging
import threading
import time
from typing import Literal

from hardware.errors import HardwareError
from hardware.models import Granted, Packet, SinkEnded, SinkProgress, SinkStarted, StreamOrder, StreamReport
from hardware.pipeline.backlog import Backlog
from hardware.pipeline.plan import wish_of
from hardware.pipeline.stream import Stream
from hardware.sinks.base import NS, SinkPorts
from hardware.sinks.streams.hiding import Hiding
from hardware.sinks.streams.link import Link, LinkLost, Shape, Unit
from hardware.sinks.streams.links import WAYS
from hardware.sinks.streams.muxing import CLOCK
from hardware.sinks.streams.parametersets import parameter_sets
from hardware.sinks.streams.supervision import Supervision
from hardware.sinks.streams.tally import Tally

log = logging.getLogger(__name__)

LONGEST_LAG_NS = 2 * NS
"""How far a stream may fall behind before it skips to the newest key frame."""

_BACKLOG_BYTES = 16 << 20
_LOOK_EVERY = 0.1
_REPORT_EVERY = 1.0
_GOODBYE = 1.0
"""Seconds that a connection has to say goodbye."""


class StreamSink:
    """A stream of any kind. Nothing that the network does makes anybody else wait.

    Each connection starts at a key frame, with times from 0. It ends when it is stopped, or `duration_seconds` of
    capture time after the first frame that went through.
    """

    def __init__(self, order: StreamOrder, ports: SinkPorts) -> None:
        self._order = order
        self._ports = ports
        self._way = WAYS[order.kind]
        self._hiding = Hiding("" if order.kind == "hls" else order.url, order.label, order.token)
        self._backlog = Backlog(_BACKLOG_BYTES)
        self._line = Supervision()
        self._tally = Tally()
        self._link: Link | None = None
        self._shape: Shape | None = None
        self._parameter_sets = b""
        self._stream: Stream | None = None
        self._newest: Packet | None = None
        self._first_ns = 0
        self._last_tick = -1
        self._needs_key = True
        self._started = False
        self._end_ns: int | None = None
        self._outcome: Literal["stopped", "duration"] = "duration"
        self._stopped = threading.Event()
        self._notes: list[str] = []
        self._reported = 0.0
        self._thread = threading.Thread(target=self._run, name="stream", daemon=True)

    def attach(self, *, at_next_open: bool) -> None:
        """See `Sink`."""
        order = self._order
        wish = wish_of(order, self._way.takes)
        since_ns = order.requested_mono_ns
        self._ports.router.add(order.sink_id, wish, self, self.inform, since_ns, at_next_open=at_next_open)

    def start(self) -> None:
        """Starts the thread that sends."""
        self._thread.start()

    def renew(self, stream: Stream) -> None:
        """See `PacketSink`."""
        self._backlog.put(stream)

    def offer(self, packet: Packet) -> None:
        """See `PacketSink`."""
        self._backlog.put(packet)

    def inform(self, notes: tuple[str, ...]) -> None:
        """Adds notes for people, each once."""
        self._notes.extend(note for note in notes if note not in self._notes)

    def finish(self, end_ns: int, grace: float) -> None:  # noqa: ARG002 - what was not sent by now is not missed
        """Ends it at once: what a stream has not sent by now is not worth waiting for."""
        self._stopped.set()
        self._backlog.nudge()

    def join(self, timeout: float) -> bool:
        """See `Sink`."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        error: HardwareError | None = None
        try:
            self._way.check(self._order)
            self._connect()
            while not self._is_over():
                self._step()
        except HardwareError as failure:
            error = failure
            log.warning("stream to %s: %s", self._order.label, failure)
        self._drop_link(_GOODBYE if self._line.state == "live" else 0)
        self._ports.router.remove(self._order.sink_id)
        self._way.tidy(self._order)
        if self._started:
            error = self._note("end") or error
        self._ports.report(self._ended(error))
        self._ports.done(self._order.sink_id)

    def _is_over(self) -> bool:
        if self._stopped.is_set():
            self._outcome = "stopped"
            return True
        late = self._end_ns is not None and time.monotonic_ns() >= self._end_ns + NS  # the camera may have stopped
        return late or (self._end_ns is not None and self._newest is not None and self._newest.mono_ns >= self._end_ns)

    def _step(self) -> None:
        """Looks how the connection is and gives it the next picture, or waits a moment for one."""
        try:
            self._look()
            if self._link is not None and not self._link.has_room:
                self._link.wait(_LOOK_EVERY)
                return
            item = self._backlog.get(_LOOK_EVERY)
            if isinstance(item, Stream):
                self._stream = item
                self._newest = None
                self._needs_key = True
                self.inform((item.note,) if item.note else ())
            elif item is not None:
                self._take(item)
        except TimeoutError:
            pass
        except LinkLost as lost:
            self._fail(str(lost))

    def _look(self) -> None:
        """What has gone through, what takes too long, whether it is time to connect again. Raises LinkLost."""
        now = time.monotonic()
        if self._link is not None and self._tally.gone_through(self._link.sent()):
            self._note_delivery(now)
        overdue = self._line.overdue(now, waits=self._tally.under_way > 0)
        if overdue and self._link is not None:
            raise LinkLost(overdue)
        if self._line.is_due(now):
            self._connect()
        if self._line.state == "live" and now - self._reported >= _REPORT_EVERY:
            self._report(self._tally.bitrate(now))

    def _take(self, packet: Packet) -> None:
        """Gives the packet to the connection; the first key frame makes one. Raises LinkLost."""
        if self._newest is not None:
            self._tally.dropped += max(0, packet.sequence - self._newest.sequence - 1)
        self._newest = packet
        if self._end_ns is not None and packet.mono_ns >= self._end_ns:
            return
        if self._link is not None and self._backlog.waiting_since(packet.mono_ns) > LONGEST_LAG_NS:
            self._needs_key = self._backlog.skip_to_newest_key() or self._needs_key
        if packet.key:
            self._parameter_sets = parameter_sets(packet.codec, packet.data) or self._parameter_sets
            self._make_link(packet)
            self._needs_key = False
        if self._link is None or self._needs_key:
            self._tally.dropped += 1
            return
        self._send(packet, self._link)

    def _make_link(self, packet: Packet) -> None:
        """A connection for what the camera delivers now, when there is none and one is wanted."""
        rate = self._stream.format.rate if self._stream else 0.0
        shape = Shape(packet.codec, packet.width, packet.height, rate, self._parameter_sets)
        if self._link is not None and shape != self._shape:
            self._drop_link(_GOODBYE)
            self._line = self._line.changed(time.monotonic())
            self._report()
        if self._link is None and self._line.state == "connecting":
            if not self._parameter_sets:
                raise LinkLost("the camera's key frames come without parameter sets: see repeat_sequence_header")
            self._tally.connected()
            self._shape, self._first_ns, self._last_tick = shape, packet.mono_ns, -1
            self._line = self._line.begun(time.monotonic())
            self._link = self._way.connect(self._order, shape)

    def _send(self, packet: Packet, link: Link) -> None:
        tick = max(self._last_tick + 1, (packet.mono_ns - self._first_ns) * CLOCK // NS)
        data = packet.data
        if packet.key and not parameter_sets(packet.codec, data):
            data = self._parameter_sets + data
        self._last_tick = tick
        if not self._tally.under_way:
            self._line = self._line.waits(time.monotonic())
        self._tally.given(packet.mono_ns, len(data))
        link.send(Unit(data, tick, packet.key))

    def _note_delivery(self, now: float) -> None:
        was = self._line.state
        self._line = self._line.delivered(now)
        if not self._started and self._shape is not None:
            self._begin(self._shape)
        if was != "live":
            log.info("stream to %s: live", self._order.label)
            self._tally.start_rate(now)
            self._report()

    def _begin(self, shape: Shape) -> None:
        """The first frame has gone through. Raises HardwareError where the source's journal fails."""
        self._started = True
        if self._order.duration_seconds > 0:
            self._end_ns = self._first_ns + round(self._order.duration_seconds * NS)
        if error := self._note("start"):
            raise error
        stream = self._stream
        granted = Granted(
            codec=shape.codec,
            width=shape.width,
            height=shape.height,
            rate=shape.rate,
            encoded=stream is not None and stream.encoded,
            encoder=stream.encoder if stream else "",
            notes=tuple(self._notes),
        )
        started = SinkStarted(sink_id=self._order.sink_id, first_mono_ns=self._first_ns, granted=granted)
        self._ports.report(started)

    def _connect(self) -> None:
        self._line = self._line.connect(time.monotonic())
        self._report()

    def _fail(self, text: str) -> None:
        reason = self._hiding.reason(text)
        self._line = self._line.failed(time.monotonic(), reason)
        level = logging.WARNING if self._line.failures == 1 else logging.DEBUG
        log.log(level, "stream to %s: %s; it is tried again", self._order.label, reason)
        self._drop_link(0)
        self._report()

    def _drop_link(self, goodbye: float) -> None:
        link, self._link = self._link, None
        if link is not None:
            self._tally.gone_through(link.close(goodbye))
        self._tally.connected()
        self._needs_key = True

    def _report(self, bitrate: int = 0) -> None:
        """Tells the state, and how much has gone through."""
        self._reported = time.monotonic()
        line, tally, sink_id = self._line, self._tally, self._order.sink_id
        self._ports.report(
            StreamReport(
                sink_id=sink_id,
                state=line.state,
                reason=line.reason,
                attempts=line.attempts,
                bitrate=bitrate,
                dropped=tally.dropped,
            )
        )
        if self._started:
            self._ports.report(
                SinkProgress(
                    sink_id=sink_id,
                    seconds=tally.seconds,
                    frames=tally.frames,
                    size=tally.size,
                    dropped=tally.dropped,
                )
            )

    def _note(self, what: str) -> HardwareError | None:
        """For the source's journal."""
        try:
            self._ports.note(self._order.consumer, what)
        except HardwareError as error:
            return error
        return None

    def _ended(self, error: HardwareError | None) -> SinkEnded:
        return SinkEnded(
            sink_id=self._order.sink_id,
            outcome="failed" if error else self._outcome,
            seconds=self._tally.seconds,
            frames=self._tally.frames,
            dropped=self._tally.dropped,
            notes=tuple(self._notes),
            error=error.code if error else "",
            message=str(error) if error else "",
        )
