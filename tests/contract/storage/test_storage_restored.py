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
from presets_store.services.restore import Kept, Restored, restore
from presets_store.storage import open_database
from presets_store.storage.damage.salvage import Salvaged
from presets_store.storage.meta import COUNTED
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
