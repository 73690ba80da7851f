"""The time as a server's answers tell it."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presets_store.clock import LATEST_EPOCH, RELEASE_EPOCH
from presets_store.server_dates import AGREEING, DRIFT, RESOLUTION, SLACK, SLOWEST, ServerDates

TRUE = RELEASE_EPOCH + 40_000_000.25
"""Wall time at the monotonic moment 0."""


class Asked:
    """A server asked at monotonic moments; what its answers amount to."""

    def __init__(self, ahead: float = 0.0) -> None:
        self.dates = ServerDates()
        self.ahead = ahead

    def answer(self, sent: float, trip: float = 0.1, made: float = 0.5) -> None:
        """To a request of that moment; the server made it when that part of the `trip` was over."""
        date = math.floor(TRUE + sent + trip * made + self.ahead)
        self.dates.take(date, trip, sent + trip, least=RELEASE_EPOCH, latest=LATEST_EPOCH)

    @property
    def off(self) -> float:
        assert self.dates.offset is not None
        return self.dates.offset - TRUE


def test_without_an_answer_nothing_is_known() -> None:
    dates = ServerDates()
    assert (dates.offset, dates.error) == (None, 0.0)


def test_the_first_answer_counts_and_is_right_within_the_second_and_its_way() -> None:
    asked = Asked()
    asked.answer(10.0, trip=0.4)
    assert abs(asked.off) <= asked.dates.error == pytest.approx((RESOLUTION + 0.4) / 2, abs=1e-6)


@given(st.lists(st.tuples(st.floats(0.01, 30), st.floats(0.001, 3), st.floats(0, 1)), min_size=1, max_size=30))
def test_each_answer_narrows_it_down_and_what_is_said_of_the_error_holds(
    answers: list[tuple[float, float, float]],
) -> None:
    asked, now = Asked(), 0.0
    for pause, trip, made in answers:
        now += pause
        asked.answer(now, trip, made)
        now += trip
        assert abs(asked.off) <= asked.dates.error + 1e-6
        assert asked.dates.error <= RESOLUTION + trip + DRIFT * now + 1e-6


def test_many_answers_find_the_second_itself() -> None:
    asked = Asked()
    for number in range(40):
        asked.answer(number * 7.31, trip=0.02)
    assert asked.dates.error < 0.25


def test_an_oscillator_that_is_off_is_followed_without_a_jump() -> None:
    """A second in three hours: 90 ppm."""
    asked, offsets = Asked(), []
    for number in range(600):
        now = number * 59.87
        asked.ahead = now * 90e-6
        asked.answer(now)
        assert asked.dates.offset is not None
        offsets.append(asked.dates.offset)
    assert asked.off == pytest.approx(asked.ahead, abs=1.1)
    assert max(abs(after - before) for before, after in pairwise(offsets)) < 0.2


def test_one_answer_that_contradicts_the_others_changes_nothing() -> None:
    asked = Asked()
    asked.answer(1.0)
    before = asked.dates.offset
    asked.ahead = 7200
    for _ in range(AGREEING - 1):
        asked.answer(2.0)
    assert asked.dates.offset == before
    asked.ahead = 0.0
    asked.answer(3.0)
    asked.ahead = 7200
    asked.answer(4.0)
    assert abs(asked.off) < 1.1


def test_several_that_agree_with_each_other_overrule_the_first() -> None:
    asked = Asked(ahead=-86_400)  # somebody's cache
    asked.answer(1.0)
    asked.ahead = 0.0
    for number in range(AGREEING):
        assert asked.off == pytest.approx(-86_400, abs=1.1)
        asked.answer(2.0 + number)
    assert abs(asked.off) < 1.1


def test_contradictions_that_do_not_agree_either_change_nothing() -> None:
    asked = Asked()
    asked.answer(1.0)
    for number in range(20):
        asked.ahead = 1000.0 * (number + 1)
        asked.answer(2.0 + number)
    assert abs(asked.off) < 1.1


@pytest.mark.parametrize(
    ("date", "trip", "why"),
    [
        (RELEASE_EPOCH - SLACK - RESOLUTION - 1, 0.1, "before all that is possible"),
        (0.0, 0.1, "the year 1970"),
        (LATEST_EPOCH + 1, 0.1, "far in the future"),
        (TRUE, SLOWEST + 0.1, "too long on its way"),
        (TRUE, -1.0, "before it was asked for"),
    ],
)
def test_a_date_that_cannot_be_is_none(date: float, trip: float, why: str) -> None:
    dates = ServerDates()
    dates.take(date, trip, 5.0, least=RELEASE_EPOCH, latest=LATEST_EPOCH)
    assert dates.offset is None, why


def test_a_date_a_little_below_the_last_time_known_is_taken() -> None:
    """That one came from a server, too, and was right within seconds."""
    dates = ServerDates()
    dates.take(RELEASE_EPOCH - SLACK + 1, 0.1, 5.0, least=RELEASE_EPOCH, latest=LATEST_EPOCH)
    assert dates.offset is not None
