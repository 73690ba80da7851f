"""What the device's own agent does with its store: attempts, outcomes with their reports, sweeps, wake-ups, keys."""

import asyncio
import json
from typing import Any

import pytest
from fakes.clock import ManualClock
from fakes.served_store import SEALER, SERIAL, ServedStore
from sqlalchemy import Connection, text

from presets_store.clock import ClockQuality
from presets_store.protocol.filters import DateAndCountFilter
from presets_store.protocol.statuses import EventStatus
from presets_store.rules.commands import AlreadyEnded, EventExpired, StaleAttempt
from presets_store.rules.event import Event
from presets_store.services import build_services
from presets_store.services.caller import INSIDE
from presets_store.services.errors import KeyUnknown, NotFound
from presets_store.storage.events import get_event
from presets_store.storage.nonces import UNTIL_REBOOT, use_nonce
from presets_store.storage.presets import insert_preset
from presets_store.storage.records import Preset


async def queue(store: ServedStore, **fields: Any) -> int:
    body = {"deviceSerial": SERIAL, "eventType": "Video_Test_event", **fields}
    key: int = (await store.client.json("POST", "/v1/event", body))["eventID"]
    return key


async def begin(store: ServedStore, key: int, boot: str = "boot") -> Event:
    return await store.services.events.begin(key, holder=f"{store.device}:1:7", boot_id=boot, process_id=7)


async def stored(store: ServedStore, key: int) -> Event:
    event = await store.services.database.read(lambda connection: get_event(connection, key))
    assert event is not None
    return event


async def test_an_attempt_from_begin_to_finish(store: ServedStore) -> None:
    events = store.services.events
    key = await queue(store)
    assert [event.key for event in await events.pending(store.device)] == [key]
    begun = await begin(store, key)
    assert (begun.event_status, begun.attempt_number, begun.boot_id) == (EventStatus.PROCESSING, 1, "boot")
    assert await events.pending(store.device) == []
    assert [event.key for event in await events.unfinished(store.device)] == [key]
    assert (await events.save_progress(key, 1, 30.0)).percent_complete == 30.0
    done = await events.finish(key, 1, EventStatus.COMPLETE, '{"seconds": 2}')
    assert (done.event_status, done.percent_complete, done.result) == (EventStatus.COMPLETE, 100.0, '{"seconds": 2}')
    assert await events.finish(key, 1, EventStatus.COMPLETE, '{"seconds": 2}') == done
    with pytest.raises(AlreadyEnded):
        await events.finish(key, 1, EventStatus.ERROR, "{}")
    assert await events.unfinished(store.device) == []
    assert (await events.require(key)).key == key
    with pytest.raises(NotFound):
        await events.require(key + 1)


async def test_two_begins_start_one_attempt(store: ServedStore) -> None:
    key = await queue(store)
    results = await asyncio.gather(begin(store, key), begin(store, key), return_exceptions=True)
    assert sum(isinstance(result, Event) for result in results) == 1
    (event,) = await store.services.events.unfinished(store.device)
    assert event.attempt_number == 1


async def test_interrupted_goes_on_while_attempts_remain(store: ServedStore) -> None:
    events = store.services.events
    key = await queue(store, maxAttempts=2)
    await begin(store, key)
    again = await events.interrupt(key, 1, '{"error": "interrupted"}')
    assert again.event_status is EventStatus.PENDING
    assert (await begin(store, key)).attempt_number == 2
    with pytest.raises(StaleAttempt):
        await events.finish(key, 1, EventStatus.COMPLETE, "{}")
    ended = await events.interrupt(key, 2, '{"error": "interrupted"}')
    assert (ended.event_status, ended.result) == (EventStatus.ERROR, '{"error": "interrupted"}')
    with pytest.raises(NotFound):
        await events.interrupt(4711, 1, "")


async def test_an_outcome_and_its_report_are_written_together(reporting_store: ServedStore) -> None:
    store = reporting_store
    key = await queue(store, eventParameters='{"durationSeconds": 2}')
    await begin(store, key)
    assert await store.services.outbox.due("hub", 9) == []
    with store.services.wakeups.listening(store.device) as woken:
        await store.services.events.finish(key, 1, EventStatus.ERROR, "broken")
        assert woken.is_set()
    (item,) = await store.services.outbox.due("hub", 9)
    body = json.loads(item.body)
    assert (body["eventStatus"], body["result"], body["attemptNumber"]) == (5, "broken", 1)
    assert (body["deviceSerial"], body["eventParameters"]) == (SERIAL, '{"durationSeconds": 2}')
    assert body["endDate"].endswith("Z")
    await store.services.events.finish(key, 1, EventStatus.ERROR, "broken")
    await store.services.outbox.settle([item])
    assert await store.services.outbox.depth("hub") == 0


