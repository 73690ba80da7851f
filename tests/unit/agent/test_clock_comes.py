"""A device that starts in 1970, with its real store: what waits for the time, and what does not."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fakes.served_store import SERIAL, ServedStore, served_store

from agent.startup.clockwatch import dating_of, reading
from agent.startup.keeping import keep
from agent.startup.sealed import SealedState
from agent.store import clock_of
from presets_store.clock import RELEASE_EPOCH, ClockQuality, SystemClock
from presets_store.protocol.events import EventRecordUpload
from presets_store.protocol.parsing import parse_body
from presets_store.protocol.statuses import EventStatus
from presets_store.rules.dating import Dating
from presets_store.sealing import Sealer
from presets_store.services.caller import INSIDE
from presets_store.services.dating import DatingService
from presets_store.storage.events import get_event
from presets_store.storage.records import Clip, ClipState

HUB = "https://hub.example"
TRUE = RELEASE_EPOCH + 40_000_000
"""The time as a server knows it."""


class Machine:
    """Its clocks: it came up in 1970, 50 s ago."""

    def __init__(self) -> None:
        self.wall = 50.0
        self.mono = 50.0
        self.synchronised = False

    def passes(self, seconds: float) -> None:
        self.wall += seconds
        self.mono += seconds


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    clocks = SimpleNamespace(time=lambda: machine.wall, monotonic=lambda: machine.mono)
    for module in ("presets_store.clock", "agent.store"):
        monkeypatch.setattr(f"{module}.time", clocks)
    monkeypatch.setattr("presets_store.clock.kernel_synchronised", lambda: machine.synchronised)
    return machine


@pytest.fixture
async def store(machine: Machine, tmp_path: Path) -> AsyncIterator[ServedStore]:
    clock = SystemClock(floor=RELEASE_EPOCH)
    async with served_store(tmp_path, clock, device_clock=True, clock_floor=RELEASE_EPOCH, report_to=HUB) as store:
        yield store


async def queued(store: ServedStore, **members: Any) -> int:
    body = {"deviceSerial": SERIAL, "eventType": "Video_Test_event", **members}
    return int((await store.client.json("POST", "/v1/event", body, timestamp=int(TRUE)))["eventID"])


async def status(store: ServedStore, key: int) -> EventStatus:
    await store.services.sweep()
    return (await store.services.events.require(key)).event_status


async def test_nothing_expires_before_the_time_is_known(store: ServedStore, machine: Machine) -> None:
    assert isinstance(store.clock, SystemClock)
    over, later, past = [
        await queued(store, expirationEpoch=int(moment)) for moment in (TRUE - 10, TRUE + 3600, RELEASE_EPOCH + 10)
    ]
    machine.passes(600)
    assert [await status(store, key) for key in (over, later, past)] == [EventStatus.PENDING] * 3
    store.clock.heard(TRUE, 0.1)
    statuses = [await status(store, key) for key in (over, later, past)]
    assert statuses == [EventStatus.TIMED_OUT, EventStatus.PENDING, EventStatus.TIMED_OUT]


async def test_what_has_just_ended_is_not_archived_as_old_when_the_time_comes(
    store: ServedStore, machine: Machine
) -> None:
    assert isinstance(store.clock, SystemClock)
    dating = DatingService(store.services.database, store.clock, store.device, "boot-1")
    await dating.begin(dating_of(reading(store.clock)))
    key = await queued(store)
    await store.services.events.clear_pending(INSIDE, store.device)
    assert len(await store.services.outbox.due(HUB, 10)) == 1
    store.clock.heard(TRUE, 0.1)
    await store.services.sweep()
    assert await store.services.outbox.due(HUB, 10) == []  # nor is it reported before it is dated rightly
    assert await dating.follow(dating_of(reading(store.clock))) == 1
    await store.services.sweep()
    (report,) = await store.services.outbox.due(HUB, 10)
    assert parse_body(EventRecordUpload, report.body).end_date / 1e6 == pytest.approx(TRUE, abs=5)
    event = await store.services.database.read(lambda connection: get_event(connection, key))
    assert event is not None
    assert event.ended / 1e6 == pytest.approx(TRUE, abs=5)


async def test_a_corrected_clip_stays_so_when_its_sidecar_is_read_again(store: ServedStore, machine: Machine) -> None:
    assert isinstance(store.clock, SystemClock)
    dating = DatingService(store.services.database, store.clock, store.device, "boot-1")
    old = dating_of(reading(store.clock))
    await dating.begin(old)
    machine.passes(10)
    mono = 55_000_000
    told = Clip(
        uuid="u", device_key=store.device, file="main/1.mp4", state=ClipState.CLOSED, boot_id="boot-1", mono=mono,
        start=old.offset + mono, clock_quality="unset",
    )  # fmt: skip
    assert (await store.services.clips.index(told)).start == old.offset + mono
    store.clock.heard(TRUE, 0.1)
    new = dating_of(reading(store.clock))
    await dating.follow(new)
    await DatingService(store.services.database, store.clock, store.device, "boot-2").begin(old)
    again = await store.services.clips.index(replace(told, uuid="v"))
    assert (again.start, again.clock_quality) == (new.offset + mono, "upstream")
    assert again.clock_correction == new.offset - old.offset


async def test_a_request_of_now_is_taken_by_a_device_in_1970_and_only_once(
    store: ServedStore, machine: Machine
) -> None:
    assert isinstance(store.clock, SystemClock)
    body = {"deviceSerial": SERIAL, "eventType": "Video_Test_event"}
    options: dict[str, Any] = {"timestamp": int(TRUE), "nonce": "00000000-0000-4000-8000-000000000001"}
    assert (await store.client.call("POST", "/v1/event", body, **options)).status == 200
    store.clock.heard(TRUE, 0.1)
    assert (await store.client.call("POST", "/v1/event", body, **options)).status == 401
    assert (await store.client.call("GET", "/v1/device/list", timestamp=int(TRUE - 3600))).status == 401


async def test_below_the_floor_it_is_refused_whatever_the_quality(store: ServedStore) -> None:
    answer = await store.client.call("GET", "/v1/device/list", timestamp=int(RELEASE_EPOCH - 10))
    assert answer.status == 401


class TestBoots:
    """The clock of one start after another, with a real sealed cache between."""

    @pytest.fixture
    async def sealed(self, tmp_path: Path) -> AsyncIterator[SealedState]:
        state, _ = await SealedState.open(tmp_path / "sealed", Sealer(b"k" * 32, "00" * 8))
        yield state
        await state.close()

    async def test_wall_time_that_runs_backwards_between_boots_does_not_here(
        self, store: ServedStore, machine: Machine, sealed: SealedState
    ) -> None:
        assert isinstance(store.clock, SystemClock)
        await keep(sealed, store.services.database, store.clock)
        assert sealed.clock_floor() == 0.0  # what nobody knows is not kept as known
        store.clock.heard(TRUE, 0.1)
        await keep(sealed, store.services.database, store.clock)
        assert sealed.clock_floor() == pytest.approx(TRUE, abs=1.1)
        for _ in range(3):  # each boot starts in 1970 and lasts a minute
            machine.wall, machine.mono = 50.0, 50.0
            clock = clock_of(sealed.clock_floor(), 0.0, None, trusted=False)
            assert clock.quality() is ClockQuality.FLOOR
            assert clock.now() >= TRUE - 1.1
            machine.passes(60)
            assert clock.now() == pytest.approx(sealed.clock_floor() + 60)
            await keep(sealed, store.services.database, clock)
        assert sealed.clock_floor() == pytest.approx(TRUE, abs=1.1)

    def test_an_agent_that_starts_again_goes_on_with_the_time_it_had(self, machine: Machine) -> None:
        offset = round((TRUE - machine.mono) * 1e6)
        for quality in (ClockQuality.FLOOR, ClockQuality.UPSTREAM):
            clock = clock_of(0.0, RELEASE_EPOCH + 1, Dating(offset, quality), trusted=False)
            assert clock.now() == pytest.approx(TRUE)
            assert clock.quality() is quality

    def test_one_that_was_synchronised_stays_so_until_the_device_boots(self, machine: Machine) -> None:
        machine.wall = TRUE
        dating = Dating(round((TRUE - machine.mono) * 1e6), ClockQuality.SYNCHRONISED)
        assert clock_of(TRUE - 100, TRUE, dating, trusted=False).quality() is ClockQuality.SYNCHRONISED
        assert clock_of(TRUE - 100, TRUE, None, trusted=False).quality() is ClockQuality.FLOOR

    def test_a_year_that_was_wrong_is_no_floor(self, machine: Machine) -> None:
        """The battery's clock was ahead: events are dated by it, and a server's date is believed all the same."""
        machine.wall = TRUE + 90_000_000
        clock = clock_of(RELEASE_EPOCH + 5, TRUE + 90_000_000, None, trusted=False)
        clock.heard(TRUE, 0.1)
        assert clock.now() == pytest.approx(TRUE, abs=1.2)
