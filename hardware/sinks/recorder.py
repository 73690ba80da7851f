"""Records a stream into segments: a bounded queue and a writer thread of its own."""

import contextlib
import logging
import threading
import time
from datetime import UTC, datetime
from typing import Literal

from hardware.audio.track import SoundTrack
from hardware.containers.table import CONTAINERS
from hardware.errors import HardwareError
from hardware.models import Adjusted, Granted, Packet, RecordingOrder, SinkEnded, SinkStarted
from hardware.pipeline.adjusting import Wanting
from hardware.pipeline.backlog import Backlog, Item
from hardware.pipeline.plan import wish_of
from hardware.pipeline.stream import Stream
from hardware.sinks.base import NS, SinkPorts
from hardware.sinks.cutting import pre_roll_note, pre_roll_seconds
from hardware.sinks.reel import Reel

log = logging.getLogger(__name__)

_PROGRESS_NS = NS

END_GRACE = 1.0
"""Seconds without anything new after which a recording past its end stops waiting for frames still under way."""

_FIRST_GRACE = 10.0
"""The same before its first frame, once the camera delivers: an encoder is loaded then, or tried in vain."""

_HANDFUL = 0.25
"""Seconds of pictures that are taken together: to wake up for each would cost as much again as to write it. With what
goes together in a container a kill costs a second."""

_SOUND_PATIENCE = 1.0
"""Seconds that the first frame waits for the microphone to be opened."""


