import asyncio
import contextlib
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from fakes.clock import ManualClock
from fakes.damage import DAMAGES, SIDECARS, copy_database, damage, foreign_database, gone, readable_rows
from fakes.filled_store import HUB, MARK, SERIAL, UNFINISHED, UNSENT, everything, folded, kept_of, saved
from fakes.soak import count, examples
from fakes.stored import make_event
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from presets_store.protocol.statuses import EventStatus
from presets_store.sealing import Sealer
from presets_store.services import build_services
from presets_store.services.caller import INSIDE
from presets_store.services.restoring import refill, restore
from presets_store.services.restoring.restore import Incident, Kept, open_or_replace
from presets_store.storage import Database, DatabaseForeign, MigrationFailed, StorageUnavailable
from presets_store.storage.damage import aside
from presets_store.storage.damage.aside import note_damage, read_note
from presets_store.storage.damage.check import check
from presets_store.storage.devices import own_device
from presets_store.storage.events import insert_event, unfinished_events
from presets_store.storage.presets import list_presets

NOTHING_KEPT = Kept()


@pytest.fixture
def kept(path: Path) -> Kept:
    return kept_of(path)


@pytest.fixture
def path(filled_file: Path, tmp_path: Path, quick_migration: None) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    return folded(copy_database(filled_file, folder / "store.db"))


async def opened(
    path: Path, kept: Kept = NOTHING_KEPT, *, report_to: str = HUB, expected: bool = True
) -> tuple[Database, list[Incident]]:
    folder = path.parent / "backups"
    return await open_or_replace(
        path, kept, ManualClock(), backup_folder=folder, report_to=report_to, expected=expected
    )


@contextlib.asynccontextmanager
async def replaced(path: Path, kept: Kept = NOTHING_KEPT, **options: Any) -> Any:
    """The database that took the place of `path`, and the one incident."""
    database, incidents = await opened(path, kept, **options)
    try:
        (incident,) = incidents
        yield database, incident
    finally:
        await database.close()


def set_aside_files(path: Path) -> list[Path]:
    return sorted(found for found in path.parent.glob("store.db.damaged-*") if not found.name.endswith(SIDECARS[1:]))


