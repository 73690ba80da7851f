"""A limit of bytes per second."""

from presets_store.clock import Clock


class TokenBucket:
    """Holds what may be sent at once, one second's worth, and fills again with `rate` bytes per second; 0: no limit."""

    def __init__(self, rate: int, clock: Clock) -> None:
        self._clock = clock
        self._free = float(rate)
        self._looked_at = clock.monotonic()
        self.rate = rate

    async def take(self, size: int) -> None:
        """Waits until `size` bytes may be sent; more than there is room for is paid for by who comes next."""
        if not self.rate:
            return
        self._fill()
        while self._free <= 0:
            await self._clock.sleep(-self._free / self.rate + _LEAST)
            self._fill()
        self._free -= size

    def _fill(self) -> None:
        now = self._clock.monotonic()
        self._free = min(float(self.rate), self._free + (now - self._looked_at) * self.rate)
        self._looked_at = now


_LEAST = 0.001
"""Seconds; a wait that is rounded down must not be one for nothing."""
