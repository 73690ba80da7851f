"""Events over HTTP: what is answered, what is stored, what is refused."""

import asyncio
import json
import re
import threading
from typing import Any

import pytest
from fakes.clock import ManualClock
from fakes.served_store import SERIAL, ServedStore, SigningClient, until

from presets_store.api import answers
from presets_store.protocol.statuses import EventStatus
from presets_store.services.answers import Answer, encode

RECORDING = {"deviceSerial": SERIAL, "agentType": "Video", "eventType": "Video_Start_recording"}


async def create(client: SigningClient, **fields: Any) -> int:
    key: int = (await client.json("POST", "/v1/event", {**RECORDING, **fields}))["eventID"]
    return key


async def dequeue(client: SigningClient, **fields: Any) -> dict[str, Any]:
    body = {"deviceName": SERIAL, "deviceSerial": SERIAL, "agentType": "Video", "processID": 7, **fields}
    event: dict[str, Any] = await client.json("POST", "/v1/event/dequeue", body)
    return event


async def status_of(client: SigningClient, key: int) -> int:
    status: int = (await client.json("GET", f"/v1/event/{key}"))["eventStatus"]
    return status


async def test_created_event_is_answered_with_its_key_and_read_back(client: SigningClient) -> None:
    answer = await client.json("POST", "/v1/event", {**RECORDING, "eventParameters": '{"fps": 30, "mine": 1}'})
    key = answer["eventID"]
    assert answer == {"code": 0, "description": str(key), "eventID": key}
    assert await client.json("GET", f"/v1/event/{key}") == {
        "eventID": key, "key": key, "eventStatus": 1, "eventParameters": '{"fps": 30, "mine": 1}', "result": "",
        "percentComplete": 0.0, "priority": 1, "attemptNumber": 0, "maxAttempts": 0, "tagString": "", "tagNumber": 0,
    }  # fmt: skip


async def test_names_numbers_bare_members_and_first_letters_are_read(client: SigningClient, store: ServedStore) -> None:
    for body in (
        {"deviceID": store.device, "deviceSerial": "", "agentTypeID": 1, "eventTypeID": 1},
        {"deviceID": 0, "deviceSerial": SERIAL, "agentType": "video", "eventType": "start_recording"},
        {"DeviceName": "Lobby", "EventType": "VIDEO_START_RECORDING", "unknown": True},
    ):
        key = (await client.json("POST", "/v1/event", body))["eventID"]
        listed = await client.json("POST", "/v1/event/list", {"deviceID": store.device, "count": 1})
        assert (listed[0]["key"], listed[0]["eventType"]) == (key, "Video_Start_recording")
        assert listed[0]["deviceName"] == "Lobby"


async def test_refused_creations_name_what_would_be_right(client: SigningClient) -> None:
    for body, status, words in (
        ({**RECORDING, "eventParameters": {"fps": 30}}, 400, "JSON document inside a string"),
        ({**RECORDING, "eventParameters": "{"}, 400, "position"),
        ({**RECORDING, "eventParameters": '{"fps": "fast"}'}, 400, "fps"),
        ({**RECORDING, "eventType": "Video_Start_recordin"}, 400, "Video_Start_recording"),
        ({**RECORDING, "agentType": "Device"}, 400, "Video"),
        ({**RECORDING, "deviceSerial": "nobody"}, 404, "nobody"),
        ({**RECORDING, "deviceID": 4711}, 404, "4711"),
        ({"deviceSerial": SERIAL, "evenType": "Video_Test_event"}, 400, "evenType"),
        ({**RECORDING, "priority": "soon"}, 400, "priority"),
        ([], 400, "object"),
    ):
        answer = await client.call("POST", "/v1/event", body)
        assert answer.status == status, answer.body
        assert answer.headers["Content-Type"].startswith("application/problem+json")
        assert words in answer.json()["detail"]


