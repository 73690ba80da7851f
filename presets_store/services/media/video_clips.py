"""Video clips as the contract knows them: told of by devices, listed, changed and removed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Connection

from presets_store.ids import uuid7
from presets_store.protocol.base import wire_name
from presets_store.protocol.clips import CreateVideoClip, VideoClipRecord
from presets_store.protocol.events import DeviceReference
from presets_store.protocol.fields import Key
from presets_store.protocol.filters import (
    DeviceEpochRange,
    DevicesEpochAndCountFilter,
    DevicesTagFilter,
    VideoClipEpochAndCountFilter,
)
from presets_store.protocol.fleet.pages import Place
from presets_store.protocol.fleet.patching import read_patch
from presets_store.protocol.item_types import ItemType
from presets_store.protocol.live import LiveKind
from presets_store.protocol.media.tags import TaggedVideoClips
from presets_store.protocol.statuses import MediaStatus, VideoClipType
from presets_store.protocol.system import PatchOperation
from presets_store.rules.permissions import Permission
from presets_store.services.caller import Caller
from presets_store.services.errors import InvalidInput
from presets_store.services.fleet.pages import Page
from presets_store.services.media.errors import RecordingHeld
from presets_store.services.media.files import FilesService, give_up
from presets_store.services.media.told import (
    SECOND,
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
from presets_store.services.media.wire import (
    GONE,
    status_of,
    tagged_video_clips,
    video_clip_record,
    video_clip_with_names,
)
from presets_store.services.reach import in_reach, reached_device, reached_named, reached_row, writing
from presets_store.services.unit import Unit, Units
from presets_store.services.wire import clip_record
from presets_store.storage.clips import find_told_clip, get_clip, update_clip
from presets_store.storage.fleet.bounded import beyond, last_place
from presets_store.storage.media.files import get_file
from presets_store.storage.media.records import StoredFile
from presets_store.storage.media.tags import found_by_tags, tagged, tags_of
from presets_store.storage.media.video_clips import (
    delete_clip,
    devices_of,
    insert_clip,
    obtainable_clips,
    overlaps,
)
from presets_store.storage.records import Clip, ClipState, Device
from presets_store.storage.tables import clips

_PATCHED: Mapping[str, Any] = MappingProxyType({"file_id": Key, "video_clip_status": MediaStatus})

_COLUMNS = MappingProxyType(
    {
        "file_id": "file_id", "ts_file_id": "ts_file_id", "video_clip_parameters": "video_clip_parameters",
        "local_file_path": "file", "height": "height", "width": "width", "file_size": "size",
        "frames_per_second": "rate", "bitrate": "bitrate", "audio_status": "audio_status",
    }
)  # fmt: skip
"""Members of the record that a column of the clip holds as they are."""

_MEASURED = frozenset(
    {"local_file_path", "height", "width", "file_size", "frames_per_second", "bitrate", "start_time", "start_time_ms",
     "clip_length_in_seconds"}
)  # fmt: skip
"""What the file of a recording of this device says, and nobody else."""


class VideoClipsService:
    """Devices tell of clips over the API; what this device records itself is in the same table."""

    def __init__(self, units: Units, files: FilesService) -> None:
        self._units = units
        self._files = files

    async def tell(self, caller: Caller, serial: str, bodies: Sequence[VideoClipRecord]) -> list[VideoClipRecord]:
        """The device with this serial number (blanks left out) has these clips, all or none of which are taken.

        A file that the device told of before is not a second clip: the first is answered.
        Raises DeviceUnknown, InvalidInput.
        """

        def store(unit: Unit) -> list[VideoClipRecord]:
            device = reached_by_path(unit.connection, caller, serial)
            return [video_clip_record(_told(unit, device, body)) for body in bodies]

        return await self._units.write(caller, store)

    async def create(self, caller: Caller, body: CreateVideoClip) -> VideoClipRecord:
        """A clip that a person or service adds. Raises InvalidInput, and what naming a device may raise."""

        def store(unit: Unit) -> VideoClipRecord:
            named = DeviceReference(device_id=body.device_id, device_name=body.device_name)
            device = reached_named(unit.connection, caller, Permission.EDIT, named)
            shared = set(CreateVideoClip.model_fields) & set(VideoClipRecord.model_fields) - {"device_id"}
            record = VideoClipRecord(**{name: getattr(body, name) for name in shared})
            return video_clip_record(_told(unit, device, record))

        return await self._units.write(caller, store)

    async def get(self, caller: Caller, key: int) -> VideoClipRecord:
        """Also one whose file is gone. Raises NotFound."""
        return video_clip_record(await self._units.read(lambda connection: _clip(connection, caller, _READ, key)))

    async def find(
        self, caller: Caller, query: VideoClipEpochAndCountFilter, after: Place | None = None, *, all_devices: bool
    ) -> Page:
        """Clips that began in the time asked for. `device_id` 0: of all devices in reach. Raises NotFound."""

        def find(connection: Connection) -> Page:
            conditions = began(clips.c.start, query.start_epoch, query.end_epoch)
            conditions.append(beyond(clips, "start", after, newest_first=query.order == "desc"))
            if query.video_clip_type_id:
                conditions.append(clips.c.video_clip_type_id == query.video_clip_type_id)
            if query.tag_list:
                conditions.append(tagged(ItemType.VIDEO_CLIP, clips.c.key, query.tag_list))
            keys = [] if all_devices or not query.device_id else [query.device_id]
            found = _found(connection, caller, keys, conditions, count=query.count, order=query.order)
            devices = devices_of(connection, found)
            tags = tags_of(connection, ItemType.VIDEO_CLIP, [clip.key for clip in found])
            records = [video_clip_with_names(each, devices[each.device_key], tags.get(each.key, ())) for each in found]
            return Page(records, _last(found, query.count))

        return await self._units.read(find)

    async def find_of_devices(
        self, caller: Caller, query: DevicesEpochAndCountFilter, after: Place | None = None
    ) -> Page:
        """The same of some devices; an empty list of them stands for all in reach. Raises NotFound."""

        def find(connection: Connection) -> Page:
            conditions = began(clips.c.start, query.start_epoch, query.end_epoch)
            conditions.append(beyond(clips, "start", after, newest_first=query.order == "desc"))
            found = _found(connection, caller, query.device_id_list, conditions, count=query.count, order=query.order)
            return Page([video_clip_record(clip) for clip in found], _last(found, query.count))

        return await self._units.read(find)

    async def find_tagged(self, caller: Caller, query: DevicesTagFilter, minutes: int) -> TaggedVideoClips:
        """As `find_of_devices`, of the last `minutes` (0: open), by tags and by text in their names, with the tags.

        Raises NotFound.
        """
        start = since(query.start_epoch, minutes, self._units.now())

        def find(connection: Connection) -> TaggedVideoClips:
            conditions = [
                *began(clips.c.start, start, query.end_epoch),
                *found_by_tags(ItemType.VIDEO_CLIP, clips.c.key, query.tag_id_list, query.search_text),
            ]
            keys = query.device_id_list
            found = _found(connection, caller, keys, conditions, count=query.count, order=query.order)
            return tagged_video_clips(found, tags_of(connection, ItemType.VIDEO_CLIP, [clip.key for clip in found]))

        return await self._units.read(find)

    async def extractable(self, caller: Caller, query: DeviceEpochRange) -> list[VideoClipRecord]:
        """The device's clips with something of the time asked for, oldest first. Raises DeviceUnknown."""

        def find(connection: Connection) -> list[VideoClipRecord]:
            named = DeviceReference(device_serial=query.device_serial)
            device = reached_named(connection, caller, Permission.READ, named)
            touched = overlaps(clips, *span(query.start_epoch, query.end_epoch))
            found = _found(connection, caller, [device.key], [touched], count=0, order="asc")
            return [video_clip_record(clip) for clip in found]

        return await self._units.read(find)

    async def update(self, caller: Caller, key: int, body: VideoClipRecord) -> None:
        """Changes what the body gives; key, device, dates and status names that are ours are read and ignored.

        Raises NotFound, and InvalidInput, also for what the file of this device's own recording says otherwise.
        """

        def change(unit: Unit) -> None:
            before = _clip(unit.connection, caller, writing(caller), key)
            after = _with(unit, before, body)
            if before.state is not ClipState.ANNOUNCED:
                after = _as_measured(before, after, body)
            _store(unit, before, after)

        await self._units.write(caller, change)

    async def patch(self, caller: Caller, key: int, operations: Sequence[PatchOperation]) -> None:
        """Sets fileID or videoClipStatus. Raises BadRequestBody, NotFound, InvalidInput."""
        changes = read_patch(operations, _PATCHED)

        def change(unit: Unit) -> None:
            before = _clip(unit.connection, caller, writing(caller), key)
            after = replace(before, **changes)
            _require_file(unit, after, before)
            _store(unit, before, after)

        await self._units.write(caller, change)

    async def remove(self, caller: Caller, key: int) -> None:
        """The clip and its file; a recording of this device by its agent. Raises NotFound, FileKept, RecordingHeld."""
        given_up: list[StoredFile] = []

        def mark(unit: Unit) -> None:
            clip = _clip(unit.connection, caller, Permission.EDIT, key)
            file = get_file(unit.connection, clip.file_id) if clip.file_id else None
            given_up[:] = [give_up(unit, file)] if file is not None else []
            if clip.state in (ClipState.ANNOUNCED, *GONE):
                delete_clip(unit.connection, clip, int(ItemType.VIDEO_CLIP))
            elif file is None:
                raise RecordingHeld(file=clip.file)

        await self._units.write(caller, mark)
        for file in given_up:
            await self._files.finish(file)


