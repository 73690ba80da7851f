"""Events that ended long ago: out of every list, found by their key, themselves again when somebody deals with them."""

import asyncio
from typing import Any

import pytest
from fakes.clock import ManualClock
from fakes.served_store import SERIAL, ServedStore, SigningClient
from fakes.stored import make_clip, make_event, make_report
from sqlalchemy import Connection, delete, func, select

from presets_store.clock import ClockQuality, micros
from presets_store.protocol.statuses import EventStatus
from presets_store.rules.event import Event
from presets_store.rules.workflow import step_cause
from presets_store.services.fleet import archive
from presets_store.storage.clips import adopt_clip
from presets_store.storage.events import find_event, insert_event
from presets_store.storage.outbox import add_to_outbox
from presets_store.storage.tables import archived_events, clips, events, outbox

DAY = 24 * 3600


async def ended(store: ServedStore, clock: ManualClock, *, days: float, **fields: Any) -> Event:
    """An event that ended so many days ago."""
    moment = micros(clock.now() - days * DAY)
    given = {"event_status": EventStatus.COMPLETE, "result": "Grüße", "created": moment, "ended": moment, **fields}
    return await store.services.database.write(lambda c: insert_event(c, make_event(store.device, **given)))


async def swept(store: ServedStore, clock: ManualClock) -> None:
    """A sweep that looks, however short ago the last one did."""
    clock.advance(archive.LOOK_EVERY)
    await store.services.archive.sweep()


async def archived(store: ServedStore) -> set[int]:
    statement = select(archived_events.c.key)
    return set(await store.services.database.read(lambda c: list(c.execute(statement).scalars())))


async def test_an_old_event_leaves_the_lists_and_is_found_by_its_key(
    store: ServedStore, client: SigningClient, clock: ManualClock
) -> None:
    old = await ended(store, clock, days=31)
    new = await ended(store, clock, days=29)
    pending = await ended(store, clock, days=31, event_status=EventStatus.PENDING)
    before = await client.json("GET", f"/v1/event/{old.key}")
    await store.services.sweep()
    assert await archived(store) == {old.key}
    assert await client.json("GET", f"/v1/event/{old.key}") == before
    listed = await client.json("POST", "/v1/event/list", {})
    assert [event["key"] for event in listed] == [pending.key, new.key]
    assert await store.services.database.read(lambda c: find_event(c, old.key)) == old, "every member of it"


async def test_what_is_still_needed_stays(store: ServedStore, clock: ManualClock) -> None:
    workflow = await ended(store, clock, days=40, event_status=EventStatus.PROCESSING, ended=0)
    step = await ended(store, clock, days=40, cause=step_cause(workflow.uuid, 0))
    reported = await ended(store, clock, days=40)
    await store.services.database.write(lambda c: add_to_outbox(c, make_report(reported)))
    other = await ended(store, clock, days=40, cause=step_cause("0" * 36, 0))
    await swept(store, clock)
    assert await archived(store) == {other.key}

    def finish(connection: Connection) -> None:
        connection.execute(delete(outbox))
        done = events.update().where(events.c.key == workflow.key)
        connection.execute(done.values(event_status=EventStatus.COMPLETE, ended=micros(clock.now())))

    await store.services.database.write(finish)
    await swept(store, clock)
    assert await archived(store) == {other.key, step.key, reported.key}


async def test_a_late_word_brings_an_event_back(store: ServedStore, client: SigningClient, clock: ManualClock) -> None:
    lost = await ended(store, clock, days=31, event_status=EventStatus.TIMED_OUT, holder=f"{store.device}:1:7")
    clip = make_clip(store.device, event_key=lost.key, event_uuid=lost.uuid)
    await store.services.database.write(lambda c: adopt_clip(c, clip))
    of_clip = select(clips.c.event_key, clips.c.event_uuid)
    await swept(store, clock)
    assert await archived(store) == {lost.key}
    assert await store.services.database.read(lambda c: c.execute(of_clip).one()) == (None, lost.uuid)
    body = {"deviceSerial": SERIAL, "eventStatus": 4, "result": "filmed", "processID": 7}
    assert (await client.call("PUT", f"/v1/event/{lost.key}", body)).status == 200
    assert not await archived(store)
    listed = await client.json("POST", "/v1/event/list", {})
    assert [(event["key"], event["eventStatusName"]) for event in listed] == [(lost.key, "Complete")]
    assert await store.services.database.read(lambda c: c.execute(of_clip).one()) == (lost.key, lost.uuid)


