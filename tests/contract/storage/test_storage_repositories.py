from dataclasses import fields, replace
from typing import Any

import pytest
from fakes.stored import make_clip, make_device, make_event, make_preset, make_report
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from presets_store.protocol.statuses import EventStatus, MediaStatus
from presets_store.rules.event import Event
from presets_store.storage import (
    Database,
    LostUpdate,
    cameras,
    clips,
    devices,
    events,
    keys,
    meta,
    nonces,
    outbox,
    presets,
)
from presets_store.storage.records import ApiKey, Camera, Clip, ClipState, Device, IndexedFile, KeptAnswer, KeyStatus

LARGE = 2**53
KINDS: dict[type, Any] = {int: LARGE, str: 'ü "\n☂', float: 41.5, bool: True}


def filled(record: Any) -> Any:
    """The record with every plain field set to something that is not its default."""
    plain = {field.name: KINDS[field.type] for field in fields(record) if field.type in KINDS}
    fixed = ("key", "uuid", "guid", "serial_number", "device_key", "event_key", "event_uuid", "file")
    return replace(record, **{name: value for name, value in plain.items() if name not in fixed})


async def test_each_record_comes_back_as_it_went_in(database: Database, device: Device) -> None:
    box = await database.write(lambda c: devices.insert_device(c, filled(make_device())))
    assert await database.read(lambda c: devices.get_device(c, box.key)) == box

    camera = Camera(device_key=device.key, camera_index=0, camera_id="front", name="ü", capabilities='{"a": 1}')
    camera = await database.write(lambda c: cameras.insert_camera(c, camera))
    assert await database.read(lambda c: cameras.list_cameras(c, device.key)) == [camera]

    preset = await database.write(lambda c: presets.insert_preset(c, filled(make_preset(device.key))))
    assert await database.read(lambda c: presets.get_preset(c, preset.key)) == preset

    sent = replace(
        filled(make_event(device.key)), event_status=EventStatus.TIMED_OUT, remote_id=7, preset_key=preset.key
    )
    event = await database.write(lambda c: events.insert_event(c, sent))
    stored = await database.read(lambda c: events.get_event(c, event.key))
    assert stored == event == replace(sent, key=event.key)
    assert stored is not None
    assert stored.event_status is EventStatus.TIMED_OUT

    media = {"state": ClipState.RECOVERED, "video_clip_status": MediaStatus.FILE_AVAILABLE, "event_key": event.key}
    clip, _ = await database.write(lambda c: clips.adopt_clip(c, replace(filled(make_clip(device.key)), **media)))
    assert await database.read(lambda c: clips.get_clip(c, clip.key)) == clip

    report = await database.write(lambda c: outbox.add_to_outbox(c, make_report(event, body='{"ü": 1}', created=LARGE)))
    assert await database.read(lambda c: outbox.due_in_outbox(c, report.destination, 0, 0, 9)) == [report]

    key = ApiKey(access_key="a==", sealed_secret=b"\x00\xff", created=LARGE, status=KeyStatus.REVOKED)
    key = await database.write(lambda c: keys.insert_key(c, key))
    assert await database.read(lambda c: keys.get_key(c, "a==")) == key


async def test_what_is_not_there_is_none(database: Database) -> None:
    assert await database.read(lambda c: devices.get_device(c, 99)) is None
    assert await database.read(lambda c: devices.own_device(c)) is None
    assert await database.read(lambda c: events.get_event(c, 99)) is None
    assert await database.write(lambda c: events.get_event_for_update(c, 99)) is None
    assert await database.read(lambda c: presets.get_preset(c, 99)) is None
    assert await database.read(lambda c: clips.get_clip(c, 99)) is None
    assert await database.read(lambda c: keys.get_key(c, "none")) is None
    assert await database.read(lambda c: meta.get_meta(c, "none")) is None


async def test_device_is_found_by_serial_then_by_name(database: Database) -> None:
    named = await database.write(lambda c: devices.insert_device(c, make_device(serial_number="A", device_name="B")))
    serial = await database.write(lambda c: devices.insert_device(c, make_device(serial_number="B", device_name="C")))
    await database.write(lambda c: devices.insert_device(c, make_device(device_name="D", is_archived=True)))
    assert await database.read(lambda c: devices.find_device(c, "B")) == serial
    assert await database.read(lambda c: devices.find_device(c, "A")) == named
    assert await database.read(lambda c: devices.find_device(c, "C")) == serial
    assert await database.read(lambda c: devices.find_device(c, "D")) is None
    assert await database.read(lambda c: devices.find_device(c, "")) is None
    assert await database.read(lambda c: devices.list_devices(c)) == [named, serial]
    assert len(await database.read(lambda c: devices.list_devices(c, archived=True))) == 3


