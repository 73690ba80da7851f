"""When a picture from the network was taken: the stream's own time stamps on the machine's monotonic clock. Pure.

All times in nanoseconds. A stream counts from a moment of its own, by a clock that is not ours; what is known is that
no picture arrives before it was taken, and that the quickest ones arrive almost at once.
"""

from typing import Protocol

JUMP_NS = 2_000_000_000
"""A picture that is later than this was not delayed: its stream counts anew."""

WINDOW_NS = 10_000_000_000
"""How long the least delay is watched before the stream's clock is held to be slower than ours."""

STEP_NS = 1_000_000_000
"""Pictures that are played out lie no farther apart than this, or their stream counts anew."""


class StreamTimes(Protocol):
    """Gives each picture, in order, a time that is above the one before."""

    def stamp(self, pts_ns: int | None, arrival_ns: int) -> int:
        """CLOCK_MONOTONIC of the picture with the stream's time `pts_ns` that arrived at `arrival_ns`."""
        ...


class ArrivalTimes:
    """For live streams: the stream's spacing, at the delay of its quickest picture, so never after the arrival.

    A picture quicker than all before it moves the others' reference; so does a stream that falls behind for WINDOW_NS
    (its clock is slower than ours), jumps by more than JUMP_NS or runs backwards. A picture without a time has that of
    its arrival.
    """

    def __init__(self) -> None:
        self._offset_ns: int | None = None
        self._window_end_ns = 0
        self._least_lag_ns: int | None = None
        self._latest_pts_ns: int | None = None
        self._latest_ns = -1

    def look_at(self, pts_ns: int | None, arrival_ns: int) -> None:
        """A picture that is stamped later: those in a burst were taken before the first of them arrived."""
        if pts_ns is not None:
            self._offset_ns = min(self._offset_or(arrival_ns - pts_ns), arrival_ns - pts_ns)

    def stamp(self, pts_ns: int | None, arrival_ns: int) -> int:
        """See `StreamTimes`."""
        taken_ns = arrival_ns if pts_ns is None else self._place(pts_ns, arrival_ns)
        self._latest_ns = max(taken_ns, self._latest_ns + 1)
        return self._latest_ns

    def _place(self, pts_ns: int, arrival_ns: int) -> int:
        at_once_ns = arrival_ns - pts_ns
        backwards = self._latest_pts_ns is not None and pts_ns <= self._latest_pts_ns
        self._latest_pts_ns = pts_ns
        offset_ns = self._offset_or(at_once_ns)
        if backwards or at_once_ns - offset_ns > JUMP_NS:
            offset_ns = at_once_ns
            self._least_lag_ns = None
        offset_ns = min(offset_ns, at_once_ns)
        self._offset_ns = self._follow(offset_ns, at_once_ns - offset_ns, arrival_ns)
        return pts_ns + self._offset_ns

    def _follow(self, offset_ns: int, lag_ns: int, arrival_ns: int) -> int:
        """The offset; once a window later, if nothing in that window came at once."""
        if self._least_lag_ns is None:
            self._least_lag_ns, self._window_end_ns = lag_ns, arrival_ns + WINDOW_NS
        self._least_lag_ns = min(self._least_lag_ns, lag_ns)
        if arrival_ns < self._window_end_ns:
            return offset_ns
        late_ns, self._least_lag_ns = self._least_lag_ns, None
        return offset_ns + late_ns

    def _offset_or(self, fresh_ns: int) -> int:
        return fresh_ns if self._offset_ns is None else self._offset_ns


class PlayoutTimes:
    """For streams that come in pieces of several seconds (HLS): when a picture is due, the first one at once.

    A picture that arrives after it was due is due then, and those that follow it later by as much. One that jumps, or
    runs backwards, follows its predecessor at `interval_ns`.
    """

    def __init__(self, interval_ns: int) -> None:
        self._interval_ns = interval_ns
        self._offset_ns: int | None = None
        self._latest_pts_ns = 0
        self._latest_ns = -1

    def stamp(self, pts_ns: int | None, arrival_ns: int) -> int:
        """See `StreamTimes`. The picture must not be passed on before that time."""
        if pts_ns is None:
            pts_ns = self._latest_pts_ns + self._interval_ns
        if self._offset_ns is None:
            self._offset_ns = arrival_ns - pts_ns
        elif not 0 < pts_ns - self._latest_pts_ns <= STEP_NS:
            self._offset_ns = self._latest_ns + self._interval_ns - pts_ns
        self._offset_ns = max(self._offset_ns, arrival_ns - pts_ns)
        self._latest_pts_ns = pts_ns
        self._latest_ns = max(pts_ns + self._offset_ns, self._latest_ns + 1)
        return self._latest_ns
