"""Records a stream into segments: a bounded queue and a writer thread of its own."""

import logging
import threading
import time
from pathlib import Path
from typing import Literal

from hardware.boot import boot_id
from hardware.errors import HardwareError
from hardware.models import (
    ClipFile,
    Codec,
    Granted,
    Packet,
    RecordingOrder,
    SegmentClosed,
    SinkEnded,
    SinkProgress,
    SinkStarted,
)
from hardware.pipeline.backlog import Backlog
from hardware.pipeline.plan import wish_of
from hardware.pipeline.stream import Stream
from hardware.sinks.base import SinkPorts
from hardware.sinks.segment import Segment

log = logging.getLogger(__name__)

_NS = 1_000_000_000
_PROGRESS_NS = _NS // 2

END_GRACE = 1.0
"""Seconds without anything new after which a recording past its end stops waiting for frames still under way."""


TAKES = frozenset({Codec.H264, Codec.HEVC, Codec.MJPEG})
"""What fits into its files undecoded."""


class Recorder:
    """A recording sink.

    Starts at the first key frame it is offered, opens a new segment when the stream changes and at key frames after
    `segment_seconds`, ends by capture time: no frame of `end` or later is in it. A failure of storage ends it; what was
    written stays a clip.
    """

    def __init__(self, order: RecordingOrder, ports: SinkPorts) -> None:
        self._order = order
        self._ports = ports
        self._backlog = Backlog()
        self._stream: Stream | None = None
        self._segment: Segment | None = None
        self._index = order.first_index
        self._newest: Packet | None = None
        self._started = False
        self._end_ns: int | None = None
        self._outcome: Literal["stopped", "duration"] = "duration"
        self._grace_ns = round(END_GRACE * _NS)
        self._notes: list[str] = []
        self._seconds = 0.0
        self._frames = 0
        self._size = 0
        self._dropped = 0
        self._closed_dropped = 0
        self._reported_ns = 0
        self._heard_ns = time.monotonic_ns()
        self._wake = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="record", daemon=True)

    def attach(self, *, at_next_open: bool) -> None:
        """See `Sink`."""
        order = self._order
        self._ports.router.add(
            order.sink_id,
            wish_of(order, TAKES),
            self,
            self.inform,
            order.requested_mono_ns,
            at_next_open=at_next_open,
        )

    def start(self) -> None:
        """Starts the writer thread."""
        self._thread.start()

    def renew(self, stream: Stream) -> None:
        """See `PacketSink`."""
        self._backlog.put(stream)

    def offer(self, packet: Packet) -> None:
        """See `PacketSink`."""
        self._backlog.put(packet)

    def inform(self, notes: tuple[str, ...]) -> None:
        """Adds notes for people, each once; before the packets that they are about."""
        self._notes.extend(note for note in notes if note not in self._notes)

    def finish(self, end_ns: int, grace: float = END_GRACE) -> None:
        """Ends the recording with the last frame before `end_ns`; `grace` as END_GRACE."""
        with self._wake:
            if self._end_ns is None or end_ns < self._end_ns:
                self._end_ns, self._outcome = end_ns, "stopped"
            self._grace_ns = min(self._grace_ns, round(grace * _NS))
        self._backlog.nudge()

    def join(self, timeout: float) -> bool:
        """Waits for the writer thread; False when it still runs after `timeout` seconds."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        error: HardwareError | None = None
        try:
            self._close_segment(self._film())
        except HardwareError as failure:
            error = failure
            log.warning("recording %s: %s", self._order.sink_id, failure)
            self._rescue()
        if self._started:
            error = self._note_end() or error
        self._ports.router.remove(self._order.sink_id)
        self._ports.report(self._ended(error))
        self._ports.done(self._order.sink_id)

    def _film(self) -> int | None:
        """Records to the end; answers when the last frame ended, None when no later frame told."""
        while True:
            try:
                item = self._backlog.get(self._patience())
            except TimeoutError:
                if self._patience() == 0.0:
                    return None
                continue
            self._heard_ns = time.monotonic_ns()
            if isinstance(item, Stream):
                self._change(item)
            elif item is None or self._is_over(item):
                return self._end_ns
            else:
                self._take(item)

    def _patience(self) -> float | None:
        """Seconds to wait for the next item."""
        with self._wake:
            if self._end_ns is None:
                return None
            return max(0.0, (max(self._end_ns, self._heard_ns) + self._grace_ns - time.monotonic_ns()) / _NS)

    def _is_over(self, packet: Packet) -> bool:
        with self._wake:
            return self._end_ns is not None and packet.mono_ns >= self._end_ns

    def _change(self, stream: Stream) -> None:
        self._close_segment(None)
        self._newest = None
        self._stream = stream
        if stream.note:
            self.inform((stream.note,))

    def _take(self, packet: Packet) -> None:
        if self._newest is not None:
            if packet.mono_ns <= self._newest.mono_ns:
                return
            self._dropped += max(0, packet.sequence - self._newest.sequence - 1)
        if self._segment is None and not packet.key:
            return
        if not self._started:
            self._begin(packet)
        if self._segment is not None and packet.key and self._is_long_enough(self._segment, packet):
            self._close_segment(packet.mono_ns)
        if self._segment is None:
            self._segment = self._open_segment(packet)
        self._segment.add(packet)
        self._newest = packet
        self._report_progress()

    def _begin(self, packet: Packet) -> None:
        """The first packet: the source is told before anything is written, and the end is known from here."""
        self._ports.note(self._order.consumer, "start")
        self._started = True
        self._reported_ns = time.monotonic_ns()
        if self._order.duration_seconds > 0:
            first_ns = max(packet.mono_ns, self._order.requested_mono_ns)
            end_ns = first_ns + round(self._order.duration_seconds * _NS)
            with self._wake:
                self._end_ns = end_ns if self._end_ns is None else min(end_ns, self._end_ns)
        granted = self._granted(packet)
        self._ports.report(SinkStarted(sink_id=self._order.sink_id, first_mono_ns=packet.mono_ns, granted=granted))

    def _granted(self, packet: Packet) -> Granted:
        stream = self._stream
        return Granted(
            codec=packet.codec,
            width=packet.width,
            height=packet.height,
            rate=stream.format.rate if stream else 0.0,
            encoded=stream is not None and stream.encoded,
            notes=tuple(self._notes),
        )

    def _is_long_enough(self, segment: Segment, packet: Packet) -> bool:
        limit_ns = round(self._order.segment_seconds * _NS)
        return limit_ns > 0 and segment.age_ns(packet.mono_ns) >= limit_ns

    def _open_segment(self, packet: Packet) -> Segment:
        granted = self._granted(packet)
        while True:
            path = Path(self._order.folder) / f"{self._order.stem}-{self._index}.mp4"
            clip = ClipFile(
                file=path.name,
                index=self._index,
                codec=granted.codec,
                width=granted.width,
                height=granted.height,
                rate=granted.rate,
                encoded=granted.encoded,
                first_mono_ns=packet.mono_ns,
                start_wall_ns=packet.mono_ns + self._order.wall_offset_ns,
                clock_quality=self._order.clock_quality,
                boot_id=boot_id(),
                note=self._stream.note if self._stream else "",
                context=self._order.context,
            )
            self._index += 1
            try:
                return Segment(path, clip, self._ports.syncer)
            except FileExistsError:
                log.warning("%s is there already: the next index is taken", path.name)

    def _close_segment(self, until_ns: int | None) -> None:
        if self._segment is None:
            return
        clip = self._segment.close(until_ns, self._dropped - self._closed_dropped)
        self._segment = None
        self._report_closed(clip)

    def _rescue(self) -> None:
        if self._segment is None:
            return
        clip = self._segment.rescue(self._dropped - self._closed_dropped)
        self._segment = None
        if clip is not None:
            self._report_closed(clip)

    def _report_closed(self, clip: ClipFile) -> None:
        self._closed_dropped = self._dropped
        self._seconds += clip.seconds
        self._frames += clip.frames
        self._size += clip.size
        self._ports.report(SegmentClosed(sink_id=self._order.sink_id, clip=clip))

    def _report_progress(self) -> None:
        now_ns = time.monotonic_ns()
        if now_ns - self._reported_ns < _PROGRESS_NS or self._segment is None:
            return
        self._reported_ns = now_ns
        self._ports.report(
            SinkProgress(
                sink_id=self._order.sink_id,
                seconds=self._seconds + self._segment.seconds,
                frames=self._frames + self._segment.frames,
                size=self._size + self._segment.size,
                dropped=self._dropped,
            )
        )

    def _note_end(self) -> HardwareError | None:
        try:
            self._ports.note(self._order.consumer, "end")
        except HardwareError as error:
            return error
        return None

    def _ended(self, error: HardwareError | None) -> SinkEnded:
        return SinkEnded(
            sink_id=self._order.sink_id,
            outcome="failed" if error else self._outcome,
            seconds=self._seconds,
            frames=self._frames,
            dropped=self._dropped,
            notes=tuple(self._notes),
            error=error.code if error else "",
            message=str(error) if error else "",
        )
