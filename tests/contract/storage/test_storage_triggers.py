"""Triggers, their pictures, decisions and cooldowns, on both databases."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, func, select

from presets_store.storage import Database
from presets_store.storage.records import Device
from presets_store.storage.scripts.decisions import (
    add_decisions,
    claim_firing,
    count_reasons,
    counters_of,
    decisions_of_script,
    forget_decisions,
    last_firings,
)
from presets_store.storage.scripts.records import Decision, Trigger
from presets_store.storage.scripts.tables import trigger_images, triggers
from presets_store.storage.scripts.triggers import (
    add_trigger,
    find_trigger,
    forget_images,
    forget_triggers,
    image_of,
    keep_image,
    mark_told,
    note_fired,
    trigger_known_as,
    untold_triggers,
)


def make_trigger(**fields: Any) -> Trigger:
    return Trigger(**{"uuid": str(uuid4()), "event_name": "motion", **fields})


def stored(connection: Connection, count: int = 1, **fields: Any) -> list[Trigger]:
    found = [add_trigger(connection, make_trigger(**fields)) for _ in range(count)]
    return [trigger for trigger in found if trigger is not None]


async def test_a_trigger_is_known_by_its_uuid_and_by_its_senders_name(database: Database) -> None:
    def check(connection: Connection) -> None:
        (first,) = stored(connection, source="gate", external_id="7")
        assert add_trigger(connection, make_trigger(uuid=first.uuid)) is None
        assert add_trigger(connection, make_trigger(source="gate", external_id="7")) is None
        assert len(stored(connection, source="door", external_id="7")) == 1
        assert len(stored(connection, 2, source="gate")) == 2, "no name is no name"
        assert trigger_known_as(connection, "gate", "7") == find_trigger(connection, first.uuid) == first
        assert trigger_known_as(connection, "gate", "") is None

    await database.write(check)


async def test_the_oldest_go_and_what_the_upstream_has_not_heard_stays(database: Database) -> None:
    def check(connection: Connection) -> None:
        old = stored(connection, 10)
        for trigger in old[:4]:
            note_fired(connection, trigger.key, 1, 0)
        young = stored(connection, 5)
        assert forget_triggers(connection, 5) == 6
        left = list(connection.execute(select(triggers.c.key).order_by(triggers.c.key)).scalars())
        assert left == [trigger.key for trigger in (*old[:4], *young)]
        assert [trigger.key for trigger in untold_triggers(connection, 3)] == [trigger.key for trigger in old[:3]]
        assert forget_triggers(connection, 3) == 2 + 1, "even these are bounded: the newest of them stay"
        assert [trigger.key for trigger in untold_triggers(connection, 9)] == [trigger.key for trigger in old[1:4]]
        mark_told(connection, [trigger.key for trigger in old], 1)
        assert untold_triggers(connection, 9) == []
        assert forget_triggers(connection, 3) == 3

    await database.write(check)


async def test_the_newest_pictures_stay_as_far_as_there_is_room(database: Database, device: Device) -> None:
    def check(connection: Connection) -> None:
        made = stored(connection, 6, device_key=device.key, image=True)
        for trigger in made:
            keep_image(connection, trigger.key, bytes([trigger.key % 256]) * 1000)
        assert forget_images(connection, 6000) == 0
        assert forget_images(connection, 2999) == 4
        assert [image_of(connection, trigger.uuid) is not None for trigger in made] == [False] * 4 + [True] * 2
        assert [find_trigger(connection, trigger.uuid) for trigger in made[3:5]] == [
            replace(made[3], image=False),
            made[4],
        ]
        assert forget_triggers(connection, 1) == 5
        assert connection.execute(select(func.count()).select_from(trigger_images)).scalar() == 1

    await database.write(check)


async def test_the_last_decisions_of_each_script_stay(database: Database) -> None:
    def check(connection: Connection) -> None:
        for script in ("a", "b"):
            made = [
                Decision(script_uuid=script, trigger_uuid=str(number), outcome="not", reason="cooldown")
                for number in range(10)
            ]
            add_decisions(connection, made)
            for _ in made:
                count_reasons(connection, [(script, "cooldown"), ("c", "fired")])
        assert forget_decisions(connection, "a", 3) == 7
        assert [each.trigger_uuid for each in decisions_of_script(connection, "a", 9)] == ["9", "8", "7"]
        assert len(decisions_of_script(connection, "b", 99)) == 10
        assert counters_of(connection, "a") == {"cooldown": 10}
        assert counters_of(connection, "c") == {"fired": 20}

    await database.write(check)


@pytest.mark.parametrize(
    ("last", "now", "cooldown", "allowed"),
    [(100, 109, 10, False), (100, 110, 10, True), (100, 100, 0, True), (100, 50, 10, True), (100, 100, 10, False)],
    ids=["within", "over", "none", "clock set back", "the same moment"],
)
async def test_a_firing_is_claimed_once_in_a_cooldown(
    database: Database, last: int, now: int, cooldown: int, allowed: bool
) -> None:
    def check(connection: Connection) -> None:
        assert claim_firing(connection, "a", 1, last, cooldown)
        assert claim_firing(connection, "a", 1, now, cooldown) is allowed
        assert last_firings(connection, ["a", "b"], 1) == {"a": now if allowed else last}
        assert claim_firing(connection, "a", 2, now, cooldown), "another camera"

    await database.write(check)
