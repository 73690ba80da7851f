"""The bounded queue between a thread that must not wait and one that may."""

import threading
from collections import deque

from hardware.models import Packet
from hardware.pipeline.stream import Stream

BACKLOG_BYTES = 32 << 20
"""Bytes of packets that may wait: seconds of MJPG, half a minute of H.264."""

Item = Packet | Stream | None


class Backlog:
    """Packets and stream changes in order; `None` tells that it was closed.

    When too much waits, whole groups of pictures are dropped, oldest first. The taker sees that as a gap in the
    packets' sequence numbers; stream changes are never dropped.
    """

    def __init__(self, max_bytes: int = BACKLOG_BYTES) -> None:
        self._max_bytes = max_bytes
        self._items: deque[Packet | Stream] = deque()
        self._bytes = 0
        self._needs_key = False
        self._closed = False
        self._nudged = False
        self._news = threading.Condition()

    def put(self, item: Packet | Stream) -> None:
        """Adds `item` without waiting."""
        with self._news:
            if isinstance(item, Packet):
                if self._needs_key and not item.key:
                    return
                self._needs_key = False
                self._bytes += len(item.data)
            self._items.append(item)
            while self._bytes > self._max_bytes:
                self._drop_group()
            self._news.notify()

    def close(self) -> None:
        """Nothing more will come; what waits can still be taken."""
        with self._news:
            self._closed = True
            self._news.notify()

    def clear(self) -> None:
        """Forgets what waits."""
        with self._news:
            self._items.clear()
            self._bytes = 0
            self._needs_key = False

    def nudge(self) -> None:
        """Makes a waiting `get` return, so that its caller can look at the time anew."""
        with self._news:
            self._nudged = True
            self._news.notify()

    def get(self, timeout: float | None = None) -> Item:
        """The next item. Raises TimeoutError when none came within `timeout` seconds, or after a `nudge`."""
        with self._news:
            self._news.wait_for(lambda: self._items or self._closed or self._nudged, timeout)
            self._nudged = False
            if not self._items:
                if self._closed:
                    return None
                raise TimeoutError
            item = self._items.popleft()
            if isinstance(item, Packet):
                self._bytes -= len(item.data)
            return item

    def waiting_since(self, mono_ns: int) -> int:
        """Nanoseconds of stream that wait behind a packet of time `mono_ns`."""
        with self._news:
            newest = self._items[-1] if self._items else None
        return newest.mono_ns - mono_ns if isinstance(newest, Packet) else 0

    def skip_to_newest_key(self) -> bool:
        """Drops the packets before the newest key frame that waits; False when none waits. Stream changes stay."""
        with self._news:
            newest = max((place for place, item in enumerate(self._items) if _is_key(item)), default=-1)
            if newest < 0:
                return False
            items = list(self._items)
            kept = [item for item in items[:newest] if not isinstance(item, Packet)] + items[newest:]
            self._items = deque(kept)
            self._bytes = sum(len(item.data) for item in kept if isinstance(item, Packet))
            return True

    def _drop_group(self) -> None:
        """Drops the oldest group, or what is left of one that the taker has begun. Stream changes keep their place."""
        kept: deque[Packet | Stream] = deque()
        dropping = False
        while self._items:
            item = self._items[0]
            if isinstance(item, Packet):
                if dropping and item.key:
                    break
                dropping = True
                self._bytes -= len(item.data)
            else:
                kept.append(item)
            self._items.popleft()
        self._needs_key = not any(isinstance(item, Packet) for item in self._items)
        self._items.extendleft(reversed(kept))


def _is_key(item: Packet | Stream) -> bool:
    return isinstance(item, Packet) and item.key
