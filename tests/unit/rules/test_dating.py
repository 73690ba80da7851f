"""What a better time makes of the moments that were noted before it came."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presets_store.clock import ClockQuality
from presets_store.rules.dating import STEP, Dating, Step, moved
from presets_store.rules.event import Event

SECOND = 1_000_000
YEAR = 365 * 86_400 * SECOND
NOW = 3600 * SECOND
"""Monotonic time at which the step is applied: an hour after the boot."""

UNSET, FLOOR, UPSTREAM, SYNCHRONISED = ClockQuality
OLD = Dating(50 * YEAR, FLOOR)


def step(by: int, before: ClockQuality = FLOOR, after: ClockQuality = UPSTREAM, *, seen: int = NOW) -> Step:
    return Step(replace(OLD, quality=before), Dating(OLD.offset + by, after), seen, NOW)


def event(created: int, started: int = 0, ended: int = 0, *, quality: ClockQuality = FLOOR, **members: int) -> Event:
    """With moments of wall time."""
    times: dict[str, Any] = {
        "created": created,
        "started": started,
        "ended": ended,
        "modified": max(created, started, ended),
    }
    return Event(
        uuid="u", device_key=1, agent_type_id=1, event_type_id=1, boot_id="b", clock_quality=quality, **times | members
    )


@pytest.mark.parametrize(
    ("before", "after", "by", "corrects"),
    [
        (UNSET, UPSTREAM, YEAR, True),
        (FLOOR, SYNCHRONISED, 0, True),  # it happened to be right, and is known to be now
        (FLOOR, FLOOR, YEAR, True),  # set by hand: nobody vouches for it, but the order lasts
        (FLOOR, FLOOR, STEP - 1, False),
        (UPSTREAM, SYNCHRONISED, -2 * SECOND, True),
        (UPSTREAM, SYNCHRONISED, STEP - 1, False),
        (UPSTREAM, UPSTREAM, 2 * SECOND, False),  # what was dated before was dated by a clock that was right then
        (SYNCHRONISED, SYNCHRONISED, YEAR, False),
        (SYNCHRONISED, UNSET, YEAR, False),
        (SYNCHRONISED, UPSTREAM, YEAR, False),
    ],
)
def test_what_a_better_time_corrects(before: ClockQuality, after: ClockQuality, by: int, corrects: bool) -> None:
    assert step(by, before, after).corrects is corrects


@pytest.mark.parametrize("by", [YEAR, -YEAR, 20 * SECOND])
def test_all_that_was_noted_before_the_step_is_moved(by: int) -> None:
    begun = OLD.offset + 60 * SECOND
    old = event(begun, begun + SECOND, begun + 9 * SECOND)
    after = moved(old, step(by), "b", made_here=True)
    assert (after.created, after.started, after.ended) == (begun + by, begun + by + SECOND, begun + by + 9 * SECOND)
    assert (after.modified, after.clock_quality, after.clock_correction) == (old.modified + by, UPSTREAM, by)


def test_what_was_made_after_it_stays() -> None:
    made = event(OLD.offset + YEAR + 60 * SECOND, quality=UPSTREAM)
    assert moved(made, step(YEAR), "b", made_here=True) is made


@pytest.mark.parametrize("by", [YEAR, -YEAR])
def test_of_an_event_that_goes_on_only_what_is_from_before_is_moved(by: int) -> None:
    begun, ended = OLD.offset + 60 * SECOND, OLD.offset + by + 63 * SECOND
    noted = event(begun, begun + SECOND, ended, modified=ended)
    after = moved(noted, step(by, seen=62 * SECOND), "b", made_here=True)
    assert (after.created, after.started, after.ended) == (begun + by, begun + by + SECOND, ended)
    assert after.modified == ended


def test_a_checkout_lasts_as_long_as_it_was_to() -> None:
    begun = OLD.offset + 60 * SECOND
    after = moved(event(begun, lease_until=begun + 60 * SECOND), step(YEAR), "b", made_here=True)
    assert after.lease_until == begun + YEAR + 60 * SECOND


def test_of_an_event_of_an_earlier_boot_only_what_this_one_did_is_moved() -> None:
    made = 49 * YEAR
    began = OLD.offset + 60 * SECOND
    carried = event(made, began, began + SECOND, quality=SYNCHRONISED)
    after = moved(carried, step(YEAR), "b", made_here=False)
    assert (after.created, after.started, after.ended) == (made, began + YEAR, began + YEAR + SECOND)
    assert after.clock_quality == SYNCHRONISED
    assert after.clock_correction == YEAR
    resumed_elsewhere = moved(replace(carried, boot_id="earlier"), step(YEAR), "b", made_here=False)
    assert resumed_elsewhere.started == began


def test_a_write_that_the_step_came_into_is_recognised_by_its_date() -> None:
    """Its date was read before the step and its quality after it, or the other way round."""
    begun = OLD.offset + 60 * SECOND
    assert moved(event(begun, quality=UPSTREAM), step(YEAR), "b", made_here=True).created == begun + YEAR
    late = event(begun + YEAR, quality=FLOOR)
    assert moved(late, step(YEAR), "b", made_here=True).created == late.created


@st.composite
def _lives(draw: st.DrawFn, least: int = 0) -> tuple[int, list[int], int]:
    """The step's length, at least `least`, three monotonic moments in order, and when the step came."""
    by = draw(st.integers(least, draw(st.sampled_from([2 * NOW, YEAR])))) * draw(st.sampled_from([-1, 1]))
    moments = sorted(draw(st.lists(st.integers(1, NOW), min_size=3, max_size=3)))
    return by, moments, draw(st.integers(moments[0], NOW))


@given(_lives(NOW + 1))
def test_a_step_longer_than_the_boot_leaves_no_moment_in_doubt(life: tuple[int, list[int], int]) -> None:
    by, moments, came = life
    noted = [OLD.offset + moment + (by if moment > came else 0) for moment in moments]
    after = moved(event(noted[0], noted[1], noted[2]), step(by, seen=came), "b", made_here=True)
    assert [after.created, after.started, after.ended] == [OLD.offset + by + moment for moment in moments]


@given(_lives())
def test_the_order_lasts_whatever_the_step(life: tuple[int, list[int], int]) -> None:
    by, moments, came = life
    noted = [OLD.offset + moment + (by if moment > came else 0) for moment in moments]
    after = moved(event(noted[0], noted[1], noted[2]), step(by, seen=came), "b", made_here=True)
    assert after.created <= after.started <= after.ended
