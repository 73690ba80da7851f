import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from fakes.stored import make_device, make_event
from sqlalchemy import Connection

from presets_store.protocol.statuses import EventStatus
from presets_store.rules.commands import Checkout
from presets_store.rules.event import Event
from presets_store.rules.lifecycle import transition
from presets_store.storage import Database, LostUpdate, open_database
from presets_store.storage.devices import insert_device
from presets_store.storage.events import (
    accept_event,
    claim_pending,
    delete_event,
    expired_events,
    get_event,
    get_event_for_update,
    insert_event,
    list_events,
    overdue_checkouts,
    pending_events,
    silent_events,
    unfinished_events,
    update_event,
)
from presets_store.storage.nonces import use_nonce
from presets_store.storage.records import Device

NOW = 1_800_000_000_000_000
SECOND = 1_000_000


def checkout(holder: str = "1:1:1", **fields: Any) -> Checkout:
    given = {"token": f"token of {holder}", "lease_until": NOW + 60 * SECOND, "clock_trusted": True, "process_id": 17}
    return Checkout(**{"holder": holder, **given, **fields})


async def stored(database: Database, device: Device, **fields: Any) -> Event:
    return await database.write(lambda connection: insert_event(connection, make_event(device.key, **fields)))


@pytest.fixture
async def second(url: str, database: Database) -> AsyncIterator[Database]:
    """The same database as another process would have it."""
    opened = await open_database(url)
    yield opened
    await opened.close()


async def test_a_change_is_written_once(database: Database, device: Device) -> None:
    event = await stored(database, device)
    taken = replace(event, event_status=EventStatus.CHECKED_OUT, checkout_token="t", modified=NOW)
    await database.write(lambda c: update_event(c, event, taken))
    assert await database.read(lambda c: get_event(c, event.key)) == taken
    await database.write(lambda c: update_event(c, taken, taken))
    for stale in (event, replace(taken, checkout_token="x"), replace(taken, attempt_number=1)):
        with pytest.raises(LostUpdate) as caught:
            await database.write(lambda c, old=stale: update_event(c, old, replace(old, result="late")))  # type: ignore[misc]
        assert caught.value.fields["key"] == event.key
    assert await database.read(lambda c: get_event(c, event.key)) == taken
    await database.write(lambda c: delete_event(c, event.key))
    with pytest.raises(LostUpdate):
        await database.write(lambda c: update_event(c, taken, replace(taken, result="gone")))


async def test_claims_follow_priority_then_age_and_the_agent_type(database: Database, device: Device) -> None:
    other = await database.write(lambda c: insert_device(c, make_device()))
    await stored(database, other)
    wanted = [
        await stored(database, device, priority=1, tag_string="second"),
        await stored(database, device, priority=0, tag_string="first"),
        await stored(database, device, priority=1, tag_string="third", agent_type_id=11),
    ]
    await stored(database, device, agent_type_id=4)
    await stored(database, device, event_status=EventStatus.PROCESSING)
    waiting = await database.read(lambda c: pending_events(c, device.key, (1, 11)))
    claimed = [await database.write(lambda c: claim_pending(c, device.key, (1, 11), NOW, checkout())) for _ in range(4)]
    assert [event and event.tag_string for event in claimed] == ["first", "second", "third", None]
    assert [event.tag_string for event in waiting] == ["first", "second", "third"]
    assert claimed[1] == transition(wanted[0], checkout(), NOW).event
    assert await database.read(lambda c: get_event(c, wanted[0].key)) == claimed[1]


@pytest.mark.parametrize(("after", "delivered"), [(-SECOND, False), (0, False), (1, True), (SECOND, True)])
async def test_an_expired_event_is_never_delivered(
    database: Database, device: Device, after: int, delivered: bool
) -> None:
    expiration = (NOW + SECOND) // SECOND
    event = await stored(database, device, expiration_epoch=expiration)
    now = expiration * SECOND - after
    assert await database.read(lambda c: expired_events(c, now)) == ([] if delivered else [event])
    claimed = await database.write(lambda c: claim_pending(c, device.key, (1,), now, checkout()))
    assert (claimed is not None) is delivered
    if not delivered:
        late = await database.write(lambda c: claim_pending(c, device.key, (1,), now, checkout(clock_trusted=False)))
        assert late is not None