_READ = Permission.READ


def _clip(connection: Connection, caller: Caller, permission: Permission, key: int) -> Clip:
    return reached_row(connection, caller, permission, get_clip(connection, key), "clip", key)


def _found(
    connection: Connection,
    caller: Caller,
    device_keys: Sequence[int],
    conditions: list[ColumnElement[bool]],
    *,
    count: int,
    order: str,
) -> list[Clip]:
    caller.principal.require(Permission.READ)
    for key in device_keys:
        reached_device(connection, caller, Permission.READ, key)
    scope = clips.c.device_key.in_(device_keys) if device_keys else in_reach(caller, clips.c.device_key)
    return obtainable_clips(connection, scope, *conditions, newest_first=order == "desc", count=count)


def _last(found: Sequence[Clip], count: int) -> Place | None:
    return last_place(found, "video_clip_parameters", "start", count)


def _told(unit: Unit, device: Device, body: VideoClipRecord) -> Clip:
    there = find_told_clip(unit.connection, device.key, body.local_file_path) if body.local_file_path else None
    if there is not None:
        return there
    new = Clip(
        uuid=uuid7(unit.now / SECOND),
        device_key=device.key,
        file=body.local_file_path,
        state=ClipState.ANNOUNCED,
        created=unit.now,
    )
    clip = insert_clip(unit.connection, _with(unit, new, body))
    unit.told.append((LiveKind.CLIP, clip.device_key, clip_record(clip)))
    return clip


