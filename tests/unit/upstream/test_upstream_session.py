"""Events on their way down, and their outcomes up: from a real hub, and from one that does as the test says."""

import asyncio
import json
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from aiohttp import web
from fakes.served_store import until
from fakes.two_stores import HANDED, TwoStores, two_stores

from agent.upstream.client import SignedClient
from agent.upstream.credentials import Credentials
from agent.upstream.custody import Custody
from agent.upstream.linkstate import LinkWatch
from agent.upstream.peer import Peer
from agent.upstream.pump import Pump
from agent.upstream.session import AHEAD, Session
from presets_store.protocol.statuses import EventStatus
from presets_store.rules.event import Event
from presets_store.services.caller import INSIDE
from presets_store.storage.events import delete_event


async def at_once() -> bool:
    return True


@asynccontextmanager
async def session(stores: TwoStores, client: SignedClient | None = None) -> AsyncIterator[None]:
    client = client or stores.client
    link = LinkWatch(stores.clock)
    made = Session(
        stores.own.services.events,
        client,
        client,
        stores.clock,
        serial=stores.serial,
        boot_id="boot-1",
        started=at_once,
        take=stores.own.services.events.accept,
        link=link,
        peer=Peer(client),
        custody=Custody(client, stores.clock, link),
    )
    running = asyncio.create_task(made.run())
    try:
        yield
        assert not running.done(), "the session must never end by itself"
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


@asynccontextmanager
async def pump(stores: TwoStores) -> AsyncIterator[None]:
    own = stores.own
    services = own.services
    client, clock = stores.client, stores.clock
    made = Pump(
        services.outbox, client.url, client, clock, services.wakeups, own.device, stores.serial,
        peer=Peer(client), link=LinkWatch(clock),
    )  # fmt: skip
    running = asyncio.create_task(made.run())
    try:
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def here(stores: TwoStores, remote: int) -> Event:
    """The own store's event for one of the hub's, when there is one."""
    found: list[Event] = []
    for _ in range(5000):
        found = [
            event for event in await stores.own.services.events.unfinished(stores.own.device)
            if event.remote_id == remote
        ]  # fmt: skip
        if found:
            break
        await asyncio.sleep(0.001)
    (event,) = found
    return event


async def begun(stores: TwoStores, event: Event) -> Event:
    return await stores.own.services.events.begin(event.key, holder="1:11:1", boot_id="boot-1", process_id=1)


async def reported(stores: TwoStores) -> None:
    for _ in range(5000):
        if not await stores.own.services.outbox.depth(stores.client.url):
            return
        await asyncio.sleep(0.001)
    raise AssertionError("a report is still in the outbox")