async def test_life_of_an_event_through_a_devices_eyes(client: SigningClient) -> None:
    key = await create(client, maxAttempts=2)
    pending = await client.json("POST", "/v1/event/list/pending", {"deviceName": SERIAL})
    assert [(event["key"], event["eventStatusName"]) for event in pending] == [(key, "Pending")]

    event = await dequeue(client)
    assert (event["key"], event["eventStatus"], event["processID"]) == (key, EventStatus.CHECKED_OUT, 7)
    assert event["checkoutToken"]
    assert await client.json("POST", "/v1/event/list/pending", {"deviceName": SERIAL}) == []

    token = {"X-Checkout-Token": event["checkoutToken"]}
    running = await client.call(
        "PUT", f"/v1/event/{key}", {"eventStatus": 3, "attemptNumber": 9, "processID": 7}, headers=token
    )
    assert (running.status, running.body) == (200, b"")
    body = {"deviceName": SERIAL, "deviceSerial": SERIAL, "percentComplete": 42.5}
    patched = await client.call("PATCH", f"/v1/event/{key}/progress", body, headers=token)
    assert (patched.status, patched.body) == (200, b"")
    shown = await client.json("GET", f"/v1/event/{key}")
    assert (shown["eventStatus"], shown["percentComplete"], shown["attemptNumber"]) == (3, 42.5, 1)

    done = {"eventStatus": 4, "result": "ok", "processID": 7}
    assert (await client.call("PUT", f"/v1/event/{key}", done, headers=token)).status == 200
    assert (await client.call("PUT", f"/v1/event/{key}", done, headers=token)).status == 200
    changed = await client.call("PUT", f"/v1/event/{key}", {"eventStatus": 5, "result": "no"}, headers=token)
    assert (changed.status, changed.json()["code"]) == (409, "already_ended")
    assert (await client.json("GET", f"/v1/event/{key}"))["result"] == "ok"


async def test_nothing_to_dequeue_is_an_empty_200(client: SigningClient) -> None:
    answer = await client.call("POST", "/v1/event/dequeue", {"deviceName": SERIAL, "agentType": "Video"})
    assert (answer.status, answer.body) == (200, b"")


async def test_smaller_priority_first_then_oldest(client: SigningClient) -> None:
    keys = [await create(client, priority=priority) for priority in (5, 1, 1)]
    assert [(await dequeue(client))["key"] for _ in keys] == [keys[1], keys[2], keys[0]]


async def test_lease_runs_out_and_the_event_is_delivered_again(client: SigningClient, clock: ManualClock) -> None:
    key = await create(client)
    first = await dequeue(client)
    clock.advance(61)
    second = await dequeue(client, processID=8)
    assert second["key"] == key
    assert second["checkoutToken"] != first["checkoutToken"]
    late = await client.call(
        "PUT", f"/v1/event/{key}", {"eventStatus": 3, "processID": 7},
        headers={"X-Checkout-Token": first["checkoutToken"]},
    )  # fmt: skip
    assert (late.status, late.json()["code"]) == (409, "held_by_another")
    assert (await client.json("GET", f"/v1/event/{key}"))["attemptNumber"] == 0


async def test_expired_events_are_never_delivered(client: SigningClient, clock: ManualClock) -> None:
    key = await create(client, expirationEpoch=int(clock.now()) + 10)
    clock.advance(12)
    assert await client.json("POST", "/v1/event/list/pending", {"deviceName": SERIAL}) == []
    answer = await client.call("POST", "/v1/event/dequeue", {"deviceName": SERIAL, "agentType": "Video"})
    assert (answer.status, answer.body) == (200, b"")
    assert await status_of(client, key) == EventStatus.TIMED_OUT


async def test_progress_of_another_device_is_refused(client: SigningClient) -> None:
    await client.json("POST", "/v1/device", {"serialNumber": "other"})
    key = await create(client)
    answer = await client.call("PATCH", f"/v1/event/{key}/progress", {"deviceName": "other", "percentComplete": 1})
    assert answer.status == 400
    assert (await client.call("PATCH", f"/v1/event/{key}/progress", {"percentComplete": 101})).status == 400


