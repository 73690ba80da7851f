"""`POST /v1/event/dequeue/longpoll`: the poll and the dequeue in one."""

import asyncio
from typing import Any

import pytest
from fakes.clock import ManualClock
from fakes.served_store import SERIAL, Answer, ServedStore, SigningClient, until

from presets_store.protocol.statuses import EventStatus
from presets_store.services.caller import INSIDE
from presets_store.services.people.keys import NewKey

PATH = "/v1/event/dequeue/longpoll"
BODY = {"deviceName": SERIAL, "agentTypes": ["Device", "Video"], "processID": 7}
Poll = asyncio.Task[Answer]


async def create(store: ServedStore, event_type: str = "Video_Test_stop", **fields: Any) -> int:
    body = {"deviceSerial": SERIAL, "eventType": event_type, **fields}
    key: int = (await store.client.json("POST", "/v1/event", body))["eventID"]
    return key


async def waiting(store: ServedStore, client: SigningClient | None = None, key: str = "") -> Poll:
    headers = {"Idempotency-Key": key} if key else {}
    poll = asyncio.ensure_future((client or store.client).call("POST", PATH, BODY, headers=headers))
    await until(lambda: store.services.wakeups.polls_waiting)
    return poll


async def status_of(store: ServedStore, key: int) -> EventStatus:
    return (await store.services.events.require(key)).event_status


async def test_what_waits_is_checked_out_at_once_the_most_urgent_first(store: ServedStore) -> None:
    later, first = await create(store), await create(store, "Device_Send_network_list", priority=0)
    taken = [await store.client.json("POST", PATH, BODY) for _ in "ab"]
    assert [each["key"] for each in taken] == [first, later]
    assert all(each["checkoutToken"] for each in taken)
    assert await status_of(store, first) is EventStatus.CHECKED_OUT
    report = {"eventStatus": 3, "processID": 7}
    answer = await store.client.call("PUT", f"/v1/event/{later}", report)
    assert answer.status == 200, "who took it may report on it"


async def test_what_comes_while_it_waits_is_handed_out_at_once(store: ServedStore) -> None:
    poll = await waiting(store)
    key = await create(store)
    answer = await asyncio.wait_for(poll, 5)
    assert (answer.status, answer.json()["key"]) == (200, key)
    assert await status_of(store, key) is EventStatus.CHECKED_OUT


async def test_an_event_of_another_agent_type_is_left(store: ServedStore, clock: ManualClock) -> None:
    key = await create(store, "Video_Test_stop")
    body = {**BODY, "agentTypes": ["Device"]}
    poll = asyncio.ensure_future(store.client.call("POST", PATH, body))
    began = clock.monotonic()
    while not poll.done():
        clock.advance(1)
        await asyncio.sleep(0.002)
    assert (poll.result().status, poll.result().body) == (200, b"")
    assert clock.monotonic() - began >= 60
    assert await status_of(store, key) is EventStatus.PENDING


async def test_a_lost_answer_is_had_again_under_its_key_and_no_other_event(store: ServedStore) -> None:
    poll = await waiting(store, key="once")
    first = await create(store)
    answer = await asyncio.wait_for(poll, 5)
    second = await create(store)
    again = await store.client.call("POST", PATH, BODY, headers={"Idempotency-Key": "once"})
    assert again.json() == answer.json()
    assert (again.json()["key"], await status_of(store, second)) == (first, EventStatus.PENDING)


async def test_of_two_that_wait_one_gets_the_event(store: ServedStore) -> None:
    polls = [await waiting(store), await waiting(store)]
    await until(lambda: store.services.wakeups.polls_waiting == 2)
    key = await create(store)
    done, left = await asyncio.wait(polls, timeout=5, return_when=asyncio.FIRST_COMPLETED)
    other = await create(store)
    if left:
        done |= (await asyncio.wait(left, timeout=5))[0]
    handed = [poll.result().json()["key"] for poll in done if poll.result().body]
    assert sorted(handed) in ([key], [key, other])
    assert len(handed) == len(set(handed))


@pytest.mark.parametrize("path", [PATH, "/v1/event/list/pending/longpoll"])
async def test_a_key_that_is_revoked_meanwhile_gets_nothing(store: ServedStore, path: str) -> None:
    keys = store.services.keys
    made: NewKey = await keys.create(INSIDE, "a device's")
    client = SigningClient(store.root, made, store.clock, store.client.session)
    poll = asyncio.ensure_future(client.call("POST", path, BODY if path == PATH else {"deviceName": SERIAL}))
    await until(lambda: store.services.wakeups.polls_waiting)
    await keys.revoke(INSIDE, made.key)
    key = await create(store)
    answer = await asyncio.wait_for(poll, 5)
    assert answer.status == 401
    assert await status_of(store, key) is EventStatus.PENDING
