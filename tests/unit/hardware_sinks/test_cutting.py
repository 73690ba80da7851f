"""Where segments end and what is said about a pre-roll: rules, for all numbers."""

from hypothesis import given
from hypothesis import strategies as st

from hardware.sinks.cutting import cut_ns, pre_roll_note, pre_roll_seconds

NS = 1_000_000_000
MOMENTS = st.integers(0, 10**16)
OFFSETS = st.integers(-(10**15), 2 * 10**18)
LENGTHS = st.integers(NS, 86_400 * NS)


@given(MOMENTS, LENGTHS, OFFSETS)
def test_a_segment_lasts_as_long_as_asked(first: int, length: int, offset: int) -> None:
    assert cut_ns(first, length, offset, aligned=False) == first + length


@given(MOMENTS, LENGTHS, OFFSETS)
def test_an_aligned_segment_ends_at_the_next_multiple_by_wall_time(first: int, length: int, offset: int) -> None:
    cut = cut_ns(first, length, offset, aligned=True)
    assert cut is not None
    assert (cut + offset) % length == 0
    assert first < cut <= first + length
    assert cut_ns(cut, length, offset, aligned=True) == cut + length
    assert cut_ns(cut - 1, length, offset, aligned=True) == cut


@given(MOMENTS, OFFSETS, st.booleans())
def test_without_a_length_there_is_no_cut(first: int, offset: int, aligned: bool) -> None:
    assert cut_ns(first, 0, offset, aligned=aligned) is None


@given(MOMENTS, MOMENTS)
def test_a_pre_roll_is_never_negative(first: int, requested: int) -> None:
    assert pre_roll_seconds(first, requested) == max(0.0, (requested - first) / NS)


@given(st.floats(0, 60), st.floats(0, 120), st.floats(0, 10))
def test_less_pre_roll_than_asked_is_told_unless_it_is_a_matter_of_one_group(
    asked: float, achieved: float, group: float
) -> None:
    note = pre_roll_note(asked, achieved, group)
    assert bool(note) == (asked > 0 and asked - achieved > group)
    assert not note or f"{asked:g} s were asked" in note