async def test_a_refused_word_leaves_the_archive_as_it_was(
    store: ServedStore, client: SigningClient, clock: ManualClock
) -> None:
    old = await ended(store, clock, days=31)
    await swept(store, clock)
    answer = await client.call("PUT", f"/v1/event/{old.key}", {"deviceSerial": SERIAL, "eventStatus": 5})
    assert answer.status == 409
    assert await archived(store) == {old.key}


async def test_an_archived_event_is_still_known(store: ServedStore, client: SigningClient, clock: ManualClock) -> None:
    body = {
        "deviceSerial": SERIAL, "eventType": "Video_Start_recording", "eventStatus": 4,
        "eventUUID": "018f0000-0000-7000-8000-000000000001",
        "creationDate": "2026-01-01T00:00:00Z", "startDate": "2026-01-01T00:00:00Z",
        "endDate": "2026-01-01T00:00:01Z", "eventParameters": "{}", "result": "",
    }  # fmt: skip
    first = await client.json("POST", "/v1/event/record", body)
    await swept(store, clock)
    assert await archived(store) == {first["eventID"]}
    assert await client.json("POST", "/v1/event/record", body) == first


async def test_archived_events_are_deleted_in_the_end(
    store: ServedStore, client: SigningClient, clock: ManualClock
) -> None:
    ancient, old = await ended(store, clock, days=366), await ended(store, clock, days=364)
    await swept(store, clock)
    assert await archived(store) == {old.key}
    assert (await client.call("GET", f"/v1/event/{ancient.key}")).status == 404
    clock.advance(2 * DAY)
    await swept(store, clock)
    assert not await archived(store)


async def test_nothing_is_archived_while_nobody_knows_how_late_it_is(store: ServedStore, clock: ManualClock) -> None:
    await ended(store, clock, days=31)
    clock.declared = ClockQuality.FLOOR
    await swept(store, clock)
    assert not await archived(store)


async def test_zero_days_is_never(store: ServedStore, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = await ended(store, clock, days=9000)
    monkeypatch.setattr(store.services.archive, "_archiving", archive.Archiving(archive_after_days=0))
    await swept(store, clock)
    monkeypatch.setattr(store.services.archive, "_archiving", archive.Archiving(keep_archive_days=0))
    assert not await archived(store)
    await swept(store, clock)
    assert await archived(store) == {kept.key}


async def test_much_is_archived_some_at_a_time_and_two_do_it_together(
    store: ServedStore, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for days in range(31, 51):
        await ended(store, clock, days=days)
    monkeypatch.setattr(archive, "EVENTS_AT_ONCE", 3)
    monkeypatch.setattr(archive, "WRITES_AT_ONCE", 2)
    clock.advance(archive.LOOK_EVERY)
    await store.services.archive.sweep()
    assert len(await archived(store)) == 6, "the next sweep goes on"
    twin = archive.Archive(store.services.events._units, clock, archive.ARCHIVING)
    for _ in range(3):
        await asyncio.gather(store.services.archive.sweep(), twin.sweep())
    assert len(await archived(store)) == 20
    left = select(func.count()).select_from(events)
    assert await store.services.database.read(lambda c: c.execute(left).scalar()) == 0


async def test_what_somebody_has_locked_is_left_to_him(
    store: ServedStore, clock: ManualClock, database_url: str
) -> None:
    if store.services.database.dialect == "sqlite":
        pytest.skip("one transaction writes at a time")
    import asyncpg  # type: ignore[import-untyped]

    held, free = await ended(store, clock, days=50), await ended(store, clock, days=40)
    other = await asyncpg.connect(database_url)
    async with other.transaction():
        await other.execute("SELECT key FROM events WHERE key = $1 FOR UPDATE", held.key)
        await swept(store, clock)
        assert await archived(store) == {free.key}
    await other.close()
    await swept(store, clock)
    assert await archived(store) == {free.key, held.key}