async def test_what_needs_looking_after_is_found(database: Database, device: Device) -> None:
    pending = await stored(database, device)
    held = await stored(database, device, event_status=EventStatus.CHECKED_OUT, lease_until=NOW)
    running = await stored(database, device, event_status=EventStatus.PROCESSING, modified=NOW)
    ended = await stored(database, device, event_status=EventStatus.ERROR, created=5)
    assert await database.read(lambda c: unfinished_events(c, device.key)) == [pending, held, running]
    assert await database.read(lambda c: unfinished_events(c, statuses=(EventStatus.PROCESSING,))) == [running]
    assert await database.read(lambda c: overdue_checkouts(c, NOW)) == [held]
    assert await database.read(lambda c: overdue_checkouts(c, NOW - 1)) == []
    assert await database.read(lambda c: silent_events(c, NOW)) == [running]
    assert await database.read(lambda c: silent_events(c, NOW - 1)) == []
    assert await database.read(lambda c: list_events(c, device_key=device.key, limit=2)) == [ended, running]
    assert await database.read(lambda c: list_events(c, created_from=5)) == [ended]
    assert await database.read(lambda c: list_events(c, created_before=5, newest_first=False, limit=1)) == [pending]


async def test_race_each_event_is_claimed_by_one(database: Database, second: Database, device: Device) -> None:
    def fill(connection: Connection) -> set[int]:
        return {insert_event(connection, make_event(device.key)).key for _ in range(120)}

    async def claim_all(one: Database, holder: str) -> list[int]:
        mine = []
        while event := await one.write(lambda c: claim_pending(c, device.key, (1,), NOW, checkout(holder))):
            assert event.holder == holder
            mine.append(event.key)
        return mine

    keys = await database.write(fill)
    claimants = [claim_all((database, second)[number % 2], str(number)) for number in range(16)]
    shares = await asyncio.gather(*claimants)
    # On PostgreSQL a claimant may leave early: what it skipped was locked by one who then took it.
    assert sorted(key for share in shares for key in share) == sorted(keys)


async def test_race_no_locked_update_is_lost(database: Database, second: Database, device: Device) -> None:
    event = await stored(database, device)

    def count_up(connection: Connection) -> int:
        before = get_event_for_update(connection, event.key)
        assert before is not None
        update_event(connection, before, replace(before, attempt_number=before.attempt_number + 1))
        return before.attempt_number + 1

    counts = await asyncio.gather(*((database, second)[number % 2].write(count_up) for number in range(200)))
    assert sorted(counts) == list(range(1, 201))
    last = await database.read(lambda c: get_event(c, event.key))
    assert last is not None
    assert last.attempt_number == 200


async def test_race_an_update_on_old_knowledge_is_refused(database: Database, second: Database, device: Device) -> None:
    """Readers that do not lock either win or hear LostUpdate; each success is one step."""
    event = await stored(database, device)

    async def step(one: Database) -> bool:
        before = await one.read(lambda c: get_event(c, event.key))
        assert before is not None
        after = replace(before, attempt_number=before.attempt_number + 1)
        try:
            await one.write(lambda c: update_event(c, before, after))
        except LostUpdate:
            return False
        return True

    done = await asyncio.gather(*(step((database, second)[number % 2]) for number in range(64)))
    last = await database.read(lambda c: get_event(c, event.key))
    assert last is not None
    assert 1 <= last.attempt_number == sum(done)


async def test_race_a_redelivered_event_is_stored_once(database: Database, second: Database, device: Device) -> None:
    async def deliver(one: Database) -> tuple[Event, bool]:
        return await one.write(lambda c: accept_event(c, make_event(device.key, upstream="hub", remote_id=5)))

    answers = await asyncio.gather(*(deliver((database, second)[number % 2]) for number in range(32)))
    assert sum(new for _, new in answers) == 1
    assert len({event.uuid for event, _ in answers}) == 1


async def test_race_a_nonce_is_used_once(database: Database, second: Database) -> None:
    uses = (
        (database, second)[number % 2].write(lambda c: use_nonce(c, "key", "nonce", expires=1)) for number in range(32)
    )
    assert sum(await asyncio.gather(*uses)) == 1