async def test_what_waits_at_the_hub_is_accepted_here_and_its_outcome_told_there(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores, session(stores), pump(stores):
        parameters = {"durationSeconds": 1}
        wanted = {"eventType": "Video_Start_recording", "eventParameters": json.dumps(parameters), "tagString": "x"}
        remote = await stores.asked_for({**wanted, "maxAttempts": 4, "priority": 7})
        event = await here(stores, remote)
        assert (event.upstream, event.max_attempts, event.priority, event.cause) == (
            stores.client.url,
            4,
            7,
            "upstream",
        )
        assert json.loads(event.event_parameters)["durationSeconds"] == 1
        event = await begun(stores, event)
        result = json.dumps({"note": "as told"})
        await stores.own.services.events.finish(event.key, 1, EventStatus.COMPLETE, result)
        await reported(stores)
        there = await stores.hub.services.events.require(remote)
        assert (there.event_status, there.result, there.percent_complete) == (EventStatus.COMPLETE, result, 100)
        assert (there.attempt_number, there.late) == (1, False)
        listed = await stores.hub.client.json("POST", "/v1/event/list", {"deviceID": 0})
        assert [each["key"] for each in listed] == [remote], "nothing is recorded besides"


async def test_what_was_asked_for_here_is_recorded_there(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores, pump(stores):
        body = {"deviceSerial": stores.serial, "eventType": "Video_Test_stop"}
        key = (await stores.own.client.json("POST", "/v1/event", body))["eventID"]
        event = await stores.own.services.events.begin(key, holder="1:11:1", boot_id="b", process_id=1)
        await stores.own.services.events.finish(key, 1, EventStatus.COMPLETE, "{}")
        await reported(stores)
        there = [each.uuid for each in await all_events(stores)]
        assert event.uuid in there


async def all_events(stores: TwoStores) -> list[Event]:
    listed = await stores.hub.client.json("POST", "/v1/event/list", {"deviceID": 0})
    return [await stores.hub.services.events.require(each["key"]) for each in listed]


async def test_what_is_handed_out_twice_is_one_event_here_and_goes_on(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        first = await stores.handed_out(HANDED)
        events = stores.own.services.events
        event = await begun(stores, await events.accept(stores.client.url, first))
        stores.pass_time(61)
        await stores.hub.services.sweep()
        second = await stores.taken()
        assert (second.key, second.checkout_token != first.checkout_token) == (first.key, True)
        again = await events.accept(stores.client.url, second)
        assert (again.key, again.event_status) == (event.key, EventStatus.PROCESSING)
        assert again.checkout_token == second.checkout_token
        assert len(await events.handed_out_by(stores.client.url)) == 1


async def test_the_outcome_of_what_has_ended_here_is_told_again(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        first = await stores.handed_out(HANDED)
        events = stores.own.services.events
        event = await begun(stores, await events.accept(stores.client.url, first))
        await events.finish(event.key, 1, EventStatus.COMPLETE, "{}")
        stores.pass_time(61)
        await stores.hub.services.sweep()
        await events.accept(stores.client.url, await stores.taken())
        assert await stores.own.services.outbox.depth(stores.client.url) == 2
        async with pump(stores):
            await reported(stores)
        there = await stores.hub.services.events.require(first.key)
        assert (there.event_status, there.result) == (EventStatus.COMPLETE, "{}")


async def test_another_outcome_there_closes_the_report_here(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        remote = await stores.handed_out(HANDED)
        events = stores.own.services.events
        event = await begun(stores, await events.accept(stores.client.url, remote))
        await stores.decided(remote.key, eventStatus=5, result="elsewhere")
        await events.finish(event.key, 1, EventStatus.COMPLETE, "{}")
        async with pump(stores):
            await reported(stores)
        there = await stores.hub.services.events.require(remote.key)
        assert (there.event_status, there.result) == (EventStatus.ERROR, "elsewhere")


async def test_an_outcome_of_what_the_hub_does_not_know_any_more_holds_up_no_other(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        events, database = stores.own.services.events, stores.hub.services.database
        remote = [await stores.handed_out(HANDED) for _ in range(2)]
        for each in remote:
            event = await begun(stores, await events.accept(stores.client.url, each))
            await events.finish(event.key, 1, EventStatus.COMPLETE, "{}")
        await database.write(lambda connection: delete_event(connection, remote[0].key))
        async with pump(stores):
            async with asyncio.timeout(10):
                while await stores.own.services.outbox.depth(stores.client.url) > 1:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        there = await stores.hub.services.events.require(remote[1].key)
        assert there.event_status is EventStatus.COMPLETE


async def test_what_was_cut_off_here_is_begun_anew_when_the_hub_hands_it_out_again(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        remote = await stores.handed_out(HANDED)
        events = stores.own.services.events
        event = await begun(stores, await events.accept(stores.client.url, remote))
        cut = json.dumps({"code": "interrupted", "message": "by the test"})
        await events.finish(event.key, 1, EventStatus.ERROR, cut)
        async with pump(stores):
            await reported(stores)
        assert (await stores.hub.services.events.require(remote.key)).event_status is EventStatus.PENDING
        again = await events.accept(stores.client.url, await stores.taken())
        assert (again.key, again.event_status, again.attempt_number) == (event.key, EventStatus.PENDING, 1)
        assert (await begun(stores, again)).attempt_number == 2


async def test_an_end_names_the_event_by_the_number_of_its_sender(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        remote = await stores.handed_out(HANDED)
        events = stores.own.services.events
        event = await events.accept(stores.client.url, remote)
        assert event.key != remote.key
        end = {"eventType": "Device_End_process", "eventParameters": json.dumps({"eventID": remote.key})}
        asked = await stores.asked_for(end)
        async with session(stores):
            ending = await here(stores, asked)
        assert (await events.named(ending, remote.key)).key == event.key
        local = (await stores.own.services.events.end(INSIDE, (await begun(stores, event)).key)).description
        assert (await events.named(await events.require(int(local)), event.key)).key == event.key


async def test_what_waits_here_is_not_fetched_without_end(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        for _ in range(AHEAD + 5):
            await stores.asked_for(HANDED)
        async with session(stores):
            await here(stores, AHEAD)
            end = await stores.asked_for({"eventType": "Device_End_process", "eventParameters": '{"eventID": 1}'})
            await asyncio.sleep(0.1)
            stores.pass_time(5)
            assert (await here(stores, end)).event_type_id == 35
            waiting = await stores.own.services.events.handed_out_by(stores.client.url)
            assert sum(event.event_type_id != 35 for event in waiting) == AHEAD


class Scripted:
    """An upstream that always has an event waiting, and hands out what the test says."""

    def __init__(self, handed: list[dict[str, Any]]) -> None:
        self.handed = handed
        self.asked: Counter[str] = Counter()
        self.told: list[dict[str, Any]] = []
        self.polls = 0

    async def answer(self, request: web.Request) -> web.Response:
        self.asked[request.path] += 1
        self.polls += "pending" in request.path
        if request.method == "PUT":
            self.told.append({"path": request.path, **(await request.json())})
        if "pending" in request.path:
            return web.json_response([{"key": 1, "agentTypeID": 1}])
        if request.path.endswith("dequeue") and self.handed:
            return web.json_response(self.handed.pop(0))
        return web.Response()


@asynccontextmanager
async def scripted(stores: TwoStores, *handed: dict[str, Any]) -> AsyncIterator[tuple[Scripted, SignedClient]]:
    upstream = Scripted(list(handed))
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", upstream.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    await web.SockSite(runner, listener).start()
    client = SignedClient(f"http://127.0.0.1:{listener.getsockname()[1]}", Credentials("key", "secret"), stores.clock)
    try:
        yield upstream, client
    finally:
        await client.close()
        await runner.cleanup()


async def test_an_event_that_cannot_be_had_is_asked_for_less_and_less_often(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores, scripted(stores) as (upstream, client), session(stores, client):
        polls: list[int] = []
        for _ in range(8):
            await asyncio.sleep(0.05)
            polls.append(upstream.polls)
            stores.pass_time(2.0)
        assert polls[0] == 1
        assert polls[-1] <= 6
        stores.pass_time(60)
        await until(lambda: upstream.polls > polls[-1])


async def test_what_this_release_does_not_know_ends_there_as_error(tmp_path: Path) -> None:
    handed = ({"key": 4, "eventTypeID": 999}, {"key": 5, "eventTypeID": 1, "eventParameters": '{"height": "tall"}'})
    async with two_stores(tmp_path) as stores, scripted(stores, *handed) as (upstream, client), session(stores, client):
        await until(lambda: len(upstream.told) == 2)
        assert [each["path"] for each in upstream.told] == ["/v1/event/4", "/v1/event/5"]
        assert {each["eventStatus"] for each in upstream.told} == {5}
        codes = [json.loads(each["result"])["code"] for each in upstream.told]
        assert codes == ["unknown_event_type", "bad_parameters"]
        assert await stores.own.services.events.handed_out_by(client.url) == []
