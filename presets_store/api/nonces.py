"""Nonces of signed requests, in memory: all while they run, afterwards those that the store does not keep."""

from presets_store.api.errors import NonceMemoryFull, NonceUsed
from presets_store.clock import Clock

CAPACITY = 500_000
"""About 100 MB at the worst; when full, requests are refused rather than nonces forgotten."""

Pair = tuple[str, str]
"""(access key, nonce)."""


class NonceMemory:
    """Remembers pairs of (access key, nonce) for a time by the monotonic clock, or as long as there is none."""

    def __init__(self, clock: Clock, *, capacity: int = CAPACITY) -> None:
        self._clock = clock
        self._capacity = capacity
        self._passing: dict[Pair, float] = {}
        self._lasting: set[Pair] = set()

    def spend(self, pair: Pair, seconds: float | None) -> None:
        """Marks a nonce as used for `seconds`, None: until nonces get a time. Raises NonceUsed, NonceMemoryFull."""
        now = self._clock.monotonic()
        self._forget(now)
        if seconds is not None and self._lasting:  # the clock is trusted now: what it refuses as too old needs no nonce
            self._passing |= dict.fromkeys(self._lasting, now + seconds)
            self._lasting.clear()
        if pair in self._passing or pair in self._lasting:
            raise NonceUsed
        if len(self._passing) + len(self._lasting) >= self._capacity:
            raise NonceMemoryFull
        if seconds is None:
            self._lasting.add(pair)
        else:
            self._passing[pair] = now + seconds

    def release(self, pair: Pair) -> None:
        """Forgets a nonce that the store now keeps durably."""
        self._passing.pop(pair, None)
        self._lasting.discard(pair)

    def _forget(self, now: float) -> None:
        # Insertion order is order of expiry, because every entry lives equally long by a clock that never runs back.
        while self._passing:
            oldest = next(iter(self._passing))
            if self._passing[oldest] > now:
                return
            del self._passing[oldest]
