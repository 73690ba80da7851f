"""By which clock segments and photos are dated."""

from pathlib import Path

from fakes.recording import make_order, make_photo_order
from hypothesis import given
from hypothesis import strategies as st

from hardware.models import SetClock
from hardware.sinks.wallclock import WallClock

MOMENTS = st.integers(0, 1 << 62)


@given(MOMENTS, st.lists(MOMENTS, max_size=5).map(sorted))
def test_the_newest_clock_counts(requested_ns: int, told_ns: list[int]) -> None:
    clock = WallClock()
    for moment in told_ns:
        clock.set(SetClock(wall_offset_ns=7, clock_quality="floor", mono_ns=moment))
    is_newer = bool(told_ns) and told_ns[-1] > requested_ns
    for make in (make_order, make_photo_order):
        order = make(Path("/media"), requested_mono_ns=requested_ns, wall_offset_ns=5)
        newest = clock.newest(order)
        assert (newest.wall_offset_ns, newest.clock_quality) == ((7, "floor") if is_newer else (5, "synchronised"))