async def test_a_device_changed_meanwhile_is_not_overwritten(database: Database, device: Device) -> None:
    first = replace(device, device_name="first", modified=1)
    await database.write(lambda c: devices.update_device(c, device, first))
    with pytest.raises(LostUpdate, match=f"device {device.key} was changed"):
        await database.write(lambda c: devices.update_device(c, device, replace(device, device_name="late")))
    await database.write(lambda c: devices.touch_device(c, device.key, 20))
    await database.write(lambda c: devices.touch_device(c, device.key, 10))
    assert await database.read(lambda c: devices.get_device(c, device.key)) == replace(first, last_heard_from_date=20)


async def test_own_device(database: Database) -> None:
    own = await database.write(lambda c: devices.insert_device(c, make_device(own=True)))
    assert await database.read(lambda c: devices.own_device(c)) == own


async def test_cameras_keep_their_keys_when_they_trade_places(database: Database, device: Device) -> None:
    def camera(camera_id: str, index: int) -> Camera:
        return Camera(device_key=device.key, camera_index=index, camera_id=camera_id)

    old = await database.write(
        lambda c: cameras.replace_cameras(c, device.key, [camera("a", 0), camera("b", 1), camera("gone", 2)])
    )
    new = await database.write(
        lambda c: cameras.replace_cameras(c, device.key, [camera("b", 0), camera("a", 1), camera("new", 2)])
    )
    assert [(one.camera_id, one.camera_index) for one in new] == [("b", 0), ("a", 1), ("new", 2)]
    assert [new[0].key, new[1].key] == [old[1].key, old[0].key]
    assert new[2].key > old[2].key
    assert await database.write(lambda c: cameras.set_camera_state(c, device.key, "new", "ready"))
    assert not await database.write(lambda c: cameras.set_camera_state(c, device.key, "gone", "ready"))


async def test_presets(database: Database, device: Device) -> None:
    mine = await database.write(lambda c: presets.insert_preset(c, make_preset(device.key)))
    group = await database.write(lambda c: presets.insert_preset(c, make_preset(None, device_group_id=4)))
    assert await database.read(lambda c: presets.list_presets(c, device.key)) == [mine]
    assert await database.read(lambda c: presets.list_presets(c)) == [mine, group]
    after = replace(mine, event_preset_name="door", modified=5)
    await database.write(lambda c: presets.update_preset(c, mine, after))
    assert await database.read(lambda c: presets.get_preset(c, mine.key)) == after
    assert await database.write(lambda c: presets.delete_preset(c, mine.key))
    assert not await database.write(lambda c: presets.delete_preset(c, mine.key))
    with pytest.raises(LostUpdate):
        await database.write(lambda c: presets.update_preset(c, after, replace(after, priority=1)))
    with pytest.raises(IntegrityError):
        await database.write(lambda c: presets.insert_preset(c, make_preset(999)))


async def test_a_key_is_never_given_out_twice(database: Database, device: Device) -> None:
    first = await database.write(lambda c: presets.insert_preset(c, make_preset(device.key)))
    await database.write(lambda c: presets.delete_preset(c, first.key))
    second = await database.write(lambda c: presets.insert_preset(c, make_preset(device.key)))
    assert second.key > first.key


async def test_keys_start_above_the_high_water_mark(database: Database, device: Device) -> None:
    marks = {"events": 5000, "devices": 0, "clips": 12, "no_such_table": 3}
    await database.write(lambda c: meta.start_keys_above(c, marks))
    await database.write(lambda c: meta.start_keys_above(c, {"events": 7}))
    event = await database.write(lambda c: events.insert_event(c, make_event(device.key)))
    clip, _ = await database.write(lambda c: clips.adopt_clip(c, make_clip(device.key)))
    assert (event.key, clip.key) == (5001, 13)
    there = await database.read(meta.high_water)
    assert (there["events"], there["clips"], there["devices"], there["presets"]) == (5001, 13, device.key, 0)