async def test_a_report_is_what_the_record_route_takes(reporting_store: ServedStore, clock: ManualClock) -> None:
    store = reporting_store
    key = await queue(store)
    clock.advance(1)
    assert (await store.client.call("DELETE", f"/v1/event/list/pending/{store.device}")).status == 200
    (item,) = await store.services.outbox.due("hub", 9)
    answers = [await store.client.json("POST", "/v1/event/record", item.body) for _ in "ab"]
    assert answers[0] == answers[1]
    assert answers[0]["eventID"] == key


async def test_events_of_other_devices_are_not_reported(reporting_store: ServedStore) -> None:
    store = reporting_store
    other = (await store.client.json("POST", "/v1/device", {"serialNumber": "other"}))["key"]
    await queue(store, deviceSerial="", deviceID=other)
    await store.client.json("DELETE", f"/v1/event/list/pending/{other}")
    assert await store.services.outbox.depth("hub") == 0


async def test_sweep_returns_leases_expires_and_ends_the_silent(store: ServedStore, clock: ManualClock) -> None:
    events, client = store.services.events, store.client
    other = (await client.json("POST", "/v1/device", {"serialNumber": "other"}))["key"]
    leased = await queue(store)
    await client.json("POST", "/v1/event/dequeue", {"deviceName": SERIAL, "agentType": "Video"})
    expiring = await queue(store, expirationEpoch=int(clock.now()) + 5)
    own, silent = await queue(store, agentType="Video"), await queue(store, deviceSerial="other")
    await begin(store, own)
    await client.call("PUT", f"/v1/event/{silent}", {"eventStatus": 3})
    assert await events.sweep() == 0
    with store.services.wakeups.listening(store.device) as woken:
        clock.advance(61)
        assert await events.sweep() == 2
        assert woken.is_set()
    clock.advance(24 * 3600)
    assert await events.sweep() == 1
    statuses = {event["key"]: event["eventStatusName"] for event in await client.json("POST", "/v1/event/list", {})}
    assert statuses == {leased: "Pending", expiring: "Timed_out", own: "Processing", silent: "Timed_out"}
    assert [event.key for event in await events.pending(other)] == []


async def test_expiry_waits_for_a_clock_that_can_be_trusted(store: ServedStore, clock: ManualClock) -> None:
    key = await queue(store, expirationEpoch=int(clock.now()) + 5)
    clock.declared = ClockQuality.FLOOR
    clock.advance(10)
    assert await store.services.events.sweep() == 0
    assert [event.key for event in await store.services.events.pending(store.device)] == [key]
    clock.declared = ClockQuality.SYNCHRONISED
    assert await store.services.events.pending(store.device) == []
    with pytest.raises(EventExpired):
        await begin(store, key)


async def test_own_device_is_the_same_after_a_restart(store: ServedStore) -> None:
    services = await build_services(store.services.database, store.clock, SEALER, own_serial=SERIAL, own_name="Balcony")
    assert services.own is not None
    assert (services.own.key, services.own.device_name) == (store.device, "Balcony")


async def test_first_key_is_made_once_and_only_kept_sealed(store: ServedStore) -> None:
    assert await store.services.keys.create_first() is None
    key = store.client.key
    assert key.access_key.endswith("==")
    assert len(key.secret) == 64
    assert key.secret.isalnum()

    def kept(connection: Connection) -> list[bytes]:
        rows = connection.execute(text("SELECT * FROM keys")).all()
        return [value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row]

    assert not any(key.secret.encode() in value for value in await store.services.database.read(kept))
    fresh = await build_services(store.services.database, store.clock, SEALER)
    assert (await fresh.keys.signer_of(key.access_key)).secret == key.secret
    with pytest.raises(KeyUnknown):
        await fresh.keys.signer_of("bm9ib2R5==")


