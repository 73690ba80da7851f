"""The pre-roll: the newest packets, by time, always starting with a key frame."""

from collections import deque
from collections.abc import Sequence

from hardware.models import Packet

RING_BYTES = 16 << 20
"""Bytes that a ring holds at most, whatever its time."""

_NS = 1_000_000_000


class Ring:
    """Holds the packets of the last `seconds` and those before them back to a key frame, at most `max_bytes`."""

    def __init__(self, seconds: float, max_bytes: int = RING_BYTES) -> None:
        self._span_ns = round(seconds * _NS)
        self._max_bytes = max_bytes
        self._packets: deque[Packet] = deque()
        self._keys: deque[int] = deque()
        self._bytes = 0

    def append(self, packet: Packet) -> None:
        """Takes the next packet; one that no key frame precedes is not kept."""
        if self._span_ns == 0 or not (packet.key or self._packets):
            return
        self._packets.append(packet)
        self._bytes += len(packet.data)
        if packet.key:
            self._keys.append(packet.mono_ns)
        while self._is_spare(packet.mono_ns):
            self._drop_group()

    def since(self, mono_ns: int) -> Sequence[Packet]:
        """The packets from the last key frame at or before `mono_ns` on, or all when the oldest is later."""
        start = max((key for key in self._keys if key <= mono_ns), default=0)
        return [packet for packet in self._packets if packet.mono_ns >= start]

    def clear(self) -> None:
        """Forgets everything: what comes next does not continue it."""
        self._packets.clear()
        self._keys.clear()
        self._bytes = 0

    def _is_spare(self, newest_ns: int) -> bool:
        """Whether the oldest group of pictures can go: the next one covers the time, or there are too many bytes."""
        covered = len(self._keys) > 1 and self._keys[1] <= newest_ns - self._span_ns
        return covered or (self._bytes > self._max_bytes and bool(self._packets))

    def _drop_group(self) -> None:
        self._keys.popleft()
        self._bytes -= len(self._packets.popleft().data)
        while self._packets and not self._packets[0].key:
            self._bytes -= len(self._packets.popleft().data)
