import asyncio
import contextlib
import sqlite3
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from fakes.clock import ManualClock
from fakes.damage import copy_database, gone
from fakes.filled_store import HUB, SERIAL, UNFINISHED, UNSENT, everything, folded, kept_of, saved
from fakes.stored import make_event

from presets_store.protocol.statuses import EventStatus
from presets_store.rules.permissions import Role, ScopeKind
from presets_store.services.restoring.restore import Kept, Restored, restore
from presets_store.storage import open_database
from presets_store.storage.damage.salvage import Salvaged
from presets_store.storage.meta import COUNTED
from presets_store.storage.people.records import User, UserStatus
from presets_store.storage.records import ApiKey, Device, KeyStatus, OutboxItem

NOTHING_KEPT = Kept()


@pytest.fixture
def path(filled_file: Path, tmp_path: Path, quick_migration: None) -> Path:
    return folded(copy_database(filled_file, tmp_path / "store.db"))


@pytest.fixture
def kept(path: Path) -> Kept:
    return kept_of(path)


async def filled(
    path: Path, salvaged: Salvaged | None, kept: Kept, report_to: str = HUB
) -> tuple[Restored, dict[str, Any], list[Device]]:
    """What `restore` makes of a fresh database."""
    gone(path, Random(0))
    database = await open_database(f"sqlite:///{path}")
    restored = await restore(database, ManualClock(), salvaged, kept, report_to=report_to)
    found = await everything(database)
    await database.close()
    return restored, found, found["devices"]


async def test_a_kept_key_wins_and_a_revoked_one_stays_revoked(path: Path) -> None:
    def key(number: int, name: str, status: KeyStatus = KeyStatus.ACTIVE, secret: bytes = b"read") -> ApiKey:
        return ApiKey(key=number, access_key=name, sealed_secret=secret, status=status)

    read = (key(1, "a"), key(2, "b", KeyStatus.REVOKED), key(3, "c"), key(4, "d"))
    known = (
        key(1, "a", secret=b"kept"),
        key(2, "b", secret=b"kept"),
        key(3, "c", KeyStatus.REVOKED, b"kept"),
        key(4, "e", secret=b"kept"),
    )
    restored, found, _ = await filled(path, Salvaged(keys=read), Kept(keys=known))
    assert {(one.access_key, one.sealed_secret, one.status.value) for one in found["keys"]} == {
        ("a", b"kept", "active"),
        ("b", b"kept", "revoked"),
        ("c", b"kept", "revoked"),
        ("d", b"read", "active"),
        ("e", b"kept", "active"),
    }
    assert {one.access_key: one.key for one in found["keys"]} == {"a": 1, "b": 2, "c": 3, "e": 4, "d": 5}
    assert restored.keys == 5


async def test_a_report_whose_event_is_lost_brings_it_back(path: Path, kept: Kept) -> None:
    before = await saved(path)
    restored, found, _ = await filled(path, replace(before, events=()), kept)
    lost = [event for event in before.events if event.event_status.terminal]
    assert restored.reports == len(UNSENT)
    for event, wanted in zip(found["events"], lost, strict=True):
        assert (event.key, event.uuid, event.device_key) == (wanted.key, wanted.uuid, wanted.device_key)
        assert (event.event_status, event.result, event.ended) == (wanted.event_status, wanted.result, wanted.ended)


async def test_an_event_that_its_report_knows_as_ended_is_not_reported_twice(path: Path, kept: Kept) -> None:
    """The page with the outcome was lost, an older one was read; the report is the later word."""
    before = await saved(path)
    stale = tuple(replace(event, event_status=EventStatus.PROCESSING, result="", ended=0) for event in before.events)
    restored, found, _ = await filled(path, replace(before, events=stale), kept)
    assert restored.cut_off == len(UNFINISHED)
    assert {event.event_status for event in found["events"][: len(UNSENT)]} == {EventStatus.COMPLETE}
    assert len(found["reports"]) == len(UNSENT) + len(UNFINISHED)


async def test_a_device_that_only_its_reports_name_comes_back(path: Path) -> None:
    before = await saved(path)
    restored, found, devices = await filled(path, replace(before, devices=(), presets=()), NOTHING_KEPT)
    assert restored.reports == len(UNSENT)
    assert [(device.key, device.serial_number) for device in devices] == [(1, SERIAL)]
    assert {event.device_key for event in found["events"]} == {1}


async def test_rows_without_a_place_are_counted(path: Path) -> None:
    homeless = make_event(99, key=7)
    odd = make_event(1, key=8, event_type_id=999)
    never = make_event(1, key=9, created=2**62)
    report = OutboxItem(key=1, event_key=7, event_uuid=homeless.uuid, destination=HUB, body="{}")
    before = await saved(path)
    found = Salvaged(devices=before.devices, events=(homeless, odd, never), reports=(report,), bad=2)
    restored, _, _ = await filled(path, found, NOTHING_KEPT)
    assert (restored.dropped, restored.cut_off, restored.reports) == (4, 0, 0)
    assert restored.summary.endswith("; 6 rows made no sense")


async def test_bindings_to_lost_presets_end_but_the_sealed_one_comes_back(path: Path, kept: Kept) -> None:
    before = await saved(path)
    _, found, (own, *_) = await filled(path, replace(before, presets=()), kept)
    assert kept.standalone is not None
    assert (own.device_ready_event_preset_id, own.standalone_event_preset_id) == (0, kept.standalone.key)
    assert [preset.uuid for preset in found["presets"]] == [kept.standalone.uuid]


