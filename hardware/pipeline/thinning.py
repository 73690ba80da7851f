"""Keeps one picture in a while."""

from dataclasses import replace

from hardware.models import Packet
from hardware.pipeline.decoding import INTRA
from hardware.pipeline.recipe import Thinning
from hardware.pipeline.stream import PacketSink, Stream

_NS = 1_000_000_000


class Places:
    """The first picture on each place of a grid of `interval_ns` that begins with the first; 0: every picture."""

    def __init__(self, interval_ns: int, rate: float) -> None:
        """`rate`: how many pictures a second come. The grid begins a little early: jitter shall not cost a picture."""
        self._interval_ns = interval_ns
        self._slack_ns = min(round(_NS / rate), interval_ns) // 4
        self._anchor_ns: int | None = None
        self._place = -1

    @property
    def due_ns(self) -> int:
        """From when on (CLOCK_MONOTONIC) the next picture is taken; 0: any."""
        if self._anchor_ns is None or self._interval_ns == 0:
            return 0
        return self._anchor_ns + (self._place + 1) * self._interval_ns

    def take(self, mono_ns: int) -> int | None:
        """The place of the picture of that time, None when it is not wanted. To be asked in their order."""
        if self._anchor_ns is None:
            self._anchor_ns = mono_ns - self._slack_ns
        place = (mono_ns - self._anchor_ns) // self._interval_ns if self._interval_ns else self._place + 1
        if place <= self._place:
            return None
        self._place = place
        return place


class ThinSink:
    """A sink that passes on one packet in a while; of those that others build on, key frames only.

    The packets keep their times. Their sequence numbers are places of the grid, so that one which stayed empty is seen
    as a gap.
    """

    def __init__(self, thinning: Thinning, sink: PacketSink) -> None:
        self._thinning = thinning
        self._sink = sink
        self._places = Places(thinning.interval_ns, 1.0)

    def renew(self, stream: Stream) -> None:
        """See `PacketSink`."""
        self._places = Places(self._thinning.interval_ns, stream.format.rate)
        self._sink.renew(replace(stream, format=self._thinning.applied(stream.format)))

    def offer(self, packet: Packet) -> None:
        """See `PacketSink`."""
        if not packet.key and packet.codec not in INTRA:
            return
        place = self._places.take(packet.mono_ns)
        if place is not None:
            self._sink.offer(replace(packet, sequence=place))
