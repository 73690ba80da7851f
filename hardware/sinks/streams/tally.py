"""What a stream has sent, and how fast. Pure: the time is given."""

from collections import deque

from hardware.sinks.base import NS


class Tally:
    """Pictures under way on the present connection, and totals over all of them. `dropped` never went through."""

    def __init__(self) -> None:
        self.frames = 0
        self.size = 0
        self.dropped = 0
        self.seconds = 0.0
        self._under_way: deque[tuple[int, int]] = deque()
        self._gone_through = 0
        self._last_ns: int | None = None
        self._rate_since = 0.0
        self._rate_size = 0

    @property
    def under_way(self) -> int:
        """Pictures given to the connection that have not gone through yet."""
        return len(self._under_way)

    def connected(self) -> None:
        """A connection begins; what was under way on the one before is lost."""
        self.dropped += len(self._under_way)
        self._under_way.clear()
        self._gone_through = 0
        self._last_ns = None

    def given(self, mono_ns: int, size: int) -> None:
        """A picture of that capture time and size (bytes) was given to the connection."""
        self._under_way.append((mono_ns, size))

    def gone_through(self, count: int) -> int:
        """`count` pictures of this connection have gone through so far; answers how many of them are new."""
        new = min(count - self._gone_through, len(self._under_way))
        for _ in range(new):
            mono_ns, size = self._under_way.popleft()
            self.frames += 1
            self.size += size
            if self._last_ns is not None:
                self.seconds += max(0, mono_ns - self._last_ns) / NS
            self._last_ns = mono_ns
        self._gone_through += new
        return new

    def bitrate(self, now: float) -> int:
        """Bit/s since the last call, or since `start_rate`."""
        elapsed = now - self._rate_since
        rate = round(8 * (self.size - self._rate_size) / elapsed) if elapsed > 0 else 0
        self.start_rate(now)
        return rate

    def start_rate(self, now: float) -> None:
        """Counts the bit rate from here."""
        self._rate_since, self._rate_size = now, self.size