async def test_a_sealed_preset_whose_number_is_taken_gets_another(path: Path, kept: Kept) -> None:
    before = await saved(path)
    assert kept.standalone is not None
    others = tuple(preset for preset in before.presets if preset.uuid != kept.standalone.uuid)
    number = others[0].key
    moved = replace(kept, standalone=kept.standalone.model_copy(update={"key": number}))
    _, found, (own, *_) = await filled(path, replace(before, presets=others), moved)
    (put_back,) = [preset for preset in found["presets"] if preset.uuid == kept.standalone.uuid]
    assert put_back.key not in {preset.key for preset in before.presets}
    assert own.standalone_event_preset_id == put_back.key


async def test_what_an_upstream_has_sealed_does_not_become_ours(path: Path, kept: Kept) -> None:
    before = await saved(path)
    unbound = tuple(replace(device, standalone_event_preset_id=0) for device in before.devices)
    assert kept.standalone is not None
    theirs = replace(kept, standalone=kept.standalone.model_copy(update={"uuid": "", "key": 700}))
    _, found, (own, *_) = await filled(path, replace(before, devices=unbound), theirs)
    assert own.standalone_event_preset_id == 0
    assert len(found["presets"]) == 30


async def test_keys_start_above_every_mark(path: Path, kept: Kept) -> None:
    marks = dict.fromkeys(COUNTED, 10) | {"events": 4000, "outbox": 9}
    before = await saved(path)
    _, found, _ = await filled(
        path, replace(before, marks={**before.marks, **marks}), replace(kept, marks={"outbox": 6000})
    )
    assert found["marks"]["events"] == 4000
    assert found["marks"]["outbox"] == 6000 + len(UNFINISHED)
    assert found["marks"]["presets"] == 30


async def test_a_key_of_an_unknown_user_comes_back_revoked(path: Path) -> None:
    def key(name: str, user_key: int | None) -> ApiKey:
        return ApiKey(key=ord(name), access_key=name, sealed_secret=b"read", user_key=user_key)

    crew = User(key=3, name="crew", role=Role.OPERATOR, scope=ScopeKind.GROUP, scope_key=9)
    read = Salvaged(keys=(key("a", 3), key("b", 4), key("c", 0), key("d", None)), users=(crew,))
    restored, found, _ = await filled(path, read, Kept())
    made = next(user for user in found["users"] if user.key != crew.key)
    assert {one.access_key: (one.user_key, one.status.value) for one in found["keys"]} == {
        "a": (3, "active"),
        "b": (None, "revoked"),
        "c": (None, "revoked"),
        "d": (made.key, "active"),
    }
    assert (made.name, made.role, made.scope) == ("owner", Role.ADMIN, ScopeKind.ALL)
    assert (restored.keys, restored.revoked, restored.disabled) == (4, 2, 0)
    assert "2 access keys revoked" in restored.summary
    assert found["marks"]["device_groups"] == 9, "no new group is the one that crew may do everything in"


async def test_who_was_given_other_rights_comes_back_disabled(path: Path, kept: Kept) -> None:
    before = await saved(path)
    owner, crew = before.users
    restored, found, _ = await filled(path, replace(before, users=(owner, replace(crew, role=Role.READER))), kept)
    assert [user.status for user in found["users"]] == [UserStatus.ACTIVE, UserStatus.DISABLED]
    assert (restored.disabled, restored.revoked) == (1, 0)
    _, found, _ = await filled(path, replace(before, users=(owner,)), kept)
    assert [user.status for user in found["users"]] == [UserStatus.ACTIVE, UserStatus.DISABLED], "it was deleted"
    _, found, _ = await filled(path, replace(before, users=(owner,), incomplete=("users",)), kept)
    assert [user.status for user in found["users"]] == [UserStatus.ACTIVE] * 2, "its row may be what is damaged"


async def test_a_device_comes_back_into_no_group_that_it_had_left(path: Path, kept: Kept) -> None:
    before = await saved(path)
    _, found, _ = await filled(path, replace(before, members=before.members[:1]), kept)
    assert found["members"] == list(before.members[:1])
    _, found, _ = await filled(path, before, replace(kept, members=kept.members[1:]))
    assert found["members"] == list(before.members[1:])
    _, found, _ = await filled(path, replace(before, members=(), incomplete=("group_members",)), kept)
    assert found["members"] == list(before.members)


async def test_a_key_without_its_user_in_the_file_is_no_old_one(path: Path) -> None:
    def forget() -> None:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("UPDATE keys SET user_key = NULL WHERE access_key = 'key-0=='")
            connection.commit()

    await asyncio.to_thread(forget)
    found = await saved(path)
    assert [key.user_key for key in found.keys] == [0, 1, 2, 1]


async def test_keys_of_a_file_from_before_there_were_users_are_the_owners(path: Path) -> None:
    def before_users() -> None:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("DROP INDEX ix_keys_user_key")
            for statement in ("ALTER TABLE keys RENAME TO k", "CREATE TABLE keys AS SELECT * FROM k", "DROP TABLE k"):
                connection.execute(statement)
            connection.execute("ALTER TABLE keys DROP COLUMN user_key")
            for table in ("group_members", "users", "device_groups"):
                connection.execute(f"DROP TABLE {table}")
            connection.commit()

    await asyncio.to_thread(before_users)
    old = await saved(path)
    assert {key.user_key for key in old.keys} == {None}
    assert (old.users, old.incomplete) == ((), ())
    _, found, _ = await filled(path, old, Kept())
    (owner,) = found["users"]
    assert (owner.name, owner.role) == ("owner", Role.ADMIN)
    assert {key.user_key for key in found["keys"]} == {owner.key}
    assert [key.status.value for key in found["keys"]].count("revoked") == 1, "the one that was"
