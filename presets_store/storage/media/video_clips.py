"""Queries of clips as the contract's lists ask for them."""

from collections.abc import Iterable
from typing import Protocol

from sqlalchemy import ColumnElement, Connection, Float, Table, cast, delete, func, select, update

from presets_store.storage.devices import find_device
from presets_store.storage.fleet.bounded import bounded
from presets_store.storage.media.tables import audio_clips, images, tag_links
from presets_store.storage.records import Clip, ClipState, Device
from presets_store.storage.rows import insert_record, many, one
from presets_store.storage.tables import clips, devices

_GONE = (ClipState.MISSING, ClipState.REMOVED)
_SECOND = 1_000_000


class OfDevice(Protocol):
    """A row that belongs to a device."""

    @property
    def device_key(self) -> int: ...


def insert_clip(connection: Connection, clip: Clip) -> Clip:
    """Stores a new clip; IntegrityError when its device has a file of that name already."""
    return insert_record(connection, clips, clip)


def obtainable_clips(
    connection: Connection, *conditions: ColumnElement[bool], newest_first: bool, count: int
) -> list[Clip]:
    """Clips that fit all conditions, by start time, without those whose file is gone for good.

    At most `count` (0: no wish), and no more than can be held.
    """
    having = (clips.c.state.not_in(_GONE), *conditions)
    query = bounded(clips, "video_clip_parameters", "start", *having, count=count, newest_first=newest_first)
    return many(connection, Clip, query)


def overlaps(table: Table, start: int, end: int) -> ColumnElement[bool]:
    """The condition of a query: clips with something of the time from `start` to `end`, microseconds, inclusive."""
    last = cast(table.c.start, Float) + table.c.seconds * _SECOND
    return (table.c.start <= end) & (last >= start)


def devices_of(connection: Connection, found: Iterable[OfDevice]) -> dict[int, Device]:
    """By key, the devices of these clips, images or sounds."""
    keys = {each.device_key for each in found}
    return {row.key: row for row in many(connection, Device, select(devices).where(devices.c.key.in_(keys)))}


def find_by_path_serial(connection: Connection, serial: str) -> Device | None:
    """The device with this serial number; else with one that has blanks besides, which clients leave out of paths."""
    exact = find_device(connection, serial)
    if exact is not None and exact.serial_number == serial:
        return exact
    squeezed = func.replace(devices.c.serial_number, " ", "")
    return one(connection, Device, select(devices).where(squeezed == serial).order_by(devices.c.key).limit(1))


def delete_clip(connection: Connection, clip: Clip, item_type_id: int) -> None:
    """The row, and its tags."""
    connection.execute(
        delete(tag_links).where(tag_links.c.item_type_id == item_type_id, tag_links.c.item_key == clip.key)
    )
    connection.execute(delete(clips).where(clips.c.key == clip.key))


def forget_file(connection: Connection, file_key: int) -> None:
    """No clip, image or sound names the file any more."""
    for table in (clips, images, audio_clips):
        connection.execute(update(table).where(table.c.file_id == file_key).values(file_id=0))