async def test_a_sound_database_is_only_opened(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        before = list(connection.iterdump())
    database, incidents = await opened(path)
    assert incidents == []
    await database.close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert list(connection.iterdump()) == before
    assert {found.name for found in path.parent.iterdir()} == {"store.db"}


async def test_a_first_start_has_nothing_to_tell(tmp_path: Path, quick_migration: None) -> None:
    path = tmp_path / "new" / "store.db"
    path.parent.mkdir()
    database, incidents = await opened(path, expected=False)
    assert incidents == []
    await database.close()


async def test_a_database_with_its_header_lost_is_there_again(path: Path, kept: Kept) -> None:
    before = await saved(path)
    damage(path, "header_overwritten", seed=1)
    damaged = await asyncio.to_thread(path.read_bytes)
    async with replaced(path, kept) as (database, incident):
        after = await everything(database)
        (there,) = set_aside_files(path)
        assert await asyncio.to_thread(there.read_bytes) == damaged
        assert incident.code == "database_damaged"
        assert there.name in incident.message
        assert (
            "there again: 2 devices, 30 presets, 4 access keys and 60 unsent reports; "
            "3 unfinished events ended as Error database_lost"
        ) in incident.message
        assert incident.moment == int(ManualClock().now() * 1e6)
        assert await asyncio.to_thread(read_note, path) is None
    assert after["devices"] == list(before.devices)
    assert after["presets"] == list(before.presets)
    assert after["keys"] == list(before.keys)
    assert (after["users"], after["groups"]) == (list(before.users), list(before.groups))
    assert after["members"] == list(before.members)
    assert after["reports"][: len(UNSENT)] == list(before.reports)
    assert after["events"][: len(UNSENT)] == [event for event in before.events if event.event_status.terminal]
    assert await check(path) == ""


async def test_what_had_not_ended_is_an_error_and_reported_as_one(path: Path) -> None:
    damage(path, "header_overwritten", seed=1)
    async with replaced(path) as (database, _):
        assert await database.read(unfinished_events) == []
        after = await everything(database)
    for report, event in zip(after["reports"][-3:], after["events"][-3:], strict=True):
        before = UNFINISHED[event.key]
        result = json.loads(event.result)
        assert event.event_status is EventStatus.ERROR
        assert event.attempt_number == 1
        assert result["code"] == "database_lost"
        assert f"was {before.wire_name} in attempt" in result["message"]
        assert "unknown; it is not begun again" in result["message"]
        body = json.loads(report.body)
        assert (body["eventUUID"], body["eventStatus"], body["deviceSerial"]) == (event.uuid, 5, SERIAL)
        assert body["result"] == event.result
        assert report.key > len(UNSENT)


async def test_without_a_destination_nothing_new_waits_to_be_sent(path: Path) -> None:
    damage(path, "header_overwritten", seed=1)
    async with replaced(path, report_to="") as (database, _):
        assert len((await everything(database))["reports"]) == len(UNSENT)
        assert await database.read(unfinished_events) == []


@pytest.mark.parametrize("kind", ["gone", "emptied"])
async def test_a_database_that_is_gone_comes_back_from_what_is_kept(path: Path, kept: Kept, kind: str) -> None:
    gone(path, Random(0))
    if kind == "emptied":
        await asyncio.to_thread(path.touch)
    async with replaced(path, kept) as (database, incident):
        after = await everything(database)
        own = await database.read(own_device)
    assert incident.code == "database_gone"
    assert kept.own is not None
    assert kept.standalone is not None
    assert after["devices"] == [own]
    assert own == replace(kept.own, device_ready_event_preset_id=0)
    (preset,) = after["presets"]
    assert (preset.key, preset.uuid, preset.device_key) == (kept.standalone.key, kept.standalone.uuid, own.key)
    assert after["keys"] == list(kept.keys)
    assert (after["users"], after["groups"]) == (list(kept.users), list(kept.groups))
    assert [member.device_key for member in after["members"]] == [own.key]
    assert after["marks"]["events"] == MARK
    assert set_aside_files(path) == ([] if kind == "gone" else [path.with_name("store.db.damaged-20261123T010000Z")])


async def test_a_database_that_was_never_there_is_none_that_is_gone(path: Path) -> None:
    gone(path, Random(0))
    database, incidents = await opened(path, expected=False)
    assert incidents == []
    await database.close()


async def test_a_log_without_its_database_is_not_thrown_away(path: Path, filled_file: Path) -> None:
    damage(copy_database(filled_file, path), "gone_without_its_log", seed=1)
    async with replaced(path, expected=False) as (_, incident):
        assert incident.code == "database_gone"
    assert [found.name for found in path.parent.glob("*.damaged-*-wal")] == ["store.db.damaged-20261123T010000Z-wal"]


async def test_a_sound_database_about_which_a_note_was_left_is_replaced(path: Path, kept: Kept) -> None:
    await asyncio.to_thread(note_damage, path, "row 7 missing from index ix_events", 42)
    async with replaced(path, kept) as (database, incident):
        assert len((await everything(database))["reports"]) == len(UNSENT) + len(UNFINISHED)
    assert incident.moment == 42
    assert "row 7 missing from index" in incident.message
    database, incidents = await opened(path, kept)
    assert incidents == []
    await database.close()


async def test_a_database_of_another_program_is_left_to_people(path: Path) -> None:
    foreign_database(path, Random(0))
    before = await asyncio.to_thread(path.read_bytes)
    with pytest.raises(DatabaseForeign):
        await opened(path)
    assert await asyncio.to_thread(path.read_bytes) == before
    assert set_aside_files(path) == []


async def test_a_sound_database_that_cannot_be_migrated_is_left_to_people(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: Any, **__: Any) -> None:
        raise MigrationFailed(database="store.db", revision="0002", reason="a fault in a script")

    monkeypatch.setattr("presets_store.storage.sqlite.migrate_in_child", fails)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
        connection.commit()
    with pytest.raises(MigrationFailed):
        await opened(path)
    assert set_aside_files(path) == []
    damage(path, "pages_zeroed", seed=2)
    with pytest.raises(MigrationFailed):  # now of the fresh one: the damaged one was set aside
        await opened(path)
    assert set_aside_files(path)


async def test_files_that_cannot_be_moved_are_reported(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object) -> None:
        raise PermissionError("read-only file system")

    await asyncio.to_thread(note_damage, path, "why", 1)
    monkeypatch.setattr(Path, "rename", refuses)
    with pytest.raises(StorageUnavailable, match="read-only file system"):
        await opened(path)


async def test_the_services_go_on_with_a_restored_database(path: Path, kept: Kept) -> None:
    """New events get keys above all that were ever given out, and the access keys and the device are the same."""
    damage(path, "header_overwritten", seed=4)
    async with replaced(path, kept) as (database, _):
        services = await build_services(
            database, ManualClock(), Sealer(b"k" * 32, "00" * 8), own_serial=SERIAL, own_name="Lobby", report_to=HUB
        )
        assert services.own is not None
        assert kept.own is not None
        assert (services.own.key, services.own.guid) == (kept.own.key, kept.own.guid)
        assert await services.keys.create_first() is None
        event = await database.write(lambda connection: insert_event(connection, make_event(1)))
        assert event.key == MARK + 1
        assert (await services.devices.list(INSIDE))[0].key == kept.own.key
        services.close()


class Killed(Exception):
    """Stands for SIGKILL: what was on the disk at that moment is what the next start finds."""


STEPS: tuple[tuple[Any, str], ...] = (
    (aside, "write_durably"),
    (aside, "sync_folder"),
    (Path, "rename"),
    (Path, "unlink"),
    (restore, "salvage"),
    (refill, "start_keys_above"),
    (refill, "update_device"),
    (restore, "remove_oldest"),
)


@contextlib.contextmanager
def killed_at(step: int, folder: Path, grave: Path) -> Iterator[None]:
    """The `step`th of all STEPS is not reached: the folder is copied as it was then."""
    count = 0

    def guarded(function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **options: Any) -> Any:
            nonlocal count
            count += 1
            if count == step:
                shutil.copytree(folder, grave)
                raise Killed
            if count > step:
                raise Killed
            return function(*arguments, **options)

        return called

    with pytest.MonkeyPatch.context() as patch:
        for place, name in STEPS:
            patch.setattr(place, name, guarded(getattr(place, name)))
        yield


async def test_a_kill_at_any_step_changes_nothing_about_the_result(path: Path, kept: Kept, tmp_path: Path) -> None:
    damage(path, "header_overwritten", seed=5)
    whole = Path(shutil.copytree(path.parent, tmp_path / "whole")) / path.name
    async with replaced(whole, kept) as (database, _):
        expected = await everything(database)
    step = 0
    while True:
        step += 1
        grave = tmp_path / f"killed-{step}"
        state = Path(shutil.copytree(path.parent, tmp_path / f"state-{step}")) / path.name
        with killed_at(step, state.parent, grave), contextlib.suppress(Killed):
            database, _ = await opened(state, kept)
            await database.close()
        if not grave.exists():
            break
        done = set_aside_files(grave / path.name) and not await asyncio.to_thread(read_note, grave / path.name)
        database, incidents = await opened(grave / path.name, kept)
        found = await everything(database)
        await database.close()
        assert found == expected, step
        assert len(incidents) == (0 if done else 1)
        assert len(set_aside_files(grave / path.name)) == 1
        assert await asyncio.to_thread(read_note, grave / path.name) is None
    assert step > 12


SOME = settings(
    max_examples=examples("database: random damages", 40, 500),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.soak
@pytest.mark.timeout(count(120, 1800))
@SOME
@given(kind=st.sampled_from(sorted(DAMAGES)), seed=st.integers(0, 2**32), in_log=st.booleans())
def test_after_any_damage_there_is_a_database_and_an_account(
    path: Path, kept: Kept, filled_file: Path, tmp_path: Path, kind: str, seed: int, in_log: bool
) -> None:
    shutil.rmtree(path.parent)
    path.parent.mkdir()
    copy_database(filled_file, path)
    if not in_log:
        folded(path)
    scratch = tmp_path / "scratch.db"
    whole = readable_rows(path, "outbox", scratch)
    damage(path, kind, seed)
    left = {row[0] for row in readable_rows(path, "outbox", scratch) if row in whole}
    asyncio.run(_is_usable(path, kept, {row[0]: row for row in whole}, left))


async def _is_usable(path: Path, kept: Kept, whole: dict[int, tuple[Any, ...]], left: set[int]) -> None:
    try:
        database, incidents = await opened(path, kept)
    except DatabaseForeign:  # the revision itself was changed into another, in a file that is sound
        assert await check(path) == ""
        return
    if not incidents:
        reason = await check(path)
        if not reason:
            await database.close()
            return
        await database.close()
        await asyncio.to_thread(note_damage, path, reason, 1)
        database, incidents = await opened(path, kept)
    assert len(incidents) == 1
    found = await everything(database)
    own = await database.read(own_device)
    new = await database.write(lambda connection: insert_event(connection, make_event(own.key if own else 1)))
    await database.close()
    assert await check(path) == ""
    assert own is not None
    assert (own.key, own.serial_number) == (1, SERIAL)
    sent = {report.key: report for report in found["reports"]}
    assert left <= sent.keys()
    for key in left:
        assert {sent[key].event_uuid, sent[key].body} <= set(whole[key])
    assert len({event.uuid for event in found["events"]}) == len(found["events"])
    assert new.key > MARK


async def test_the_damage_of_a_restored_database_is_another_incident(path: Path, kept: Kept) -> None:
    for number in range(1, 6):
        damage(path, "header_overwritten", seed=number)
        async with replaced(path, kept) as (database, incident):
            assert len(await database.read(list_presets)) == 30
        assert len(set_aside_files(path)) == min(number, 3)
    assert "removed for their age: store.db.damaged-" in incident.message