async def test_cancel_waiting_at_once_and_running_through_end_process(client: SigningClient) -> None:
    waiting, running = await create(client, priority=9), await create(client)
    assert (await dequeue(client))["key"] == running
    body = {"deviceName": SERIAL, "eventStatus": 7, "events": [waiting, running]}
    assert (await client.call("PATCH", "/v1/event/status", body)).body == b""
    assert await status_of(client, waiting) == EventStatus.CANCELLED
    assert await status_of(client, running) == EventStatus.CHECKED_OUT
    end = await dequeue(client, agentType="Device")
    assert (end["eventTypeID"], json.loads(end["eventParameters"])) == (35, {"eventID": running})


async def test_status_of_several_events_is_all_or_nothing(client: SigningClient) -> None:
    key = await create(client)
    body = {"deviceName": SERIAL, "eventStatus": 7, "events": [key, 4711]}
    assert (await client.call("PATCH", "/v1/event/status", body)).status == 404
    assert await status_of(client, key) == EventStatus.PENDING


async def test_end_process_names_the_event_that_ends_it(client: SigningClient) -> None:
    key = await create(client)
    await dequeue(client)
    answer = await client.json("POST", f"/v1/event/endprocess/{key}")
    assert answer["code"] == 0
    assert (await dequeue(client, agentType="Device"))["key"] == int(answer["description"])
    assert (await client.call("POST", "/v1/event/endprocess/4711")).status == 404


async def test_clearing_answers_what_was_cleared(client: SigningClient, store: ServedStore) -> None:
    keys = [await create(client) for _ in range(3)]
    cleared = await client.json("DELETE", f"/v1/event/list/pending/{store.device}")
    assert [(event["key"], event["eventStatusName"]) for event in cleared] == [(key, "Cancelled") for key in keys]
    assert await client.json("DELETE", f"/v1/event/list/pending/{store.device}") == []
    assert (await client.call("DELETE", "/v1/event/list/pending/4711")).status == 404


async def test_list_by_date_device_count_and_order(
    client: SigningClient, store: ServedStore, clock: ManualClock
) -> None:
    first = await create(client)
    clock.advance(3600)
    second = await create(client)
    dates = [event["creationDate"] for event in await client.json("POST", "/v1/event/list", {"order": "asc"})]
    assert dates == sorted(dates)
    recent = await client.json("POST", "/v1/event/list", {"deviceID": store.device, "startDate": dates[1]})
    assert [event["key"] for event in recent] == [second]
    old = await client.json("POST", "/v1/event/list", {"endDate": dates[0]})
    assert [event["key"] for event in old] == [first]
    assert await client.json("POST", "/v1/event/list", {"deviceID": 4711}) == []


async def test_long_poll_is_woken_at_once(client: SigningClient, store: ServedStore) -> None:
    poll = asyncio.ensure_future(client.json("POST", "/v1/event/list/pending/longpoll", {"deviceName": SERIAL}))
    await until(lambda: store.services.wakeups._listeners)
    key = await create(client)
    answer = await asyncio.wait_for(poll, 2)
    assert [event["key"] for event in answer] == [key]
    assert await status_of(client, key) == EventStatus.PENDING


async def test_long_poll_ends_with_an_empty_list_after_its_hold(store: ServedStore, clock: ManualClock) -> None:
    poll = asyncio.ensure_future(store.client.json("POST", "/v1/event/list/pending/longpoll", {"deviceName": SERIAL}))
    began = clock.monotonic()
    while not poll.done():
        clock.advance(1)
        await asyncio.sleep(0.002)
    assert poll.result() == []
    assert clock.monotonic() - began >= 60


async def test_a_device_that_only_polls_is_heard_from_once_a_minute(store: ServedStore, clock: ManualClock) -> None:
    await create(store.client)
    heard = []
    for seconds in (100, 30, 29, 2, 61):
        clock.advance(seconds)
        await store.client.json("POST", "/v1/event/list/pending/longpoll", {"deviceName": SERIAL})
        device = await store.client.json("GET", f"/v1/device/{store.device}")
        heard.append(device["lastHeardFromDate"])
    assert heard[0] == heard[1] == heard[2] != ""
    assert heard[2] < heard[3] < heard[4]


async def test_long_poll_ends_when_its_client_goes(store: ServedStore) -> None:
    poll = asyncio.ensure_future(store.client.call("POST", "/v1/event/list/pending/longpoll", {"deviceName": SERIAL}))
    await until(lambda: store.services.wakeups._listeners)
    poll.cancel()
    await until(lambda: not store.services.wakeups._listeners)


