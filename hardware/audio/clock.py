"""When samples were taken that arrive in blocks, each with a delay of its own. Pure."""

from hardware.audio.sound import NS, length_ns

_SPAN_NS = NS
"""How long the earliest arrival counts; after two of these at the latest a new one does."""


class SampleClock:
    """Follows the sound card's clock by the computer's.

    A block is never there before its last sample was taken: of the arrivals of the last second or two the earliest,
    compared with the count of samples, is nearest to the truth. So a late thread moves nothing, while a card whose
    clock runs fast or slow, or that lost samples, is followed within two seconds.
    """

    def __init__(self) -> None:
        self._count = 0
        self._earliest: int | None = None
        self._before: int | None = None
        self._since_ns = 0

    def place(self, count: int, now_ns: int) -> int:
        """When (CLOCK_MONOTONIC) the first of `count` samples was taken that have arrived at `now_ns`."""
        start = self._count
        self._count += count
        lead_ns = now_ns - length_ns(self._count)
        if self._earliest is None or now_ns - self._since_ns >= _SPAN_NS:
            self._before, self._earliest, self._since_ns = self._earliest, lead_ns, now_ns
        self._earliest = min(self._earliest, lead_ns)
        best = self._earliest if self._before is None else min(self._before, self._earliest)
        return best + length_ns(start)