async def test_old_nonces_are_swept_those_of_a_boot_at_the_next(store: ServedStore, clock: ManualClock) -> None:
    database = store.services.database
    await build_services(database, clock, SEALER, boot_id="one")
    await database.write(lambda connection: use_nonce(connection, "k", "lasting", expires=UNTIL_REBOOT))
    await queue(store)

    def nonces(connection: Connection) -> int:
        return int(connection.execute(text("SELECT count(*) FROM nonces")).scalar_one())

    assert await database.read(nonces) == 2
    clock.advance(3600)
    await store.services.sweep()
    assert await database.read(nonces) == 1
    await build_services(database, clock, SEALER, boot_id="one")
    assert await database.read(nonces) == 1
    await build_services(database, clock, SEALER, boot_id="two")
    assert await database.read(nonces) == 0


async def test_a_late_report_corrects_a_timeout_only_by_its_holder(store: ServedStore, clock: ManualClock) -> None:
    client = store.client
    await client.json("POST", "/v1/device", {"serialNumber": "other"})
    key = await queue(store, deviceSerial="other")
    body = {"deviceName": "other", "agentType": "Video", "processID": 7}
    event = await client.json("POST", "/v1/event/dequeue", body)
    token = {"X-Checkout-Token": event["checkoutToken"]}
    await client.call("PUT", f"/v1/event/{key}", {"eventStatus": 3, "processID": 7}, headers=token)
    clock.advance(25 * 3600)
    assert await store.services.events.sweep() == 1
    late = {"eventStatus": 4, "result": "it worked", "processID": 7}
    assert (await client.call("PUT", f"/v1/event/{key}", late, headers=token)).status == 200
    shown = await client.json("GET", f"/v1/event/{key}")
    assert (shown["eventStatus"], shown["result"]) == (EventStatus.COMPLETE, "it worked")


async def test_progress_is_seen_at_once_and_stored_with_the_outcome(store: ServedStore) -> None:
    key = await queue(store)
    event = await begin(store, key)
    store.services.events.publish_progress(event, 37.5)
    assert (await store.services.events.get(INSIDE, key)).percent_complete == 37.5
    listed = await store.services.events.find(INSIDE, DateAndCountFilter())
    assert [one.percent_complete for one in listed] == [37.5]
    assert (await stored(store, key)).percent_complete == 0.0, "flash wears"
    await store.services.events.finish(key, 1, EventStatus.ERROR, "{}")
    assert (await stored(store, key)).percent_complete == 37.5


async def test_progress_of_an_attempt_that_is_over_is_not_shown_in_the_next(store: ServedStore) -> None:
    key = await queue(store, maxAttempts=2)
    event = await begin(store, key)
    store.services.events.publish_progress(event, 80.0)
    await store.services.events.interrupt(key, 1, '{"code": "interrupted"}')
    await begin(store, key)
    assert (await store.services.events.get(INSIDE, key)).percent_complete == 0.0


async def test_an_outcome_too_long_for_a_report_still_ends_the_event(reporting_store: ServedStore) -> None:
    """A recording of many segments names each of its clips: its event must not stay Processing for that."""
    services = reporting_store.services
    key = await queue(reporting_store)
    await begin(reporting_store, key)
    result = json.dumps({"code": "storage_full", "clips": [{"file": f"clip-{number}.mp4"} for number in range(5000)]})
    ended = await services.events.finish(key, 1, EventStatus.ERROR, result)
    assert ended.event_status is EventStatus.ERROR
    kept = json.loads(ended.result)
    assert kept["code"] == "storage_full"
    assert str(len(result)) in kept["note"]
    assert await services.events.finish(key, 1, EventStatus.ERROR, result) == ended
    (report,) = await services.outbox.due("hub", 9)
    assert json.loads(report.body)["result"] == ended.result
    record = await reporting_store.client.call("POST", "/v1/event/record", report.body)
    assert record.status == 200, record.body


async def test_running_a_preset_of_a_group_says_that_there_is_no_such_group(store: ServedStore) -> None:
    preset = Preset(uuid="u", device_group_id=9, agent_type_id=1, event_type_id=7)
    key = (await store.services.database.write(lambda connection: insert_preset(connection, preset))).key
    answer = await store.client.call("POST", f"/v1/eventpreset/run/{key}", {})
    assert answer.status == 404
    assert answer.json()["detail"].startswith("There is no device group 9.")
    assert "EventID" in await store.client.json("POST", f"/v1/eventpreset/run/{key}", {"data": [store.device]})
