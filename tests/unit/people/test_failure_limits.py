"""Counts of failures: bounded, by the monotonic clock."""

import pytest
from fakes.clock import ManualClock
from hypothesis import given
from hypothesis import strategies as st

from presets_store.api.people.errors import TooManyFailures
from presets_store.api.people.limits import WINDOW, FailureLimits, Tried
from presets_store.services.errors import NotFound
from presets_store.services.people.errors import EnrolmentRefused

PLACE = (Tried.ENROLMENT, "")


def fail(limits: FailureLimits, address: str, times: int) -> None:
    for _ in range(times):
        limits.failed(address, *PLACE)


def test_memory_is_bounded_and_the_oldest_goes_first() -> None:
    clock = ManualClock()
    limits = FailureLimits(clock, capacity=100)
    fail(limits, "192.0.2.1", Tried.ENROLMENT.limit)
    for number in range(99):
        limits.failed(f"10.0.0.{number}", *PLACE)
    with pytest.raises(TooManyFailures):
        limits.check("192.0.2.1", *PLACE)
    limits.failed("10.0.1.0", *PLACE)
    limits.check("192.0.2.1", *PLACE)
    assert len(limits._counts) == 100
    clock.advance(WINDOW)
    limits.failed("10.0.1.1", *PLACE)
    assert len(limits._counts) == 1


def test_a_network_of_ipv6_is_one_address() -> None:
    limits = FailureLimits(ManualClock())
    for number in range(Tried.ENROLMENT.limit):
        limits.failed(f"2001:db8::{number:x}", *PLACE)
    with pytest.raises(TooManyFailures):
        limits.check("2001:db8::ffff:1", *PLACE)
    limits.check("2001:db8:0:1::1", *PLACE)


def test_peers_on_the_unix_socket_are_not_counted() -> None:
    limits = FailureLimits(ManualClock())
    fail(limits, "", 1000)
    limits.check("", *PLACE)


@given(st.lists(st.sampled_from(["right", "wrong", "broken", "gone"]), max_size=40))
def test_only_refusals_stay_counted(tries: list[str]) -> None:
    limits, wrong = FailureLimits(ManualClock()), 0
    for outcome in tries:
        try:
            with limits.guess("192.0.2.1", (EnrolmentRefused,), PLACE):
                if outcome == "wrong":
                    raise EnrolmentRefused
                if outcome == "broken":
                    raise NotFound(what="database", name="x")
                if outcome == "gone":
                    raise KeyboardInterrupt
        except TooManyFailures:
            assert wrong >= Tried.ENROLMENT.limit
            return
        except (EnrolmentRefused, KeyboardInterrupt):
            wrong += 1
        except NotFound:
            pass
    assert wrong <= Tried.ENROLMENT.limit
