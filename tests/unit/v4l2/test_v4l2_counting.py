"""Numbers and time stamps advance whatever the driver says."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hardware.v4l2.capture import RawFrame
from hardware.v4l2.counting import SequenceCounter, StampKeeper

MILLISECOND = 1_000_000


def frame(stamp: int | None, arrival: int) -> RawFrame:
    return RawFrame(b"", sequence=0, stamp_ns=stamp, arrival_ns=arrival, damaged=False)


def test_gaps_are_kept_and_summed_up() -> None:
    counter = SequenceCounter()
    assert [counter.advance(number) for number in (7, 8, 11, 12)] == [7, 8, 11, 12]
    assert counter.missed == 2


def test_the_count_goes_on_over_the_wrap() -> None:
    counter = SequenceCounter()
    assert [counter.advance(number) for number in (2**32 - 2, 2**32 - 1, 1)] == [2**32 - 2, 2**32 - 1, 2**32 + 1]
    assert counter.missed == 1


def test_a_driver_that_does_not_count_is_counted_for() -> None:
    counter = SequenceCounter()
    assert [counter.advance(0) for _ in range(4)] == [0, 1, 2, 3]
    assert counter.missed == 0


@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=50))
def test_numbers_always_rise(numbers: list[int]) -> None:
    counter = SequenceCounter()
    given_out = [counter.advance(number) for number in numbers]
    assert all(earlier < later for earlier, later in pairwise(given_out))
    assert counter.missed == given_out[-1] - given_out[0] - (len(numbers) - 1)


def test_the_drivers_stamp_is_the_capture_time() -> None:
    keeper = StampKeeper()
    assert keeper.stamp(frame(5000 * MILLISECOND, 5004 * MILLISECOND)) == 5000 * MILLISECOND
    assert keeper.notes == {}


def test_another_clock_means_arrival_time_and_a_note() -> None:
    keeper = StampKeeper()
    assert keeper.stamp(frame(None, 5004 * MILLISECOND)) == 5004 * MILLISECOND
    assert keeper.notes == {"the driver's clock is not monotonic": 1}


def test_implausible_stamps_mean_arrival_time_and_a_note() -> None:
    keeper = StampKeeper()
    arrivals = [n * 1000 * MILLISECOND for n in range(20, 24)]
    stamps = [0, arrivals[1] + 1000 * MILLISECOND, arrivals[2] - 10_001 * MILLISECOND, arrivals[2] - MILLISECOND]
    kept = [keeper.stamp(frame(stamp, arrival)) for stamp, arrival in zip(stamps, arrivals, strict=True)]
    assert kept == arrivals
    assert keeper.notes == {"the driver's time stamps are implausible": 4}


@given(st.lists(st.tuples(st.none() | st.integers(0, 10**12), st.integers(0, 10**12)), max_size=50))
def test_stamps_always_rise(pairs: list[tuple[int | None, int]]) -> None:
    keeper = StampKeeper()
    stamps = [keeper.stamp(frame(stamp, arrival)) for stamp, arrival in pairs]
    assert all(earlier < later for earlier, later in pairwise(stamps))