async def test_outbox_is_oldest_first_per_destination(database: Database, device: Device) -> None:
    event = await database.write(lambda c: events.insert_event(c, make_event(device.key)))
    first = await database.write(lambda c: outbox.add_to_outbox(c, make_report(event, created=7)))
    second = await database.write(lambda c: outbox.add_to_outbox(c, make_report(event, created=8)))
    await database.write(lambda c: outbox.add_to_outbox(c, make_report(event, destination="cloud")))
    assert await database.read(lambda c: outbox.due_in_outbox(c, "hub", 5, 99, 10)) == [first, second]
    assert await database.read(lambda c: outbox.count_outbox(c, "hub")) == 2
    assert await database.read(lambda c: outbox.outbox_since(c, "hub")) == 7
    assert await database.read(lambda c: outbox.outbox_since(c, "nowhere")) == 0
    with pytest.raises(IntegrityError):
        await database.write(lambda c: events.delete_event(c, event.key))
    await database.write(lambda c: outbox.remove_from_outbox(c, [first.key, 4711]))
    assert await database.read(lambda c: outbox.due_in_outbox(c, "hub", 5, 99, 10)) == [second]


async def test_a_postponed_report_holds_up_those_of_its_event_only(database: Database, device: Device) -> None:
    pair = [await database.write(lambda c: events.insert_event(c, make_event(device.key))) for _ in "ab"]
    odd, other, later = [
        await database.write(lambda c, event=event: outbox.add_to_outbox(c, make_report(event)))  # type: ignore[misc]
        for event in (*pair, pair[0])
    ]
    await database.write(lambda c: outbox.postpone(c, odd.key, error="HTTP 400", not_before=9))
    odd = replace(odd, attempts=1, last_error="HTTP 400", not_before=9)
    due = {now: await database.read(lambda c: outbox.due_in_outbox(c, "hub", now, now + 4, 10)) for now in (4, 5, 9)}  # noqa: B023
    assert due[5] == [other], "until then"
    assert due[9] == [odd, other, later]
    assert due[4] == [odd, other, later], "a moment so far away was said by a clock that was wrong"


async def test_clips_whose_file_may_be_removed(database: Database, device: Device) -> None:
    def store(connection: Connection) -> list[Clip]:
        states = [ClipState.CLOSED, *[ClipState.REMOVED] * 3, ClipState.MISSING]
        return [clips.adopt_clip(connection, make_clip(device.key, state=state, protected=True))[0] for state in states]

    closed, *_removed, newest, missing = await database.write(store)
    assert await database.read(clips.clips_with_files) == [closed]
    (file,) = await database.read(clips.indexed_files)
    assert file == IndexedFile(closed.file, "", 0, 0.0, "unset", closed.video_clip_status, True, closed.key)
    await database.write(lambda c: clips.forget_removed(c, 1))
    await database.write(lambda c: clips.forget_removed(c, 1))
    assert await database.read(lambda c: clips.list_clips(c, newest_first=False)) == [closed, newest, missing]


async def test_clips(database: Database, device: Device) -> None:
    event = await database.write(lambda c: events.insert_event(c, make_event(device.key)))
    late = make_clip(device.key, event_key=event.key, segment_index=1, start=20, size=5)
    second, _ = await database.write(lambda c: clips.adopt_clip(c, late))
    early = make_clip(device.key, event_key=event.key, segment_index=0, start=10, size=7)
    first, new = await database.write(lambda c: clips.adopt_clip(c, early))
    assert new
    assert await database.write(lambda c: clips.adopt_clip(c, early)) == (first, False)
    assert await database.write(lambda c: clips.adopt_clip(c, make_clip(device.key, file=early.file))) == (first, False)
    assert await database.read(lambda c: clips.clips_of_event(c, event.key)) == [first, second]
    assert await database.read(lambda c: clips.list_clips(c)) == [second, first]
    assert await database.read(lambda c: clips.list_clips(c, started_before=20, device_key=device.key)) == [first]
    assert await database.read(lambda c: clips.list_clips(c, started_from=10, limit=1, newest_first=False)) == [first]
    closed = replace(first, state=ClipState.CLOSED, sha256="ab")
    await database.write(lambda c: clips.update_clip(c, first, closed))
    assert await database.read(lambda c: clips.get_clip(c, first.key)) == closed
    with pytest.raises(LostUpdate):
        await database.write(lambda c: clips.update_clip(c, first, replace(first, frames=3)))
    await database.write(lambda c: events.delete_event(c, event.key))
    assert await database.read(lambda c: clips.get_clip(c, first.key)) == replace(closed, event_key=None)


