"""Images and audio clips: told of by devices, listed, changed and removed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, Generic

from sqlalchemy import ColumnElement, Connection

from presets_store.protocol.base import WireModel, wire_name
from presets_store.protocol.events import DeviceReference
from presets_store.protocol.fields import Key
from presets_store.protocol.filters import (
    DeviceEpochRange,
    DevicesEpochAndCountFilter,
    DevicesTagFilter,
    ImageEpochAndCountFilter,
)
from presets_store.protocol.fleet.pages import Place
from presets_store.protocol.fleet.patching import read_patch
from presets_store.protocol.media.items import AudioClipEpochAndCountFilter, CreateAudioClip, CreateImage
from presets_store.protocol.statuses import MediaStatus
from presets_store.protocol.system import PatchOperation
from presets_store.rules.permissions import Permission
from presets_store.services.caller import INSIDE, Caller
from presets_store.services.errors import InvalidInput
from presets_store.services.fleet.pages import Page
from presets_store.services.media.files import FilesService, give_up
from presets_store.services.media.kinds import ItemKind, RecordT
from presets_store.services.media.told import (
    began,
    length,
    moment,
    one_of,
    reached_by_path,
    require_file_of,
    require_not_negative,
    since,
    span,
)
from presets_store.services.reach import in_reach, reached_device, reached_named, reached_row, writing
from presets_store.services.unit import Unit, Units
from presets_store.storage.devices import get_device_for_update
from presets_store.storage.fleet.bounded import beyond, last_place
from presets_store.storage.media.files import get_file
from presets_store.storage.media.items import ItemT, delete_item, find_item, get_item, list_items
from presets_store.storage.media.records import AudioClip, StoredFile
from presets_store.storage.media.records import Place as FilePlace
from presets_store.storage.media.tags import found_by_tags, tagged, tags_of
from presets_store.storage.media.video_clips import devices_of, overlaps
from presets_store.storage.records import Device
from presets_store.storage.rows import insert_record, update_record

_ORIGINAL: Final = 1
"""The type of what a device recorded; clients ask for it, and leave it out when they tell."""

_FREE: Final = ("audio_clip_parameters",)
"""Columns of what a device took itself that no file has a word in, beside status and type."""


class ItemsService(Generic[ItemT, RecordT]):
    """Those of one kind. Nobody but their device knows of them before it tells."""

    def __init__(self, units: Units, files: FilesService, kind: ItemKind[ItemT, RecordT]) -> None:
        self._units = units
        self._files = files
        self._kind = kind

    async def tell(self, caller: Caller, serial: str, bodies: Sequence[RecordT]) -> list[RecordT]:
        """The device with this serial number (blanks left out) has these, all or none of which are taken.

        A file that the device told of before, begun at the same moment, is not a second one: the first is answered.
        Raises DeviceUnknown, InvalidInput.
        """

        def store(unit: Unit) -> list[RecordT]:
            device = reached_by_path(unit.connection, caller, serial)
            return [self._told(unit, device, body) for body in bodies]

        return await self._units.write(caller, store)

    async def create(self, caller: Caller, body: CreateImage | CreateAudioClip) -> RecordT:
        """One that a person or service adds. Raises InvalidInput, and what naming a device may raise."""

        def store(unit: Unit) -> RecordT:
            named = DeviceReference(device_id=body.device_id, device_name=body.device_name)
            device = reached_named(unit.connection, caller, Permission.EDIT, named)
            return self._told(unit, device, body)

        return await self._units.write(caller, store)

    async def get(self, caller: Caller, key: int) -> RecordT:
        """Raises NotFound."""
        row = await self._units.read(lambda connection: self._reached(connection, caller, Permission.READ, key))
        return self._kind.record_of(row)

    async def find(
        self,
        caller: Caller,
        query: ImageEpochAndCountFilter | AudioClipEpochAndCountFilter,
        after: Place | None = None,
        *,
        all_devices: bool,
    ) -> Page:
        """What began in the time asked for. `device_id` 0: of all devices in reach. Raises NotFound."""
        table, item_type = self._kind.table, self._kind.item_type

        def find(connection: Connection) -> Page:
            conditions = began(table.c.start, query.start_epoch, query.end_epoch)
            conditions.append(beyond(table, "start", after, newest_first=query.order == "desc"))
            if type_id := getattr(query, self._kind.type_id, 0):  # there is no filter by types of images
                conditions.append(table.c[self._kind.type_id] == type_id)
            if query.tag_list:
                conditions.append(tagged(item_type, table.c.key, query.tag_list))
            keys = [] if all_devices or not query.device_id else [query.device_id]
            found = self._found(connection, caller, keys, conditions, count=query.count, order=query.order)
            devices = devices_of(connection, found)
            tags = tags_of(connection, item_type, [row.key for row in found])
            named = self._kind.named_record_of
            records = [named(row, devices[row.device_key], tags.get(row.key, ())) for row in found]
            return Page(records, last_place(found, self._kind.longest, "start", query.count))

        return await self._units.read(find)

    async def find_of_devices(
        self, caller: Caller, query: DevicesEpochAndCountFilter, after: Place | None = None
    ) -> Page:
        """The same of some devices; an empty list of them stands for all in reach. Raises NotFound."""
        table, keys = self._kind.table, query.device_id_list

        def find(connection: Connection) -> Page:
            conditions = began(table.c.start, query.start_epoch, query.end_epoch)
            conditions.append(beyond(table, "start", after, newest_first=query.order == "desc"))
            found = self._found(connection, caller, keys, conditions, count=query.count, order=query.order)
            return Page(self._records(found), last_place(found, self._kind.longest, "start", query.count))

        return await self._units.read(find)

    async def find_tagged(self, caller: Caller, query: DevicesTagFilter, minutes: int) -> WireModel:
        """As `find_of_devices`, of the last `minutes` (0: open), by tags and by text in their names, with the tags.

        Raises NotFound.
        """
        table, item_type = self._kind.table, self._kind.item_type
        start = since(query.start_epoch, minutes, self._units.now())

        def find(connection: Connection) -> WireModel:
            conditions = [
                *began(table.c.start, start, query.end_epoch),
                *found_by_tags(item_type, table.c.key, query.tag_id_list, query.search_text),
            ]
            found = self._found(
                connection, caller, query.device_id_list, conditions, count=query.count, order=query.order
            )
            return self._kind.tagged_records_of(found, tags_of(connection, item_type, [row.key for row in found]))

        return await self._units.read(find)

    async def extractable(self, caller: Caller, query: DeviceEpochRange) -> list[RecordT]:
        """The device's, with something of the time asked for, oldest first. Raises DeviceUnknown."""
        table = self._kind.table

        def find(connection: Connection) -> list[RecordT]:
            named = DeviceReference(device_serial=query.device_serial)
            device = reached_named(connection, caller, Permission.READ, named)
            start, end = span(query.start_epoch, query.end_epoch)
            within = overlaps(table, start, end) if self._kind.lasts else table.c.start.between(start, end)
            return self._records(self._found(connection, caller, [device.key], [within], count=0, order="asc"))

        return await self._units.read(find)

    async def update(self, caller: Caller, key: int, body: RecordT) -> None:
        """Changes what the body gives; key, device and creation are read and ignored. Raises NotFound, InvalidInput."""

        def change(unit: Unit) -> None:
            before = self._reached(unit.connection, caller, writing(caller), key)
            update_record(unit.connection, self._kind.table, before, self._with(unit, before, body))

        await self._units.write(caller, change)

    async def patch(self, caller: Caller, key: int, operations: Sequence[PatchOperation]) -> None:
        """Sets fileID or the status. Raises BadRequestBody, NotFound, InvalidInput."""
        changes = read_patch(operations, {"file_id": Key, self._kind.status: MediaStatus})

        def change(unit: Unit) -> None:
            before = self._reached(unit.connection, caller, writing(caller), key)
            after = replace(before, **changes)
            _require_file(unit.connection, before, after)
            after = after if not before.boot_id else _as_taken(self._kind, before, after)
            update_record(unit.connection, self._kind.table, before, after)

        await self._units.write(caller, change)

    async def remove(self, caller: Caller, key: int) -> None:
        """It and its file; what this device took by its agent. Raises NotFound, RecordingHeld, StoreFailed."""
        given_up: list[StoredFile] = []
        taken: list[str] = []

        def mark(unit: Unit) -> None:
            row = self._reached(unit.connection, caller, Permission.EDIT, key)
            file = get_file(unit.connection, row.file_id) if row.file_id else None
            # What else lies in the media folder is a recording, and goes with its clip.
            others = file is None or (file.place is FilePlace.MEDIA and not row.boot_id)
            given_up[:] = [] if file is None or others else [give_up(unit, file)]
            taken[:] = [row.local_file_path] if row.boot_id else []
            if not taken:
                delete_item(unit.connection, self._kind.table, self._kind.item_type, key)

        await self._units.write(caller, mark)
        for file in given_up:
            await self._files.finish(file)
        if taken:
            await self._units.write(
                INSIDE, lambda unit: delete_item(unit.connection, self._kind.table, self._kind.item_type, key)
            )

    def _reached(self, connection: Connection, caller: Caller, permission: Permission, key: int) -> ItemT:
        row = get_item(connection, self._kind.row, self._kind.table, key)
        return reached_row(connection, caller, permission, row, self._kind.what, key)

    def _found(
        self,
        connection: Connection,
        caller: Caller,
        device_keys: Sequence[int],
        conditions: Sequence[ColumnElement[bool]],
        *,
        count: int,
        order: str,
    ) -> list[ItemT]:
        caller.principal.require(Permission.READ)
        for key in device_keys:
            reached_device(connection, caller, Permission.READ, key)
        column = self._kind.table.c.device_key
        scope = column.in_(device_keys) if device_keys else in_reach(caller, column)
        kind, newest_first = self._kind, order == "desc"
        return list_items(
            connection, kind.row, kind.table, kind.longest, scope, *conditions, newest_first=newest_first, count=count
        )

    def _records(self, rows: Sequence[ItemT]) -> list[RecordT]:
        return [self._kind.record_of(row) for row in rows]

    def _told(self, unit: Unit, device: Device, body: WireModel) -> RecordT:
        get_device_for_update(unit.connection, device.key)  # one at a time: a repeat finds what was told first
        kind = self._kind
        new = kind.row(device_key=device.key, created=unit.now)
        first: dict[str, Any] = {kind.type_id: _ORIGINAL}
        wanted = self._with(unit, replace(new, **first), body)
        there = None
        if wanted.local_file_path:
            there = find_item(unit.connection, kind.row, kind.table, device.key, wanted.start, wanted.local_file_path)
        return kind.record_of(there or insert_record(unit.connection, kind.table, wanted))

    def _with(self, unit: Unit, row: ItemT, body: WireModel) -> ItemT:
        """The row with what the body gives. Raises InvalidInput."""
        kind = self._kind
        given = {name: getattr(body, name) for name in body.model_fields_set}
        members = given.keys() & (kind.columns.keys() | {kind.type_id})
        require_not_negative({name: given[name] for name in members})
        changes: dict[str, Any] = {kind.columns[name]: given[name] for name in members & kind.columns.keys()}
        if given.get(kind.type_id):
            changes[kind.type_id] = given[kind.type_id]
        if given.get(kind.status) and given[kind.status] != kind.status_of(row):  # as it was shown says nothing new
            changes[kind.status] = one_of(MediaStatus, kind.status, given[kind.status])
        if given.keys() & {"start_time", "start_time_ms"}:
            changes["start"] = moment(given.get("start_time", 0), given.get("start_time_ms", 0), "start_time")
        if isinstance(row, AudioClip):
            end = given.get("end_time", 0) and moment(given["end_time"], given.get("end_time_ms", 0), "end_time")
            start = changes.get("start", row.start)
            changes["seconds"] = length(given.get("clip_length_in_seconds", 0.0), end, start, row.seconds)
        after = replace(row, **changes)
        _require_file(unit.connection, row, after)
        return after if not row.boot_id else _as_taken(kind, row, after)


def _as_taken(kind: ItemKind[ItemT, RecordT], before: ItemT, after: ItemT) -> ItemT:
    """`after` with what the file says, exactly. Raises InvalidInput when something else is said of it."""
    free = {name: getattr(after, name) for name in (kind.status, kind.type_id, *_FREE) if hasattr(after, name)}
    known, said = kind.record_of(before), kind.record_of(after)
    for name in type(known).model_fields:
        if name not in free and getattr(known, name) != getattr(said, name):
            raise InvalidInput(
                reason=f"{wire_name(name)} of what this device took is {getattr(known, name)!r}; its file says so."
            )
    return replace(before, **free)


def _require_file(connection: Connection, before: ItemT, after: ItemT) -> None:
    """Raises InvalidInput when it is to have a file that its device does not have."""
    if after.file_id and after.file_id != before.file_id:
        require_file_of(connection, after.device_key, "file_id", after.file_id)