def _store(unit: Unit, before: Clip, after: Clip) -> None:
    if after != before:
        update_clip(unit.connection, before, after)
        unit.told.append((LiveKind.CLIP, after.device_key, clip_record(after)))


def _with(unit: Unit, clip: Clip, body: VideoClipRecord) -> Clip:
    """The clip with what the body gives. Raises InvalidInput."""
    given = body.model_fields_set
    require_not_negative({name: getattr(body, name) for name in given & _COLUMNS.keys()})
    changes = {_COLUMNS[name]: getattr(body, name) for name in given & _COLUMNS.keys()}
    if body.video_clip_status not in (0, status_of(clip)):  # what is sent back as it was shown says nothing new
        changes["video_clip_status"] = one_of(MediaStatus, "video_clip_status", body.video_clip_status)
    if body.video_clip_type_id:
        changes["video_clip_type_id"] = int(one_of(VideoClipType, "video_clip_type_id", body.video_clip_type_id))
    if given & {"start_time", "start_time_ms"}:
        changes["start"] = moment(body.start_time, body.start_time_ms, "start_time")
    after = replace(clip, **changes)
    end = moment(body.end_time, body.end_time_ms, "end_time") if body.end_time else 0
    after = replace(after, seconds=length(body.clip_length_in_seconds, end, after.start, after.seconds))
    _require_file(unit, after, clip)
    return after


def _require_file(unit: Unit, clip: Clip, before: Clip) -> None:
    """Raises InvalidInput when the clip is to have a file that its device does not have, or a recording another one."""
    if before.state is not ClipState.ANNOUNCED and clip.file_id != before.file_id:
        reason = f"fileID of a recording of this device is {before.file_id}: it is served from where it lies."
        raise InvalidInput(reason=reason)
    for name in ("file_id", "ts_file_id"):
        key = getattr(clip, name)
        if key and key != getattr(before, name):
            require_file_of(unit.connection, clip.device_key, name, key)


def _as_measured(before: Clip, after: Clip, body: VideoClipRecord) -> Clip:
    """`after` with what the file of the recording says, exactly. Raises InvalidInput when the body says otherwise."""
    known = video_clip_record(before)
    for name in sorted(_MEASURED & body.model_fields_set):
        if getattr(body, name) != getattr(known, name):
            said = f"{wire_name(name)} of a recording of this device is {getattr(known, name)!r}; its file says so."
            raise InvalidInput(reason=said)
    return replace(
        before,
        file_id=after.file_id,
        ts_file_id=after.ts_file_id,
        video_clip_status=after.video_clip_status,
        video_clip_type_id=after.video_clip_type_id,
        video_clip_parameters=after.video_clip_parameters,
        audio_status=after.audio_status,
    )