async def test_access_keys(database: Database) -> None:
    key = ApiKey(access_key="k==", sealed_secret=b"s", created=2)
    first = await database.write(lambda c: keys.insert_key(c, key))
    with pytest.raises(IntegrityError):
        await database.write(lambda c: keys.insert_key(c, key))
    second = await database.write(lambda c: keys.insert_key(c, replace(key, access_key="j==")))
    revoked = replace(second, status=KeyStatus.REVOKED)
    await database.write(lambda c: keys.update_key(c, second, revoked))
    with pytest.raises(LostUpdate):
        await database.write(lambda c: keys.update_key(c, second, replace(second, description="late")))
    await database.write(lambda c: keys.note_access(c, "k==", 7))
    await database.write(lambda c: keys.note_access(c, "k==", 5))
    assert await database.read(keys.list_keys) == [replace(first, last_access=7), revoked]
    assert await database.write(lambda c: keys.get_key_for_update(c, revoked.key)) == revoked
    assert await database.read(keys.count_keys) == 2


async def test_a_nonce_works_once_per_key(database: Database) -> None:
    assert await database.write(lambda c: nonces.use_nonce(c, "a", "n", expires=10))
    assert not await database.write(lambda c: nonces.use_nonce(c, "a", "n", expires=20))
    assert await database.write(lambda c: nonces.use_nonce(c, "b", "n", expires=20))
    assert await database.write(lambda c: nonces.forget_expired(c, 10)) == 1
    assert not await database.write(lambda c: nonces.use_nonce(c, "b", "n", expires=30))


async def test_the_first_answer_is_kept(database: Database) -> None:
    answer = KeptAnswer(access_key="a", idempotency_key="i", request_hash="h", body='{"EventID": 1}', expires=10)
    assert await database.write(lambda c: nonces.keep_answer(c, answer))
    assert not await database.write(lambda c: nonces.keep_answer(c, replace(answer, body="other")))
    assert await database.read(lambda c: nonces.kept_answer(c, "a", "i")) == answer
    assert await database.write(lambda c: nonces.forget_expired(c, 11)) == 1
    assert await database.read(lambda c: nonces.kept_answer(c, "a", "i")) is None


async def test_meta_values(database: Database) -> None:
    await database.write(lambda c: meta.set_meta(c, "seal_check", "1"))
    await database.write(lambda c: meta.set_meta(c, "seal_check", "2"))
    assert await database.read(lambda c: meta.get_meta(c, "seal_check")) == "2"
    assert await database.read(lambda c: meta.get_meta(c, "no_such")) is None


async def test_one_row_per_upstream_and_remote_id(database: Database, device: Device) -> None:
    sent = make_event(device.key, upstream="hub", remote_id=41)
    event, new = await database.write(lambda c: events.accept_event(c, sent))
    assert new
    assert event == replace(sent, key=event.key)
    again = make_event(device.key, upstream="hub", remote_id=41)
    assert await database.write(lambda c: events.accept_event(c, again)) == (event, False)
    assert await database.write(lambda c: events.accept_event(c, sent)) == (event, False)
    assert await database.read(lambda c: events.find_remote_event(c, "hub", 41)) == event
    other: tuple[Event, bool] = await database.write(
        lambda c: events.accept_event(c, make_event(device.key, upstream="cloud", remote_id=41))
    )
    assert other[1]
    local = await database.write(lambda c: [events.accept_event(c, make_event(device.key))[1] for _ in range(2)])
    assert local == [True, True]


async def test_nonces_of_a_boot_last_until_the_next(database: Database) -> None:
    assert await database.write(lambda c: nonces.use_nonce(c, "a", "n", expires=nonces.UNTIL_REBOOT))
    assert not await database.read(lambda c: nonces.any_expired(c, LARGE))
    assert await database.write(lambda c: nonces.use_nonce(c, "a", "m", expires=10))
    assert await database.read(lambda c: nonces.any_expired(c, 10))
    assert await database.write(lambda c: nonces.forget_expired(c, LARGE)) == 1
    assert not await database.write(lambda c: nonces.use_nonce(c, "a", "n", expires=10))
    assert await database.write(nonces.forget_lasting) == 1
    assert await database.write(lambda c: nonces.use_nonce(c, "a", "n", expires=10))
