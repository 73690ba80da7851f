"""Events that were accepted, and then nobody heard of for longer than a lease: whether they still begin."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from fakes.acting import tools_on
from fakes.clock import ManualClock
from fakes.far_server import dated, far_server
from fakes.stored import make_event
from fakes.two_stores import HANDED, TwoStores, two_stores

from agent.dispatcher import Dispatcher
from agent.upstream import custody as custody_module
from agent.upstream.client import SignedClient
from agent.upstream.credentials import Credentials
from agent.upstream.custody import HELD_FOR, Custody
from agent.upstream.linkstate import LinkWatch
from presets_store.protocol.statuses import EventStatus
from presets_store.rules.event import Event
from presets_store.storage.events import delete_event

TRIAL = {"eventType": "Video_Test_event", "maxAttempts": 3}
TRIAL_STOP = {"eventType": "Video_Test_stop"}


def custody_of(stores: TwoStores) -> Custody:
    return Custody(stores.client, stores.clock, LinkWatch(stores.clock))


async def accepted(stores: TwoStores, wanted: Any = HANDED) -> Event:
    """An event of the hub's, in the own store; its lease is over."""
    event = await handed_out(stores, wanted)
    await leases_over(stores)
    assert await there(stores, event) is EventStatus.PENDING
    return event


async def handed_out(stores: TwoStores, wanted: Any = HANDED) -> Event:
    return await stores.own.services.events.accept(stores.client.url, await stores.handed_out(wanted))


async def leases_over(stores: TwoStores) -> None:
    stores.pass_time(HELD_FOR + 1)
    await stores.hub.services.sweep()


async def there(stores: TwoStores, event: Event) -> EventStatus:
    assert event.remote_id is not None
    return (await stores.hub.services.events.require(event.remote_id)).event_status


async def test_what_waits_there_again_is_taken_again(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        event, custody = await accepted(stores), custody_of(stores)
        assert not custody.cleared(event)
        assert await custody.taken_back(event) is False
        assert await there(stores, event) is EventStatus.CHECKED_OUT
        assert custody.cleared(event)
        stores.pass_time(HELD_FOR)
        assert not custody.cleared(event)


async def test_what_was_cancelled_or_deleted_there_is_taken_back(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        custody, database = custody_of(stores), stores.hub.services.database
        event = await accepted(stores)
        await stores.hub.client.json("POST", f"/v1/event/endprocess/{event.remote_id}")
        assert await custody.taken_back(event) is True
        other = await accepted(stores)
        await database.write(lambda connection: delete_event(connection, other.remote_id or 0))
        assert await custody.taken_back(other) is True
        assert not custody.cleared(other)


async def test_what_is_taken_back_ends_here_and_nothing_is_reported(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        event, running, events = await handed_out(stores), await handed_out(stores), stores.own.services.events
        await events.take_back(event.key)
        ended = await events.require(event.key)
        assert (ended.event_status, ended.attempt_number) == (EventStatus.CANCELLED, 0)
        assert "taken_back" in ended.result
        assert await stores.own.services.outbox.depth(stores.client.url) == 0
        await events.begin(running.key, holder="1:11:1", boot_id="b", process_id=1)
        await events.take_back(running.key)
        assert (await events.require(running.key)).event_status is EventStatus.PROCESSING, "it is too late for that"


async def test_own_events_those_that_had_begun_and_those_just_handed_out_begin_unasked(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        custody = custody_of(stores)
        assert custody.cleared(make_event(1))
        assert custody.cleared(make_event(1, upstream=stores.client.url, remote_id=5, attempt_number=1))
        event = await accepted(stores)
        custody.renewed(event.remote_id or 0)
        assert not custody.cleared(event), "a renewal after the lease tells nothing"
        custody.handed_out(event.remote_id or 0)
        stores.pass_time(HELD_FOR - 1)
        custody.renewed(event.remote_id or 0)
        stores.pass_time(HELD_FOR - 1)
        custody.forget_all_but(())
        assert custody.cleared(event)
        stores.pass_time(2)
        custody.forget_all_but(())
        assert not custody.cleared(event)


@pytest.mark.parametrize("status", [401, 409, 429, 500, 200, 0])
async def test_where_nothing_is_heard_that_it_is_over_what_was_accepted_begins(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(custody_module, "ANSWERED_WITHIN", 0.2)
    clock = ManualClock()

    async def answer(_: web.Request) -> web.Response:
        if status == 0:
            await asyncio.sleep(1)
        return dated(clock.now(), status or 200, "no JSON")

    async with far_server(answer) as server:
        client = SignedClient(server.url, Credentials("key", "secret"), clock)
        custody = Custody(client, clock, LinkWatch(clock))
        event = make_event(1, upstream=server.url, remote_id=5)
        assert await custody.taken_back(event) is False
        assert custody.cleared(event), "it is not asked again before it begins"
        await client.close()


async def test_while_the_link_is_known_to_be_down_nobody_is_asked() -> None:
    clock = ManualClock()

    async def answer(_: web.Request) -> web.Response:
        return dated(clock.now(), 404)

    async with far_server(answer) as server:
        client = SignedClient(server.url, Credentials("key", "secret"), clock)
        link = LinkWatch(clock)
        custody = Custody(client, clock, link)
        event = make_event(1, upstream=server.url, remote_id=5)
        link.unreachable("the test says so")
        assert await custody.taken_back(event) is False
        link.reached()
        assert await custody.taken_back(event) is True
        assert len(server.requests) == 1
        await client.close()


@asynccontextmanager
async def dispatching(stores: TwoStores, folder: Path, custody: Custody) -> AsyncIterator[None]:
    own = stores.own
    tools = tools_on(own.services, own.clock, folder)
    dispatcher = Dispatcher(tools, own.services.wakeups, own.device, boot_id="b", process_id=1, custody=custody)
    running = asyncio.create_task(dispatcher.run())
    try:
        yield
    finally:
        await dispatcher.stop(5)
        running.cancel()


async def reached(stores: TwoStores, event: Event, *statuses: EventStatus) -> Event:
    for _ in range(3000):
        found = await stores.own.services.events.require(event.key)
        if found.event_status in statuses:
            return found
        await asyncio.sleep(0.001)
    raise AssertionError(f"event {event.key} is {found.event_status}")


async def test_the_dispatcher_asks_before_it_begins(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        gone, stays, stop = [await handed_out(stores, each) for each in (TRIAL, TRIAL, TRIAL_STOP)]
        await leases_over(stores)
        await stores.hub.client.json("POST", f"/v1/event/endprocess/{gone.remote_id}")
        async with dispatching(stores, tmp_path, custody_of(stores)):
            cancelled = await reached(stores, gone, EventStatus.CANCELLED)
            assert "taken_back" in cancelled.result
            stopped = await reached(stores, stays, EventStatus.COMPLETE)
            assert stopped.attempt_number == 1
            ended = await reached(stores, stop, EventStatus.COMPLETE)
            assert ended.started >= stopped.started, "the stop has waited for what it was to stop"