class Recorder:
    """A recording sink.

    Starts at the first key frame it is offered, opens a new segment when the stream changes and at key frames after
    `segment_seconds`, ends by capture time: no frame of `end` or later is in it. A failure of storage ends it; what was
    written stays a clip.

    Frames that were lost are counted and the ones after them written, also those of H.264 that build on a lost one: a
    decoder mends what it can up to the next key frame, while what is left out here nobody could mend.
    """

    def __init__(self, order: RecordingOrder, ports: SinkPorts) -> None:
        self._order = order
        self._ports = ports
        self._container = CONTAINERS[order.container]
        self._backlog = Backlog()
        self._notes: list[str] = []
        self._sound = self._listen()
        self._reel = Reel(order, ports, self._sound)
        self._adjusted = Adjusted()
        self._stream: Stream | None = None
        self._granted: Granted | None = None
        self._newest: Packet | None = None
        self._first: Packet | None = None
        self._group_told = False
        self._fed = False
        self._end_ns: int | None = None
        self._outcome: Literal["stopped", "duration"] = "duration"
        self._grace_ns = round(END_GRACE * NS)
        self._reported_ns = 0
        self._heard_ns = time.monotonic_ns()
        self._wake = threading.Lock()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="record", daemon=True)

    def attach(self, *, at_next_open: bool) -> None:
        """See `Sink`."""
        order = self._order
        self._ports.adjust(order.sink_id, Wanting(order.adjustment, self._note_adjusted))
        self._ports.router.add(
            order.sink_id,
            wish_of(order, self._container.takes),
            self,
            self._connected,
            order.from_mono_ns,
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

    def _connected(self, notes: tuple[str, ...]) -> None:
        self._fed = True
        self.inform(notes)

    def inform(self, notes: tuple[str, ...]) -> None:
        """Adds notes for people, each once; before the packets that they are about."""
        self._notes.extend(note for note in notes if note not in self._notes)

    def _note_adjusted(self, adjusted: Adjusted, _settled_ns: int) -> None:
        self._adjusted = adjusted

    def _all_notes(self) -> tuple[str, ...]:
        """With what the camera did not do of the order's adjustment; its encoder does not matter when we encode."""
        ours = self._order.adjustment.encoder if self._stream and self._stream.encoded else {}
        unmet = {name: why for name, why in self._adjusted.unmet.items() if name not in ours}
        return (*self._notes, *Adjusted(unmet=unmet).notes_on(self._order.adjustment))

    def finish(self, end_ns: int, grace: float = END_GRACE) -> None:
        """Ends the recording with the last frame before `end_ns`; `grace` as END_GRACE."""
        with self._wake:
            if self._end_ns is None or end_ns < self._end_ns:
                self._end_ns, self._outcome = end_ns, "stopped"
            self._grace_ns = min(self._grace_ns, round(grace * NS))
        self._ending.set()
        self._backlog.nudge()

    def join(self, timeout: float) -> bool:
        """Waits for the writer thread; False when it still runs after `timeout` seconds."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _listen(self) -> SoundTrack | None:
        """The recording's sound; a note instead when there is none."""
        reason = ""
        if self._order.audio and self._order.lapse_seconds:
            reason = "a time-lapse has none"
        elif self._order.audio and self._ports.microphone is None:
            reason = "the camera has no microphone (setting `microphone`)"
        elif self._order.audio and self._ports.microphone is not None:
            return SoundTrack(self._ports.microphone, self._container)
        if reason:
            self.inform((f"recorded without sound: {reason}",))
        return None

    def _run(self) -> None:
        error: HardwareError | None = None
        try:
            self._reel.close(self._film())
        except HardwareError as failure:
            error = failure
            log.warning("recording %s: %s", self._order.sink_id, failure)
            self._reel.rescue()
        if self._sound is not None:
            self._sound.close()
        if self._first is not None:
            self._tell_pre_roll(self._first, group=0.0)
            error = self._note_end() or error
        self._ports.adjust(self._order.sink_id, None)
        self._ports.router.remove(self._order.sink_id)
        self._ports.report(self._ended(error))
        self._ports.done(self._order.sink_id)

    def _film(self) -> int | None:
        """Records to the end; answers when the last frame ended, None when no later frame told."""
        while True:
            try:
                item = self._next()
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

    def _next(self) -> Item:
        """What comes next, once the recording runs in handfuls. Raises TimeoutError as `Backlog.get`."""
        if self._first is not None:
            with contextlib.suppress(TimeoutError):
                return self._backlog.get(0)
            self._ending.wait(self._rest())
        return self._backlog.get(self._patience())

    def _rest(self) -> float:
        """Seconds until the next handful; the last one is not waited for."""
        with self._wake:
            left_ns = self._end_ns - time.monotonic_ns() if self._end_ns is not None else NS
        return max(0.0, min(_HANDFUL, left_ns / NS))

    def _patience(self) -> float | None:
        """Seconds to wait for the next item."""
        with self._wake:
            if self._end_ns is None:
                return None
            starting = self._fed and self._first is None and self._grace_ns == round(END_GRACE * NS)
            grace_ns = round(_FIRST_GRACE * NS) if starting else self._grace_ns
            return max(0.0, (max(self._end_ns, self._heard_ns) + grace_ns - time.monotonic_ns()) / NS)

    def _is_over(self, packet: Packet) -> bool:
        with self._wake:
            return self._end_ns is not None and packet.mono_ns >= self._end_ns

    def _change(self, stream: Stream) -> None:
        self._reel.close(None)
        self._newest = None
        self._granted = None
        self._stream = stream
        if stream.note:
            self.inform((stream.note,))

    def _take(self, packet: Packet) -> None:
        if self._newest is not None:
            if packet.mono_ns <= self._newest.mono_ns:
                return
            if not self._order.lapse_seconds:  # there frames are left out on purpose
                self._reel.count_dropped(max(0, packet.sequence - self._newest.sequence - 1))
        if not self._reel.is_open and not packet.key:
            return
        if self._first is None:
            self._begin(packet)
        elif packet.key:
            self._tell_pre_roll(self._first, group=(packet.mono_ns - self._first.mono_ns) / NS)
        self._granted = self._granted or self._grant(packet)
        self._reel.add(packet, self._granted, self._stream.note if self._stream else "")
        self._newest = packet
        self._tell_sound(packet)
        self._report_progress()

    def _begin(self, packet: Packet) -> None:
        """The first packet: the source is told before anything is written, and the end is known from here."""
        self._ports.note(self._order.consumer, "start")
        self._first = packet
        self._reported_ns = time.monotonic_ns()
        if self._order.duration_seconds > 0:
            first_ns = max(packet.mono_ns, self._order.requested_mono_ns)
            end_ns = first_ns + round(self._order.duration_seconds * NS)
            with self._wake:
                self._end_ns = end_ns if self._end_ns is None else min(end_ns, self._end_ns)
        if self._sound is not None:
            self._sound.await_first(_SOUND_PATIENCE)
        granted = self._grant(packet)
        self._ports.report(SinkStarted(sink_id=self._order.sink_id, first_mono_ns=packet.mono_ns, granted=granted))

    def _grant(self, packet: Packet) -> Granted:
        stream = self._stream
        first_ns = self._first.mono_ns if self._first else packet.mono_ns
        return Granted(
            codec=packet.codec,
            width=packet.width,
            height=packet.height,
            rate=stream.format.rate if stream else 0.0,
            encoded=stream is not None and stream.encoded,
            encoder=stream.encoder if stream else "",
            pre_roll_seconds=pre_roll_seconds(first_ns, self._order.requested_mono_ns),
            notes=self._all_notes(),
        )

    def _tell_pre_roll(self, first: Packet, *, group: float) -> None:
        """Once a group of pictures (seconds) is known: it is the grain of what can be achieved."""
        if not self._group_told:
            self._group_told = True
            achieved = pre_roll_seconds(first.mono_ns, self._order.requested_mono_ns)
            note = pre_roll_note(self._order.pre_roll_seconds, achieved, group)
            self.inform((note,) if note else ())

    def _tell_sound(self, packet: Packet) -> None:
        if self._sound is not None and (reason := self._sound.news()):
            clock = self._ports.clock.newest(self._order)
            moment = datetime.fromtimestamp((packet.mono_ns + clock.wall_offset_ns) / NS, UTC)
            self.inform((f"recorded without sound from {moment:%H:%M:%S} UTC: {reason}",))

    def _report_progress(self) -> None:
        now_ns = time.monotonic_ns()
        if now_ns - self._reported_ns >= _PROGRESS_NS:
            self._reported_ns = now_ns
            self._ports.report(self._reel.progress())

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
            seconds=self._reel.seconds,
            frames=self._reel.frames,
            dropped=self._reel.dropped,
            notes=self._all_notes(),
            error=error.code if error else "",
            message=str(error) if error else "",
        )
