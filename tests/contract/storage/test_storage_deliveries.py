import asyncio
import json

import pytest
from fakes.telling import Telling
from sqlalchemy import update

from presets_store.delivery.children import Outcome
from presets_store.delivery.outbox import Kind, enqueue_test
from presets_store.delivery.settling import LEASE, take
from presets_store.local_zone import UTC_ZONE
from presets_store.services.caller import INSIDE
from presets_store.storage import Database, open_database
from presets_store.storage.people.records import UserStatus
from presets_store.storage.people.tables import users
from presets_store.storage.scripts import deliveries
from presets_store.storage.scripts.records import Delivery, DeliveryStatus, ScriptStatus

SECOND = 1_000_000
NIGHT = json.dumps({"from": "22:00:00", "to": "06:59:59"})


@pytest.fixture
def telling(database: Database) -> Telling:
    return Telling(database)


def advance(telling: Telling, seconds: float) -> None:
    telling.clock.advance(seconds)  # type: ignore[attr-defined]


def states(rows: list[Delivery]) -> list[str]:
    return [row.status.value for row in rows]


async def test_each_active_channel_of_each_active_user_is_told_once(telling: Telling) -> None:
    guard, disabled = await telling.user(), await telling.user("gone")
    await telling.database.write(
        lambda c: c.execute(update(users).where(users.c.key == disabled).values(status=UserStatus.DISABLED))
    )
    for user in (guard, guard, disabled):
        await telling.channel(user)
    await telling.channel(guard, status=ScriptStatus.INACTIVE)
    await telling.channel(guard, upstream="hub")
    script, trigger = await telling.script(), await telling.trigger()

    assert await telling.tell(script, [guard, disabled, 999], trigger=trigger) == 2
    assert await telling.tell(script, [guard, disabled], trigger=trigger) == 0
    assert await telling.send_due() == ["somebody", "somebody"]
    assert states(await telling.rows()) == ["sent", "sent"]
    assert await telling.send_due() == []


async def test_a_mirrored_script_tells_users_of_its_upstream_when_it_may(telling: Telling) -> None:
    await telling.channel(7, upstream="hub")
    await telling.tell(await telling.script(upstream="hub"), [7])
    assert await telling.send_due(mirrored=False) == []
    assert await telling.send_due(mirrored=True) == ["somebody"]


async def test_what_was_told_elsewhere_is_noted(telling: Telling) -> None:
    guard = await telling.user()
    channel = await telling.channel(guard)
    script = await telling.script(cooldown_seconds=60)
    assert await telling.tell(script, [guard], sent=[(guard, channel.uuid)]) == 1
    assert await telling.send_due() == []
    await telling.tell(script, [guard])
    assert await telling.send_due() == []  # the cooldown counts from there
    advance(telling, 61)
    assert await telling.send_due() == ["somebody"]


async def test_a_cooldown_counts_from_what_was_sent_and_ends_in_a_digest(telling: Telling) -> None:
    guard = await telling.user()
    await telling.channel(guard)
    script, other = await telling.script(cooldown_seconds=60), await telling.script()
    await telling.tell(script, [guard], "first")
    assert await telling.send_due(Outcome(False, "no link")) == ["first"]
    advance(telling, 6)
    assert await telling.send_due() == ["first"]  # its failure had started no cooldown

    for number in range(3):
        advance(telling, 10)
        await telling.tell(script, [guard], f"held {number}")
        await telling.tell(other, [guard], f"other {number}")
        assert await telling.send_due() == [f"other {number}"]
    assert "held" in states(await telling.rows())
    advance(telling, 31)
    assert await telling.send_due() == ["3 notifications"]
    rows = await telling.rows()
    assert [row.status for row in rows if row.title.startswith("held")].count(DeliveryStatus.DROPPED) == 2
    await telling.tell(script, [guard], "again")
    assert await telling.send_due() == []  # a digest starts a cooldown too


async def test_quiet_hours_hold_and_then_tell_all_in_one(telling: Telling) -> None:
    guard = await telling.user()
    await telling.channel(guard, quiet=NIGHT)
    script = await telling.script()
    start = telling.clock.now() % 86_400
    advance(telling, 86_400 - start + 23 * 3600)
    for number in range(5):
        await telling.tell(script, [guard], f"at night {number}")
    assert await telling.send_due() == []
    advance(telling, 8 * 3600 - 1)
    assert await telling.send_due() == []
    advance(telling, 1)
    assert await telling.send_due() == ["5 notifications"]


async def test_after_an_outage_there_is_one_digest(telling: Telling) -> None:
    guard = await telling.user()
    await telling.channel(guard)
    script = await telling.script()
    tries = 0
    for number in range(10):
        await telling.tell(script, [guard], f"{number}")
        tries += len(await telling.send_due(Outcome(False, "no link")))
        advance(telling, 60)
    assert tries <= 11  # what is new waits with what failed
    advance(telling, 900)
    assert await telling.send_due() == ["10 notifications"]


