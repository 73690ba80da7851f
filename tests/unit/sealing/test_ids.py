from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from presets_store.ids import uuid7

NOW = 1_800_000_000.123


@given(st.integers(0, 2**42))
def test_a_uuid7_holds_its_millisecond(millisecond: int) -> None:
    made = UUID(uuid7(millisecond / 1000))
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert made.int >> 80 == millisecond


def test_they_are_unique_within_a_millisecond_and_ordered_by_time() -> None:
    made = [uuid7(NOW) for _ in range(10_000)]
    assert len(set(made)) == len(made)
    assert max(made) < uuid7(NOW + 0.001)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_clock_will_do(now: float) -> None:
    assert UUID(uuid7(now)).version == 7
