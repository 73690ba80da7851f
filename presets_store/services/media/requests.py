"""What is asked of a device about its clips, images and sounds: it becomes events, whose outcome the device reports."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection, select

from presets_store.protocol.event_types import find_event_type
from presets_store.protocol.events import DeviceReference, EventRecord
from presets_store.protocol.fields import MAX_JSON_TEXT
from presets_store.protocol.item_types import ItemType
from presets_store.protocol.media.requests import Concatenate
from presets_store.protocol.parameters.files import Transfer
from presets_store.protocol.statuses import MediaStatus
from presets_store.rules.event import Event
from presets_store.rules.permissions import Permission
from presets_store.services.caller import Caller
from presets_store.services.changes import Changes
from presets_store.services.errors import InvalidInput
from presets_store.services.reach import reached_named
from presets_store.services.unit import Unit, Units
from presets_store.services.wire import event_record
from presets_store.storage.media.tables import audio_clips, images
from presets_store.storage.tables import clips

TRANSFER: Final = "Transfer_Transfer_file"
CONCATENATE: Final = "Transcoding_Concatenate_files"

_ATTEMPTS: Final = 10
"""Of a transfer: after a restart the device goes on with it."""

_COLUMNS: Final = {
    ItemType.VIDEO_CLIP: (clips, clips.c.file, clips.c.video_clip_status),
    ItemType.IMAGE: (images, images.c.local_file_path, images.c.image_status),
    ItemType.AUDIO_CLIP: (audio_clips, audio_clips.c.local_file_path, audio_clips.c.audio_clip_status),
}
"""By type: the table, and its columns for the name of the file on the device and for what became of its upload."""


@dataclass(frozen=True, slots=True)
class _Kept:
    key: int
    file: str
    status: MediaStatus


class RequestsService:
    """Queues work on media for the devices that have them."""

    def __init__(self, units: Units, changes: Changes) -> None:
        self._units = units
        self._changes = changes

    async def upload(self, caller: Caller, named: DeviceReference, item_type: ItemType, keys: Sequence[int]) -> None:
        """The device is to send these files: an event for each, so that each has an outcome of its own.

        Those that were sent already are passed over. Raises InvalidInput, and what naming a device may raise.
        """

        def queue(unit: Unit) -> None:
            device = reached_named(unit.connection, caller, Permission.RUN, named)
            for kept in _wanted(unit.connection, device.key, item_type, keys):
                transfer = Transfer(
                    action="upload", item_type_id=int(item_type), object_id=kept.key, local_file_path=kept.file
                )
                given = transfer.model_dump(mode="json", by_alias=True, exclude_unset=True)
                event = _event(TRANSFER, device.key, json.dumps(given))
                self._changes.add(unit, replace(event, max_attempts=_ATTEMPTS))

        await self._units.write(caller, queue)

    async def concatenate(self, caller: Caller, item_type: ItemType, body: Concatenate, *, usevrs: bool) -> EventRecord:
        """The device is to make one of its clips of a time, or of those that are named; the event.

        Raises InvalidInput, and what naming a device may raise.
        """
        if not body.video_clips and not 0 <= body.start_epoch < body.end_epoch:
            raise InvalidInput(reason="startEpoch and endEpoch are no time: startEpoch must be the smaller one.")

        def queue(unit: Unit) -> EventRecord:
            named = DeviceReference(device_id=body.device_id, device_name=body.device_name)
            device = reached_named(unit.connection, caller, Permission.RUN, named)
            given = body.model_dump(mode="json", by_alias=True, exclude_unset=True)
            text = json.dumps({**given, "deviceID": device.key, "itemTypeID": int(item_type), "usevrs": usevrs})
            if len(text) > MAX_JSON_TEXT:
                raise InvalidInput(reason=f"videoClips is too long: at most {MAX_JSON_TEXT} characters in all.")
            return event_record(self._changes.add(unit, _event(CONCATENATE, device.key, text)))

        return await self._units.write(caller, queue)


def _wanted(connection: Connection, device_key: int, item_type: ItemType, keys: Sequence[int]) -> list[_Kept]:
    """Those that were not sent yet, in the order asked for. Raises InvalidInput for one that the device has not."""
    table, file, status = _COLUMNS[item_type]
    mine = select(table.c.key, file, status).where(table.c.device_key == device_key, table.c.key.in_(keys))
    found = {row[0]: _Kept(*row) for row in connection.execute(mine)}
    for key in keys:
        if key not in found:
            what = item_type.name.lower().replace("_", " ")
            raise InvalidInput(reason=f"Device {device_key} has no {what} {key}; nothing was asked of it.")
    wanted = (found[key] for key in dict.fromkeys(keys))
    return [kept for kept in wanted if kept.status is not MediaStatus.FILE_AVAILABLE]


def _event(event_type: str, device_key: int, parameters: str) -> Event:
    kind = find_event_type(event_type)
    return Event(
        uuid="",
        device_key=device_key,
        agent_type_id=kind.agent_type_id,
        event_type_id=kind.id,
        event_parameters=parameters,
        priority=1,
    )
