"""How often events may reboot the box: counted in time that it ran, as it may have no other."""

from collections.abc import Mapping
from typing import Any

import pytest
from fakes.clock import ManualClock
from fakes.documents import KeptDocuments
from hypothesis import given
from hypothesis import strategies as st

from agent.box.reboots import COST, REBOOTS, RebootBudget, owed
from agent.errors import RebootsUsedUp

HOUR = 3600.0


def booted(kept: KeptDocuments, boot: str, up: float = 60.0) -> RebootBudget:
    """The budget as the agent has it `up` seconds after a boot."""
    clock = ManualClock()
    clock.mono = up
    return RebootBudget(kept, clock, boot)


async def test_a_device_that_only_reboots_stops_doing_so() -> None:
    kept = KeptDocuments()
    for number in range(REBOOTS):
        await booted(kept, f"boot-{number}").spend()
    for number in range(10):
        with pytest.raises(RebootsUsedUp, match=r"(6\.0|5\.9) h of running"):
            await booted(kept, f"boot-{number}").spend()


async def test_a_device_that_runs_pays_off_what_it_owes() -> None:
    kept = KeptDocuments()
    for number in range(REBOOTS):
        await booted(kept, f"boot-{number}").spend()
    await booted(kept, "later", up=6 * HOUR).spend()
    with pytest.raises(RebootsUsedUp):
        await booted(kept, "later", up=7 * HOUR).spend()
    await booted(kept, "later", up=12 * HOUR).spend()


async def test_what_the_system_refused_is_given_back() -> None:
    kept = KeptDocuments()
    budget = booted(kept, "boot")
    for _ in range(REBOOTS * 3):
        await budget.spend()
        await budget.give_back()
    assert kept.entries == {}


@pytest.mark.parametrize(
    "kept",
    [None, {}, {"debt": "4"}, {"debt": 7.0}, {"debt": None, "at": 1.0}, {"debt": 5.0, "at": []}],
    ids=["none", "empty", "text", "no-moment", "no-debt", "odd-moment"],
)
def test_what_cannot_be_read_is_no_debt(kept: Mapping[str, Any] | None) -> None:
    assert owed(kept, "boot", 10.0) == 0.0


@given(debt=st.floats(0, REBOOTS * COST), at=st.floats(0, 1e6), later=st.floats(0, 1e6), same=st.booleans())
def test_debt_only_falls_and_by_no_more_than_the_time_that_passed(
    debt: float, at: float, later: float, same: bool
) -> None:
    """`later`: after the note in the same boot, else after the next boot."""
    now = at + later if same else later
    left = owed({"debt": debt, "at": at, "boot_id": "boot"}, "boot" if same else "another", now)
    assert max(0.0, debt - later) - 1e-3 <= left <= debt
