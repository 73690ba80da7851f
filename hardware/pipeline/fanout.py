"""One stream to any number of sinks, with the pre-roll that a new sink starts with."""

import threading
from collections.abc import Callable, Sequence

from hardware.models import Packet
from hardware.pipeline.ring import Ring
from hardware.pipeline.stream import PacketSink, Stream


class FanOut:
    """Hands each packet to all sinks, in the caller's thread. A new sink gets the ring first, without gap or repeat."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._lock = threading.Lock()
        self._sinks: list[PacketSink] = []
        self._stream: Stream | None = None

    @property
    def stream(self) -> Stream | None:
        """What flows; None before the first and after a `pause`."""
        return self._stream

    @property
    def idle(self) -> bool:
        """True without sinks."""
        return not self._sinks

    def renew(self, stream: Stream) -> None:
        """A stream begins: the ring is emptied, all sinks are told."""
        with self._lock:
            self._ring.clear()
            self._stream = stream
            for sink in self._sinks:
                sink.renew(stream)

    def pause(self) -> None:
        """The stream ended; sinks stay and wait for the next."""
        with self._lock:
            self._ring.clear()
            self._stream = None

    def offer(self, packet: Packet) -> None:
        """The next packet of the stream."""
        with self._lock:
            self._ring.append(packet)
            for sink in self._sinks:
                sink.offer(packet)

    def attach(self, sink: PacketSink, since_ns: int | None) -> None:
        """Adds `sink`. It starts at the last key frame at or before `since_ns` (CLOCK_MONOTONIC) that the ring has.

        `since_ns` None: with what comes from now on.
        """
        with self._lock:
            if self._stream is not None:
                sink.renew(self._stream)
            if since_ns is not None:
                for packet in self._ring.since(since_ns):
                    sink.offer(packet)
            self._sinks.append(sink)

    def recall(self, since_ns: int | None, take: Callable[[Stream | None, Sequence[Packet]], None]) -> None:
        """Hands `take` the stream and what the ring has of it since `since_ns` (as in `attach`).

        No packet comes meanwhile.
        """
        with self._lock:
            take(self._stream, self._ring.since(since_ns) if since_ns is not None else ())

    def detach(self, sink: PacketSink) -> None:
        """Removes `sink`; harmless when it is not there."""
        with self._lock:
            self._sinks = [other for other in self._sinks if other is not sink]
