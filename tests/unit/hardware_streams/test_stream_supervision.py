"""When a stream connects, is given up and connects again."""

from hypothesis import given
from hypothesis import strategies as st

from hardware.sinks.streams.supervision import (
    CONNECT_TIMEOUT,
    FIRST_DELAY,
    HEALTHY_AFTER,
    LONGEST_DELAY,
    STALL_TIMEOUT,
    Supervision,
)


def test_a_connection_that_takes_no_picture_is_given_up_after_the_connect_timeout() -> None:
    line = Supervision().connect(0.0).begun(5.0)
    assert line.overdue(5.0 + CONNECT_TIMEOUT - 0.01, waits=True) == ""
    assert line.overdue(5.0 + CONNECT_TIMEOUT, waits=True) == "no connection within 10 s"


def test_the_time_before_there_is_anything_to_send_does_not_count() -> None:
    line = Supervision().connect(0.0).begun(3600.0)
    assert line.overdue(3601.0, waits=True) == ""


def test_a_live_connection_is_given_up_when_what_waits_does_not_get_through() -> None:
    line = Supervision().connect(0.0).begun(0.0).delivered(1.0).delivered(7.0)
    assert line.overdue(7.0 + STALL_TIMEOUT - 0.01, waits=True) == ""
    assert line.overdue(7.0 + STALL_TIMEOUT, waits=True) == "nothing went through for 10 s"


def test_a_live_connection_without_anything_to_send_is_left_alone() -> None:
    line = Supervision().connect(0.0).begun(0.0).delivered(1.0)
    assert line.overdue(3600.0, waits=False) == ""
    assert line.waits(3600.0).overdue(3601.0, waits=True) == "", "the camera stood still, not the network"


def test_pauses_double_up_to_a_limit_and_never_end() -> None:
    line, now, pauses = Supervision().connect(0.0), 0.0, []
    for _ in range(1000):
        line = line.begun(now).failed(now, "refused")
        pauses.append(line.until - now)
        now = line.until
        assert line.is_due(now)
        line = line.connect(now)
    assert pauses[:5] == [FIRST_DELAY, 2.0, 4.0, 8.0, 16.0]
    assert set(pauses[5:]) == {LONGEST_DELAY}
    assert line.attempts == 1000


def test_a_connection_that_was_live_for_long_starts_the_pauses_anew_and_a_short_one_does_not() -> None:
    line = Supervision().begun(0.0).failed(0.0, "refused").begun(1.0).failed(1.0, "refused").begun(3.0).delivered(3.0)
    assert line.failed(3.0 + HEALTHY_AFTER, "gone").failures == 1
    assert line.failed(4.0, "gone").failures == 3


def test_a_stream_of_another_form_is_followed_at_once_but_not_again_and_again() -> None:
    line = Supervision().connect(0.0).begun(0.0).delivered(0.0).changed(1.0)
    assert line.state == "connecting"
    again = line.begun(1.0).delivered(1.0)
    assert again.changed(2.0).until == 2.0 + 2 * FIRST_DELAY
    assert again.changed(1.0 + HEALTHY_AFTER).state == "connecting"


steps = st.lists(
    st.tuples(st.sampled_from(["connect", "begun", "delivered", "failed"]), st.floats(0, 100)), max_size=50
)


@given(steps)
def test_whatever_happens_a_pause_is_bounded_and_the_reason_is_that_of_the_last_failure(
    happenings: list[tuple[str, float]],
) -> None:
    line, now = Supervision(), 0.0
    for what, later in happenings:
        now += later
        line = line.failed(now, "gone") if what == "failed" else getattr(line, what)(now)
        assert line.state in ("connecting", "live", "waiting")
        if line.state == "waiting":
            assert FIRST_DELAY <= round(line.until - line.since, 6) <= LONGEST_DELAY
            assert line.reason == "gone"
        if line.state == "live":
            assert line.reason == ""
