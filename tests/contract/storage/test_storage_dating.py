"""Dates of a boot that learns the time late: corrected in batches, whatever kills it, in the index and in reports."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import pytest
from fakes.clock import ManualClock
from sqlalchemy import Connection, select

from presets_store.clock import ClockQuality
from presets_store.protocol.statuses import EventStatus
from presets_store.rules.dating import Dating
from presets_store.rules.event import Event
from presets_store.services import dating as service_module
from presets_store.services.dating import DatingService, dated, dating_of, note_datings, read_note
from presets_store.services.outbox import report_of
from presets_store.storage import Database
from presets_store.storage.clips import adopt_clip
from presets_store.storage.errors import StorageUnavailable
from presets_store.storage.events import get_event, insert_event, list_events, update_event
from presets_store.storage.media.records import Image
from presets_store.storage.media.tables import images
from presets_store.storage.outbox import add_to_outbox
from presets_store.storage.records import Clip, Device
from presets_store.storage.rows import insert_record
from presets_store.storage.tables import clips, outbox

Result = TypeVar("Result")

SECOND = 1_000_000
BOOT = "boot-1"
OLD = Dating(1_795_392_000 * SECOND, ClockQuality.FLOOR)
NEW = Dating(OLD.offset + 40_000_000 * SECOND, ClockQuality.UPSTREAM)
PAST = Dating(OLD.offset - 40_000_000 * SECOND, ClockQuality.UPSTREAM)
"""Of a box that came up in a wrong year, ahead of the right one."""
SYNCHRONISED = Dating(NEW.offset - 2 * SECOND, ClockQuality.SYNCHRONISED)
EVENTS = 8
HUB = "https://hub.example"


class Killed(Exception):
    """The power is gone."""


class Dying:
    """A database on which only so many more writes are carried out."""

    def __init__(self, database: Database, writes: int) -> None:
        self.read = database.read
        self._database = database
        self._left = writes

    async def write(self, function: Callable[[Connection], Result]) -> Result:
        if not self._left:
            raise Killed
        self._left -= 1
        return await self._database.write(function)


@pytest.fixture
def clock() -> ManualClock:
    clock = ManualClock()
    clock.mono = 2000.0
    return clock


@pytest.fixture
def service(database: Database, device: Device, clock: ManualClock) -> DatingService:
    return DatingService(database, clock, device.key, BOOT)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_module, "AT_ONCE", 3)


def at(mono: int, dating: Dating = OLD) -> int:
    return dating.offset + mono * SECOND


def event(number: int, device: Device, dating: Dating = OLD, **members: Any) -> Event:
    """Made at second `number` of the boot, ended two seconds later."""
    times = {"created": at(number, dating), "modified": at(number + 2, dating), "started": at(number + 1, dating)}
    others = {"ended": at(number + 2, dating), "boot_id": BOOT, "event_status": EventStatus.COMPLETE}
    values: dict[str, Any] = {**times, **others, **members}
    return Event(
        uuid=f"00000000-0000-7000-8000-{number:012}",
        device_key=device.key,
        agent_type_id=1,
        event_type_id=1,
        clock_quality=dating.quality,
        **values,
    )


def clip(number: int, device: Device, dating: Dating = OLD) -> Clip:
    return Clip(
        uuid=f"clip-{number}", device_key=device.key, file=f"main/{number}.mp4", boot_id=BOOT, seconds=1.0,
        start=at(number, dating), mono=number * SECOND, clock_quality=dating.quality, created=at(number + 1, dating),
    )  # fmt: skip


async def fill(database: Database, device: Device) -> None:
    """What a boot has left that has not known the time: ended events with reports, clips, photos."""

    def write(connection: Connection) -> None:
        for number in range(1, EVENTS + 1):
            made = insert_event(connection, event(number, device))
            add_to_outbox(connection, report_of(made, "serial", HUB, made.ended))
            adopt_clip(connection, clip(number, device))
            photo = Image(
                device_key=device.key, local_file_path=f"{number}.jpg", start=at(number), mono=number * SECOND,
                clock_quality=OLD.quality, boot_id=BOOT, created=at(number),
            )  # fmt: skip
            insert_record(connection, images, photo)

    await database.write(write)


async def all_events(database: Database) -> list[Event]:
    return list(reversed(await database.read(list_events)))


async def rows(database: Database, *columns: Any) -> list[Any]:
    return await database.read(lambda connection: list(connection.execute(select(*columns).order_by(columns[0]))))


async def assert_all_dated(database: Database, dating: Dating) -> None:
    moved = dating.offset - OLD.offset
    for number, found in enumerate(await all_events(database), 1):
        dates = (found.created, found.started, found.ended, found.modified)
        assert dates == tuple(at(number + more, dating) for more in (0, 1, 2, 2))
        assert (found.clock_quality, found.clock_correction) == (dating.quality, moved)
    for table in (clips, images):
        columns = (table.c.mono, table.c.start, table.c.clock_quality, table.c.clock_correction)
        expected = [(n * SECOND, at(n, dating), dating.quality, moved) for n in range(1, EVENTS + 1)]
        assert [tuple(row) for row in await rows(database, *columns)] == expected
    bodies = [json.loads(row.body) for row in await rows(database, outbox.c.key, outbox.c.body)]
    assert [body["clockQuality"] for body in bodies] == [dating.quality] * EVENTS
    assert len({body["creationDate"] for body in bodies}) == EVENTS


@pytest.mark.parametrize("new", [NEW, PAST], ids=["forward", "back"])
async def test_all_that_a_boot_has_left_is_dated_anew(
    database: Database, device: Device, service: DatingService, new: Dating
) -> None:
    await service.begin(OLD)
    await fill(database, device)
    assert await service.corrects(new)
    assert await service.follow(new) == 3 * EVENTS
    await assert_all_dated(database, new)
    made = [row.created for row in await rows(database, clips.c.key, clips.c.created)]
    assert made == [at(number + 1, new) for number in range(1, EVENTS + 1)]
    assert not await service.corrects(new)
    assert await service.follow(new) == 0
    better = Dating(new.offset - 2 * SECOND, ClockQuality.SYNCHRONISED)
    assert await service.follow(better) == 3 * EVENTS
    await assert_all_dated(database, better)


@pytest.mark.parametrize("writes", range(4))
async def test_cut_off_anywhere_it_goes_on_there(
    database: Database, device: Device, service: DatingService, clock: ManualClock, writes: int
) -> None:
    await service.begin(OLD)
    await fill(database, device)
    dying = DatingService(Dying(database, writes), clock, device.key, BOOT)  # type: ignore[arg-type]
    with pytest.raises(Killed):
        await dying.follow(NEW)
    assert await service.corrects(NEW)
    await service.begin(NEW)  # the next start of the agent
    await service.follow(NEW)
    await assert_all_dated(database, NEW)


async def test_what_is_recorded_meanwhile_is_dated_once(
    database: Database, device: Device, service: DatingService, clock: ManualClock
) -> None:
    """Rows that were made, and clips that were closed, while the correction was cut off."""
    await service.begin(OLD)
    await fill(database, device)
    dying = DatingService(Dying(database, 1), clock, device.key, BOOT)  # type: ignore[arg-type]
    with pytest.raises(Killed):
        await dying.follow(NEW)
    fresh = await database.write(lambda connection: insert_event(connection, event(50, device, NEW)))
    late = await database.write(lambda connection: adopt_clip(connection, dated(connection, clip(60, device)))[0])
    assert (late.start, late.clock_quality) == (at(60, NEW), NEW.quality)
    assert late.clock_correction == NEW.offset - OLD.offset
    await service.follow(NEW)
    assert await database.read(lambda connection: get_event(connection, fresh.key)) == fresh
    starts = [row.start for row in await rows(database, clips.c.mono, clips.c.start)]
    assert starts == [at(number, NEW) for number in (*range(1, EVENTS + 1), 60)]


async def test_what_is_unfinished_is_moved_as_far_as_it_has_come(
    database: Database, device: Device, service: DatingService
) -> None:
    await service.begin(OLD)
    waits = event(5, device, event_status=EventStatus.CHECKED_OUT, started=0, ended=0, modified=at(6))
    waits = replace(waits, lease_until=at(66))
    stored = await database.write(lambda connection: insert_event(connection, waits))
    await service.follow(NEW)
    found = await database.read(lambda connection: get_event(connection, stored.key))
    assert found is not None
    assert (found.created, found.started, found.ended, found.lease_until) == (at(5, NEW), 0, 0, at(66, NEW))


async def test_what_earlier_boots_did_stays_and_what_this_one_did_with_it_is_moved(
    database: Database, device: Device, service: DatingService
) -> None:
    then = Dating(OLD.offset - 10_000 * SECOND, ClockQuality.FLOOR)
    done = event(1, device, then, boot_id="boot-0")
    carried = event(2, device, then, boot_id="boot-0", event_status=EventStatus.PENDING, started=0, ended=0)
    idle = event(3, device, then, boot_id="boot-0", event_status=EventStatus.PENDING, started=0, ended=0)
    keys = [
        (await database.write(lambda connection, made=made: insert_event(connection, made))).key  # type: ignore[misc]
        for made in (done, carried, idle)
    ]
    await service.begin(OLD)
    ran = replace(carried, key=keys[1], boot_id=BOOT, started=at(7), ended=at(9), modified=at(9))
    await database.write(lambda connection: update_event(connection, replace(carried, key=keys[1]), ran))
    await service.follow(NEW)
    found = {found.key: found for found in await all_events(database)}
    assert found[keys[0]] == replace(done, key=keys[0])
    assert found[keys[2]] == replace(idle, key=keys[2])
    assert (found[keys[1]].created, found[keys[1]].clock_quality) == (carried.created, "floor")
    assert (found[keys[1]].started, found[keys[1]].ended) == (at(7, NEW), at(9, NEW))
    await service.follow(SYNCHRONISED)
    again = {found.key: found for found in await all_events(database)}
    assert (again[keys[1]].started, again[keys[1]].ended) == (at(7, SYNCHRONISED), at(9, SYNCHRONISED))
    assert (again[keys[0]], again[keys[2]]) == (found[keys[0]], found[keys[2]])


async def test_a_clock_that_is_set_by_hand_takes_along_what_was_dated_before(
    database: Database, device: Device, service: DatingService
) -> None:
    by_hand = Dating(OLD.offset + 5000 * SECOND, ClockQuality.FLOOR)
    await service.begin(OLD)
    await fill(database, device)
    assert await service.follow(by_hand) == 3 * EVENTS
    await assert_all_dated(database, by_hand)
    await service.follow(NEW)
    await assert_all_dated(database, NEW)


async def test_a_trusted_clock_that_drifts_corrects_nothing(
    database: Database, device: Device, service: DatingService
) -> None:
    await service.begin(SYNCHRONISED)
    await database.write(lambda connection: insert_event(connection, event(1, device, SYNCHRONISED)))
    before = await all_events(database)
    assert await service.follow(replace(SYNCHRONISED, offset=SYNCHRONISED.offset + 3 * SECOND)) == 0
    assert await all_events(database) == before


async def test_another_boot_corrects_nothing_of_this_one(
    database: Database, device: Device, service: DatingService, clock: ManualClock
) -> None:
    await service.begin(OLD)
    await fill(database, device)
    before = await all_events(database)
    later = DatingService(database, clock, device.key, "boot-2")
    assert not await later.corrects(NEW)
    assert await later.follow(NEW) == 0
    await later.begin(OLD)
    await later.follow(NEW)
    assert await all_events(database) == before
    note = await database.read(read_note)
    assert note is not None
    assert (note.boot_id, note.dating) == ("boot-2", NEW)


async def test_a_fresh_database_dates_what_an_earlier_boot_left_as_that_was_dated(
    database: Database, device: Device
) -> None:
    await note_datings(database, {BOOT: NEW, "boot-0": OLD})

    def adopt(connection: Connection) -> Clip:
        assert dating_of(connection, "boot-7") is None
        return adopt_clip(connection, dated(connection, clip(4, device)))[0]

    adopted = await database.write(adopt)
    assert (adopted.start, adopted.clock_quality) == (at(4, NEW), "upstream")


async def test_while_it_cannot_be_written_nothing_is_half_done(
    database: Database, device: Device, service: DatingService, monkeypatch: pytest.MonkeyPatch
) -> None:
    await service.begin(OLD)
    await fill(database, device)
    before = await all_events(database)

    def fails(*_: object) -> None:
        raise StorageUnavailable(database="sqlite", reason="the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(service_module, "_write_note", fails)
        with pytest.raises(StorageUnavailable):
            await service.follow(NEW)
    assert await all_events(database) == before
    await service.follow(NEW)
    await assert_all_dated(database, NEW)
