"""The stream's times on our clock: true to its spacing, never after the arrival, whatever the stream does."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hardware.sources.net.times import JUMP_NS, WINDOW_NS, ArrivalTimes, PlayoutTimes

MS = 1_000_000
SECOND = 1_000 * MS
FRAME = 40 * MS

delays = st.lists(st.integers(0, 300), min_size=1, max_size=200)
anything = st.lists(
    st.tuples(st.one_of(st.none(), st.integers(-(10**13), 10**13)), st.integers(0, 5 * SECOND)), max_size=100
)


def arrivals(delays_ms: list[int], start: int = 7 * SECOND) -> list[tuple[int, int]]:
    """Frames of a 25 fps stream (its time, its arrival in order) that were under way for `delays_ms`."""
    arrived = start
    found = []
    for number, delay in enumerate(delays_ms):
        arrived = max(arrived, start + number * FRAME + delay * MS)
        found.append((number * FRAME, arrived))
    return found


@given(delays)
def test_a_jittery_way_does_not_show_in_the_spacing(delays_ms: list[int]) -> None:
    times = ArrivalTimes()
    came = arrivals([0, *delays_ms])  # the first came at once: the delay is known from then on
    stamps = [times.stamp(pts, arrival) for pts, arrival in came]
    assert stamps == [7 * SECOND + pts for pts, _ in came]


@given(anything)
def test_times_rise_and_are_not_after_the_arrival(stream: list[tuple[int | None, int]]) -> None:
    times = ArrivalTimes()
    arrival, latest = SECOND, 0
    for number, (pts, step) in enumerate(stream):
        arrival += step
        stamp = times.stamp(pts, arrival)
        assert latest < stamp <= arrival + number  # a nanosecond for each that came in the same one
        assert pts is None or stamp >= arrival - JUMP_NS - number
        latest = stamp


def test_what_had_been_waiting_was_taken_before_it_came() -> None:
    times = ArrivalTimes()
    burst = [(number * FRAME, 9 * SECOND + number * MS) for number in range(10)]
    for pts, arrival in burst:
        times.look_at(pts, arrival)
    stamps = [times.stamp(pts, arrival) for pts, arrival in burst]
    assert [after - before for before, after in pairwise(stamps)] == [FRAME] * 9
    assert stamps[-1] == burst[-1][1]


def test_a_stream_that_counts_anew_is_followed_at_once() -> None:
    times = ArrivalTimes()
    times.stamp(100 * SECOND, SECOND)
    assert times.stamp(100 * SECOND + FRAME, SECOND + FRAME) == SECOND + FRAME
    assert times.stamp(0, SECOND + 2 * FRAME) == SECOND + 2 * FRAME  # backwards
    assert times.stamp(FRAME, SECOND + 3 * FRAME + MS) == SECOND + 3 * FRAME
    assert times.stamp(3600 * SECOND, SECOND + 4 * FRAME) == SECOND + 4 * FRAME  # forwards
    assert times.stamp(3600 * SECOND + FRAME, SECOND + 5 * FRAME + 2 * MS) == SECOND + 5 * FRAME


def test_a_stream_that_was_held_up_for_long_counts_from_its_return() -> None:
    times = ArrivalTimes()
    times.stamp(0, SECOND)
    late = SECOND + FRAME + JUMP_NS + MS
    assert times.stamp(FRAME, late) == late


def test_drift_is_followed_in_both_directions() -> None:
    for parts_per_million in (-200, 200):
        times = ArrivalTimes()
        worst = 0
        for number in range(25 * 120):
            arrival = SECOND + number * FRAME * (1_000_000 + parts_per_million) // 1_000_000
            worst = max(worst, arrival - times.stamp(number * FRAME, arrival))
        # What a clock of 200 ppm gains in a window and while it is being noticed.
        assert worst <= 2 * 200 * WINDOW_NS // 1_000_000


def test_without_times_the_arrival_counts() -> None:
    times = ArrivalTimes()
    assert [times.stamp(None, arrival) for arrival in (5, 5, 9)] == [5, 6, 9]


def test_pieces_are_played_out_in_real_time() -> None:
    times = PlayoutTimes(FRAME)
    came = [(number * FRAME, 3 * SECOND + number // 50 * 2 * SECOND) for number in range(200)]
    assert [times.stamp(pts, arrival) for pts, arrival in came] == [3 * SECOND + pts for pts, _ in came]


def test_a_late_piece_moves_those_behind_it() -> None:
    times = PlayoutTimes(FRAME)
    times.stamp(0, SECOND)
    assert times.stamp(FRAME, 2 * SECOND) == 2 * SECOND
    assert times.stamp(2 * FRAME, 2 * SECOND) == 2 * SECOND + FRAME


@given(anything)
def test_played_times_rise_and_are_not_before_the_arrival(stream: list[tuple[int | None, int]]) -> None:
    times = PlayoutTimes(FRAME)
    arrival, latest = SECOND, 0
    for number, (pts, step) in enumerate(stream):
        arrival += step
        stamp = times.stamp(pts, arrival)
        assert stamp > latest
        assert stamp >= arrival
        assert stamp <= arrival + (number + 1) * SECOND  # none waits for a jump
        latest = stamp