async def test_nobody_is_told_after_a_day(telling: Telling) -> None:
    guard = await telling.user()
    await telling.channel(guard)
    await telling.tell(await telling.script(), [guard])
    for _ in range(30):
        await telling.send_due(Outcome(False, "no link"))
        advance(telling, 3600)
    (row,) = await telling.rows()
    assert (row.status, row.result) == (DeliveryStatus.FAILED, "no link")


async def test_a_flood_is_counted_not_kept(telling: Telling) -> None:
    guard = await telling.user()
    await telling.channel(guard)
    script = await telling.script(cooldown_seconds=60)
    hook = await telling.script(reaction="webhook")
    await telling.tell(script, [guard])
    assert await telling.send_due() == ["somebody"]
    for _ in range(60):
        await telling.tell(script, [guard])
        await telling.tell(hook, kind=Kind.WEBHOOK)
    rows = await telling.rows()
    assert len(rows) == 1 + 20 + 60
    assert sum(row.more for row in rows) == 40
    advance(telling, 61)
    assert "60 notifications" in await telling.send_due()


@pytest.mark.parametrize("gone", ["channel", "script"])
async def test_what_cannot_be_told_any_more_fails(telling: Telling, gone: str) -> None:
    guard = await telling.user()
    channel = await telling.channel(guard)
    script = await telling.script(reaction="webhook")
    if gone == "channel":
        await telling.tell(script, [guard])
        await telling.database.write(lambda c: deliveries_gone(c, "channels", channel.key))
    else:
        await telling.tell(script, kind=Kind.WEBHOOK)
        await telling.database.write(lambda c: deliveries_gone(c, "scripts", script.key))
    assert await telling.send_due() == []
    (row,) = await telling.rows()
    assert (row.status, row.result) == (DeliveryStatus.FAILED, f"the {gone} is gone")


def deliveries_gone(connection: object, table: str, key: int) -> None:
    connection.exec_driver_sql(f"DELETE FROM {table} WHERE key = {key}")  # type: ignore[attr-defined]


async def test_a_test_waits_for_no_hours_and_is_tried_once(telling: Telling) -> None:
    guard = await telling.user()
    channel = await telling.channel(guard, quiet=json.dumps({"from": "00:00:00", "to": "23:59:58"}))
    first = await telling.units.write(INSIDE, lambda unit: enqueue_test(unit, channel))
    assert first is not None
    assert await telling.units.write(INSIDE, lambda unit: enqueue_test(unit, channel)) is None
    assert await telling.send_due(Outcome(False, "it answered 500")) == ["cuelight"]
    found = await telling.database.read(lambda c: deliveries.find_delivery(c, first))
    assert found is not None
    assert (found.status, found.result) == (DeliveryStatus.FAILED, "it answered 500")


async def test_replicas_never_claim_the_same_and_a_channel_has_one_of_them(telling: Telling, url: str) -> None:
    people = [await telling.user(f"user {number}") for number in range(12)]
    for user in people:
        await telling.channel(user)
    script = await telling.script()
    for _ in range(2):
        await telling.tell(script, people)
    other = await open_database(url)
    try:
        claims = await asyncio.gather(
            *(
                database.write(lambda c: take(c, telling.now, lambda _: UTC_ZONE, mirrored=True))
                for database in (telling.database, other) * 8
            )
        )
    finally:
        await other.close()
    claimed = [errand.deliveries[0].key for errands in claims for errand in errands]
    assert len(claimed) == len(set(claimed)) == 24
    assert all(len({errand.channel.key for errand in errands if errand.channel}) <= 1 for errands in claims)
    await telling.tell(script, people)
    assert await telling.send_due() == []  # somebody is at each of the channels
    advance(telling, LEASE / SECOND + 1)
    await telling.send_due()  # who claimed them has died
    assert set(states(await telling.rows())) == {"sent"}


async def test_what_has_ended_is_forgotten_by_age_and_number(telling: Telling) -> None:
    guard = await telling.user()
    await telling.channel(guard)
    script = await telling.script()
    for _ in range(3):
        await telling.tell(script, [guard])
        await telling.send_due()
        advance(telling, 60)
    await telling.tell(script, [guard])
    forget = deliveries.forget_ended
    assert await telling.database.write(lambda c: forget(c, telling.now - 150 * SECOND, 100, 100)) == 1
    assert await telling.database.write(lambda c: forget(c, 0, 1, 1)) == 1
    assert await telling.database.write(lambda c: forget(c, 0, 1, 100)) == 1
    assert await telling.database.write(lambda c: forget(c, 0, 0, 100)) == 0
    assert states(await telling.rows()) == ["waiting"]
