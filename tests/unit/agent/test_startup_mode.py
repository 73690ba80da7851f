"""The mode after the start, as the link comes and goes; and what becomes of the online preset meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fakes.clock import ManualClock
from fakes.served_store import SEALER, SERIAL, ServedStore, until

from agent.adjustable import AdjustableSettings
from agent.errors import UpstreamUnreachable
from agent.startup.mode import AGAIN_AFTER, ModeKeeper
from agent.startup.sealed import SealedState
from agent.startup.starting import Circumstances, Starting
from agent.upstream.linkstate import LinkWatch
from presets_store.protocol.event_types import find_event_type
from presets_store.protocol.startup import StandalonePreset
from presets_store.rules.event import Event
from presets_store.rules.startup import Link, LinkState, Mode, Order
from presets_store.rules.workflow import step_cause

TEST = find_event_type("Video_Test_event").id
PRESET = StandalonePreset(key=3, event_preset_name="Stage", event_type_id=TEST)


@dataclass
class There:
    """The upstream's part: what is bound there, how often it was followed, how often that fails."""

    shown_url: str = "https://hub"
    bound: Order | None = None
    followed: int = 0
    failures: int = 0
    asked: int = 0
    silent: bool = False
    settings: list[AdjustableSettings] = field(default_factory=list)

    async def whole(self, preset_id: int) -> StandalonePreset:
        return PRESET

    async def follow(self, settings: AdjustableSettings) -> None:
        self.followed += 1
        if self.failures:
            self.failures -= 1
            raise UpstreamUnreachable(url=self.shown_url, reason="gone again")

    async def online(self) -> Order | None:
        self.asked += 1
        if self.silent:
            raise UpstreamUnreachable(url=self.shown_url, reason="gone again")
        return self.bound


@dataclass
class Device:
    store: ServedStore
    starting: Starting
    link: LinkWatch
    there: There
    keeper: ModeKeeper
    clock: ManualClock

    async def begun(self) -> Event:
        """What the start has fired."""
        return await self.store.services.events.require(self.starting.started.event_key)

    async def another(self, **members: object) -> Event:
        body = {"deviceSerial": SERIAL, "eventType": "Video_Test_event"}
        key = (await self.store.client.json("POST", "/v1/event", body))["eventID"]
        event = await self.store.services.events.require(key)
        return Event(**{**{name: getattr(event, name) for name in event.__slots__}, **members})


@pytest.fixture
async def device(store: ServedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Device]:
    """It has started without its upstream, and runs its standalone preset."""
    clock = store.clock
    assert isinstance(clock, ManualClock)
    sealed, _ = await SealedState.open(tmp_path / "sealed", SEALER)
    await sealed.set_standalone(PRESET)

    async def silent(*_: object, **__: object) -> Link:
        return Link(LinkState.UNREACHABLE, "https://hub is silent")

    monkeypatch.setattr("agent.startup.starting.announce", silent)
    found = Circumstances(serial=SERIAL, boot_id="boot-1", grace=1.0, database_lost=False)
    starting = Starting(store.services, sealed, clock, None, found)
    link, there = LinkWatch(clock), There()
    keeper = ModeKeeper(starting, link, there, store.services.events, clock)  # type: ignore[arg-type]
    settings = AdjustableSettings(sealed, store.services.startup, store.device)
    tasks = [asyncio.ensure_future(starting.run()), asyncio.ensure_future(keeper.run(settings))]
    await starting.fired.wait()
    yield Device(store, starting, link, there, keeper, clock)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    await sealed.close()


async def test_a_link_that_comes_makes_it_online_and_one_that_goes_changes_nothing(device: Device) -> None:
    assert device.starting.started.mode is Mode.STANDALONE
    event = device.starting.started.event_key
    device.clock.advance(100)
    device.link.reached()
    await until(lambda: device.starting.started.mode is Mode.ONLINE)
    online = device.starting.started
    assert (online.reason, online.since) == ("https://hub answered after the start", device.clock.monotonic())
    assert (online.event_key, online.preset_name) == (event, "Stage")  # what the start has fired goes on
    device.clock.advance(100)
    device.link.unreachable("the cable is out")
    await until(lambda: not device.link.changed.is_set())
    device.link.reached()
    await until(lambda: not device.link.changed.is_set())
    assert device.starting.started == online


async def test_the_record_there_is_followed_once_at_each_connection(device: Device) -> None:
    device.link.reached()
    await until(lambda: device.there.followed == 1)
    device.clock.advance(1)
    device.link.refused("the key was revoked")  # and allowed again, before anybody has looked
    device.link.reached()
    await until(lambda: device.there.followed == 2)
    device.clock.advance(AGAIN_AFTER)
    await asyncio.sleep(0.01)
    assert device.there.followed == 2


async def test_a_record_that_cannot_be_read_is_asked_for_again_later(device: Device) -> None:
    device.there.failures = 1
    device.link.reached()
    await until(lambda: device.there.followed == 1)
    await asyncio.sleep(0.01)
    device.clock.advance(AGAIN_AFTER)
    await until(lambda: device.there.followed == 2)


async def test_the_online_preset_gives_way_to_the_standalone_one(device: Device) -> None:
    standalone = await device.begun()
    asked = await device.another(upstream="https://hub")
    device.there.bound = Order(TEST, "{}")
    note = await device.keeper.gives_way(asked, standalone.key)
    assert note == f"the standalone preset goes on in place of the online preset, as event {standalone.key}"


async def test_so_it_does_to_a_step_of_a_standalone_workflow(device: Device) -> None:
    standalone = await device.begun()
    step = await device.another(cause=step_cause(standalone.uuid, 0))
    assert device.starting.began(step) is device.starting.began(standalone) is not None


async def test_any_other_order_does_not(device: Device) -> None:
    standalone = await device.begun()
    device.there.bound = Order(TEST, '{"camera": "porch"}')
    assert await device.keeper.gives_way(await device.another(upstream="https://hub"), standalone.key) == ""
    assert device.there.asked == 1


async def test_without_need_the_upstream_is_not_asked(device: Device) -> None:
    standalone, other = await device.begun(), await device.another()
    device.there.bound = Order(TEST, "{}")
    assert await device.keeper.gives_way(await device.another(), standalone.key) == ""  # an order of its own
    assert await device.keeper.gives_way(await device.another(upstream="https://hub"), other.key) == ""
    assert device.there.asked == 0


async def test_when_the_upstream_does_not_tell_it_is_an_error_as_ever(device: Device) -> None:
    standalone = await device.begun()
    device.there.silent = True
    assert await device.keeper.gives_way(await device.another(upstream="https://hub"), standalone.key) == ""
