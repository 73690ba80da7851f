"""When the camera hosts are told what time it is."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from fakes.clock import ManualClock
from hypothesis import given
from hypothesis import strategies as st

from agent.startup.clockwatch import LOOK_EVERY, STEP_NS, differs, reading, watch_clock
from hardware.models import SetClock
from presets_store.clock import ClockQuality

QUALITIES = st.sampled_from(ClockQuality)


class Client:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[SetClock] = []

    async def set_clock(self, told: SetClock) -> None:
        self.told.append(told)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def clients(clock: ManualClock) -> AsyncIterator[tuple[Client, Client]]:
    both = (Client(), Client())
    watching = asyncio.create_task(watch_clock(both, clock))
    await asyncio.sleep(0)
    yield both
    watching.cancel()
    await asyncio.wait((watching,))


async def looks(clock: ManualClock, times: int = 1) -> None:
    for _ in range(times):
        clock.advance(LOOK_EVERY)
        await asyncio.sleep(0)
        await asyncio.sleep(0)


async def test_every_host_is_told_what_is_new_and_nothing_else(
    clock: ManualClock, clients: tuple[Client, Client]
) -> None:
    first = reading(clock)
    await looks(clock, 3)
    assert [client.told for client in clients] == [[], []]
    clock.wall += 3600
    clock.declared = ClockQuality.UPSTREAM
    await looks(clock)
    stepped = reading(clock)
    await looks(clock, 3)
    assert [client.told for client in clients] == [[stepped], [stepped]]
    assert stepped.wall_offset_ns - first.wall_offset_ns == pytest.approx(3600e9, abs=1e3)
    assert stepped.clock_quality == "upstream"


async def test_a_better_quality_is_told_without_a_step(clock: ManualClock, clients: tuple[Client, Client]) -> None:
    clock.declared = ClockQuality.FLOOR
    await looks(clock)
    assert [told.clock_quality for told in clients[0].told] == ["floor"]


async def test_many_small_corrections_are_told_together(clock: ManualClock, clients: tuple[Client, Client]) -> None:
    first = reading(clock)
    for _ in range(8):
        clock.wall += 0.2
        await looks(clock)
    told = [(one.wall_offset_ns - first.wall_offset_ns) / 1e9 for one in clients[0].told]
    assert told == pytest.approx([0.6, 1.2], abs=1e-5)


@given(st.integers(-(1 << 62), 1 << 62), st.integers(-2 * STEP_NS, 2 * STEP_NS), QUALITIES, QUALITIES)
def test_only_a_step_or_another_quality_is_news(offset: int, step: int, told: ClockQuality, now: ClockQuality) -> None:
    before = SetClock(wall_offset_ns=offset, clock_quality=told, mono_ns=1)
    after = SetClock(wall_offset_ns=offset + step, clock_quality=now, mono_ns=2)
    assert differs(before, after) == (abs(step) > STEP_NS or told is not now)
