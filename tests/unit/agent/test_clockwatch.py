"""When the camera hosts are told what time it is, and what is dated wrongly is corrected."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fakes.clock import ManualClock
from fakes.served_store import empty_store
from hypothesis import given
from hypothesis import strategies as st

from agent.media.datings import kept_datings
from agent.startup.clockwatch import LOOK_EVERY, STEP_NS, Dates, dating_of, differs, reading, watch_clock
from hardware.models import SetClock
from presets_store.clock import RELEASE_EPOCH, ClockQuality, SystemClock
from presets_store.rules.dating import Dating
from presets_store.services.dating import DatingService
from presets_store.storage import Database, open_database

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


@dataclass
class Follower:
    """Notes how all is dated; fails as often as it is told to."""

    followed: list[Dating] = field(default_factory=list)
    failures: int = 0

    async def follow(self, dating: Dating) -> bool:
        self.followed.append(dating)
        self.failures -= 1
        return self.failures < 0


@pytest.fixture
def follower() -> Follower:
    return Follower()


@pytest.fixture
async def clients(clock: ManualClock, follower: Follower) -> AsyncIterator[tuple[Client, Client]]:
    both = (Client(), Client())
    watching = asyncio.create_task(watch_clock(both, clock, follower.follow))
    await settled()
    yield both
    watching.cancel()
    await asyncio.wait((watching,))


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def looks(clock: ManualClock, times: int = 1) -> None:
    for _ in range(times):
        clock.advance(LOOK_EVERY)
        await settled()


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


async def test_what_was_dated_otherwise_is_corrected_until_that_is_written(
    clock: ManualClock, clients: tuple[Client, Client], follower: Follower
) -> None:
    assert follower.followed == [dating_of(reading(clock))]  # for what an earlier start has left
    follower.failures = 2
    clock.wall += 3600
    await looks(clock, 5)
    new = dating_of(reading(clock))
    assert [dating.same_as(new) for dating in follower.followed] == [False, True, True, True]


async def test_a_date_that_a_server_tells_is_followed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("presets_store.clock.kernel_synchronised", lambda: False)
    clock, client, follower = SystemClock(floor=RELEASE_EPOCH), Client(), Follower()
    watching = asyncio.create_task(watch_clock((client,), clock, follower.follow))
    await settled()
    clock.heard(clock.now() + 9000, 0.01)
    await settled()
    watching.cancel()
    assert [told.clock_quality for told in client.told] == ["upstream"]
    before, after = follower.followed
    assert (after.offset - before.offset) / 1e6 == pytest.approx(9000, abs=2)


class TestDates:
    """With a real database, beside a media folder."""

    OLD = Dating(round(RELEASE_EPOCH) * 1_000_000, ClockQuality.FLOOR)
    NEW = Dating(OLD.offset + 9_000_000_000, ClockQuality.UPSTREAM)

    @pytest.fixture
    async def database(self, tmp_path: Path) -> AsyncIterator[Database]:
        shutil.copy(await empty_store(), tmp_path / "store.db")
        database = await open_database(f"sqlite:///{tmp_path / 'store.db'}")
        yield database
        await database.close()

    async def test_a_better_time_is_kept_beside_the_sidecars(
        self, clock: ManualClock, database: Database, tmp_path: Path
    ) -> None:
        service = DatingService(database, clock, 1, "boot-1")
        await service.begin(self.OLD)
        done = asyncio.Event()
        dates = Dates(service, tmp_path, "boot-1", done.set)
        assert await dates.follow(self.OLD)
        assert await asyncio.to_thread(kept_datings, tmp_path) == {}
        assert await dates.follow(self.NEW)
        assert await asyncio.to_thread(kept_datings, tmp_path) == {"boot-1": self.NEW}
        await asyncio.to_thread((tmp_path / "clock" / "other.json").write_text, "{}")
        assert await asyncio.to_thread(kept_datings, tmp_path) == {"boot-1": self.NEW}

    async def test_what_cannot_be_written_is_to_be_tried_again(
        self, clock: ManualClock, database: Database, tmp_path: Path
    ) -> None:
        service = DatingService(database, clock, 1, "boot-1")
        await service.begin(self.OLD)
        done = asyncio.Event()
        await asyncio.to_thread((tmp_path / "media").touch)  # no folder can be made in it
        assert not await Dates(service, tmp_path / "media", "boot-1", done.set).follow(self.NEW)
        assert await service.corrects(self.NEW)
        assert not done.is_set()
