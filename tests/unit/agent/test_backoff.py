from hypothesis import given
from hypothesis import strategies as st

from agent.upstream.backoff import CAP_SECONDS, delay


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_the_delay_is_always_a_positive_time_up_to_the_cap(failures: int, jitter: float) -> None:
    assert 0.5 <= delay(failures, jitter) <= CAP_SECONDS


@given(st.integers(1, 100), st.floats(0, 1))
def test_it_never_shrinks_while_failures_go_on(failures: int, jitter: float) -> None:
    assert delay(failures + 1, jitter) >= delay(failures, jitter)


def test_a_fleet_is_spread_over_half_the_span() -> None:
    assert delay(4, 0.0) == 4.0
    assert delay(4, 1.0) == 8.0