async def test_recording_an_ended_event_is_idempotent_by_uuid(client: SigningClient) -> None:
    body = {
        "eventUUID": "0190b5c2-7a3b-7c4d-8e5f-0123456789ab", "deviceSerial": SERIAL,
        "eventType": "Video_Start_recording", "eventStatus": 4, "result": '{"clips": 1}', "attemptNumber": 1,
        "percentComplete": 100.0, "creationDate": "2026-11-24T00:00:00Z", "startDate": "2026-11-24T00:00:01Z",
        "endDate": "2026-11-24T00:00:09Z", "clockQuality": "floor", "bootID": "b", "cause": "startup",
    }  # fmt: skip
    first = await client.json("POST", "/v1/event/record", body)
    assert await client.json("POST", "/v1/event/record", body) == first
    shown = await client.json("GET", f"/v1/event/{first['eventID']}")
    assert (shown["eventStatus"], shown["result"], shown["attemptNumber"]) == (4, '{"clips": 1}', 1)
    other = await client.call("POST", "/v1/event/record", {**body, "eventStatus": 5})
    assert (other.status, other.json()["code"]) == (409, "record_differs")
    assert (await client.call("POST", "/v1/event/record", {**body, "eventStatus": 3})).status == 400


async def test_several_events_of_a_device_are_recorded_in_order_or_none_of_them(
    store: ServedStore, client: SigningClient
) -> None:
    def body(number: int, **more: object) -> dict[str, object]:
        name = f"0190b5c2-7a3b-7c4d-8e5f-{number:012}"
        return {"eventUUID": name, "deviceSerial": SERIAL, "eventTypeID": 11, "eventStatus": 4, **more}

    path = "/v1/event/record/list"
    first = await client.json("POST", path, [body(2), body(1)])
    keys = [answer["eventID"] for answer in first]
    assert keys == sorted(keys)
    shown = [await store.services.events.require(key) for key in keys]
    assert [event.uuid[-1] for event in shown] == ["2", "1"]
    again = await client.json("POST", path, [body(1), body(3), body(2)])
    assert [again[0], again[2]] == [first[1], first[0]]
    for odd, status in ((body(1, eventStatus=5), 409), (body(5, eventStatus=3), 400), (body(5, deviceSerial="?"), 404)):
        assert (await client.call("POST", path, [body(4), odd])).status == status
    assert len(await client.json("POST", "/v1/event/list", {})) == 3
    assert await client.json("POST", path, []) == []


async def test_a_long_list_is_written_outside_the_event_loop(
    store: ServedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty thousand events take half a second: nobody else may wait for that."""
    where: list[threading.Thread] = []

    def noted(answer: Answer) -> str:
        where.append(threading.current_thread())
        return encode(answer)

    for _ in range(3):
        await store.client.json("POST", "/v1/event", {"deviceSerial": SERIAL, "eventType": "Video_Test_event"})
    monkeypatch.setattr(answers, "encode", noted)
    short = await store.client.json("POST", "/v1/event/list", {})
    monkeypatch.setattr(answers, "LONG_LIST", 3)
    assert await store.client.json("POST", "/v1/event/list", {}) == short
    assert len(short) == 3
    assert [thread is threading.main_thread() for thread in where] == [True, False]


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_a_list_goes_on_where_its_last_page_ended(client: SigningClient, order: str) -> None:
    made = [(await client.json("POST", "/v1/event", RECORDING))["eventID"] for _ in range(5)]
    query: dict[str, str] = {}
    pages: list[list[int]] = []
    while True:
        answer = await client.call("POST", "/v1/event/list", {"count": 2, "order": order}, query=query)
        pages.append([event["key"] for event in answer.json()])
        if "Link" not in answer.headers:
            break
        link = re.fullmatch(r'</v1/event/list\?after=(\d+)>; rel="next"', answer.headers["Link"])
        assert link is not None
        query = {"after": link[1]}
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [key for page in pages for key in page] == (made if order == "asc" else made[::-1])
