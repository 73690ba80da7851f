"""Where devices stream to, and where that can be seen: told by the devices, or by those who arrange it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection

from presets_store.protocol.event_types import find_event_type
from presets_store.protocol.fleet.streams import CreateStream
from presets_store.protocol.system import StreamRecord
from presets_store.rules.permissions import Permission
from presets_store.services.caller import Caller
from presets_store.services.errors import NotFound
from presets_store.services.reach import reached_device, reached_named, reached_row, writing
from presets_store.services.unit import Unit, Units
from presets_store.storage.devices import get_device_for_update
from presets_store.storage.fleet.records import Stream
from presets_store.storage.fleet.streams import (
    delete_stream,
    forget_idle_streams,
    get_stream,
    get_stream_for_update,
    insert_stream,
    list_streams,
    newest_stream,
    update_stream,
)

KEPT: Final = 1000
"""Streams of one device; the one that was active longest ago makes room for a further one."""
ACTIVE_WITHIN: Final = 300_000_000
"""Microseconds since its last activity, within which a stream counts as active."""

_SAME = (
    "key", "stream_type_id", "stream_name", "stream_path", "stream_description", "publish_url", "read_url",
    "last_activity_date", "action_type_id",
)  # fmt: skip
"""Members that a stream's row and its wire record have under the same name."""

_WRITTEN = frozenset(_SAME) - {"key"}


class StreamsService:
    """Streams by key and by device. A device writes its own; others need the permission to edit."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def create(self, caller: Caller, body: CreateStream) -> StreamRecord:
        """A further stream, active now. Raises UnknownEventType, Forbidden, and what naming a device may raise."""
        action = find_event_type(body.action_type).id if body.action_type else 0

        def add(unit: Unit) -> StreamRecord:
            device = reached_named(unit.connection, caller, writing(caller), body)
            get_device_for_update(unit.connection, device.key)  # one at a time: each makes room
            new = Stream(
                device_key=device.key,
                stream_type_id=body.stream_type_id,
                event_key=body.event_id,
                stream_name=body.stream_name,
                stream_path=body.stream_path,
                stream_description=body.stream_description,
                publish_url=body.publish_url,
                read_url=body.read_url,
                last_activity_date=unit.now,
                action_type_id=action,
                created=unit.now,
            )
            stored = insert_stream(unit.connection, new)
            forget_idle_streams(unit.connection, device.key, KEPT)
            return stream_record(stored)

        return await self._units.write(caller, add)

    async def get(self, caller: Caller, key: int) -> StreamRecord:
        """Raises NotFound, Forbidden."""

        def find(connection: Connection) -> Stream:
            return reached_row(connection, caller, Permission.READ, get_stream(connection, key), "stream", key)

        return stream_record(await self._units.read(find))

    async def update(self, caller: Caller, key: int, body: StreamRecord) -> None:
        """Changes what the body gives; its key, device and creation are read and ignored.

        Raises NotFound, Forbidden.
        """
        given = {name: getattr(body, name) for name in body.model_fields_set & _WRITTEN}
        if "event_id" in body.model_fields_set:
            given["event_key"] = body.event_id
        await self._change(caller, key, given)

    async def patch(self, caller: Caller, key: int, changes: Mapping[str, Any]) -> None:
        """`changes` by attribute. Raises NotFound, Forbidden."""
        await self._change(caller, key, changes)

    async def _change(self, caller: Caller, key: int, changes: Mapping[str, Any]) -> None:
        def change(unit: Unit) -> None:
            found = get_stream_for_update(unit.connection, key)
            before = reached_row(unit.connection, caller, writing(caller), found, "stream", key)
            update_stream(unit.connection, before, replace(before, **changes))

        await self._units.write(caller, change)

    async def delete(self, caller: Caller, key: int) -> None:
        """Forgets the stream; what streams goes on. Raises NotFound, Forbidden."""

        def remove(unit: Unit) -> None:
            found = get_stream_for_update(unit.connection, key)
            reached_row(unit.connection, caller, writing(caller), found, "stream", key)
            delete_stream(unit.connection, key)

        await self._units.write(caller, remove)

    async def of_device(self, caller: Caller, device_key: int, *, active_only: bool = False) -> list[StreamRecord]:
        """A device's streams, the last active first; `active_only`: with activity of late, or whose event goes on.

        Raises NotFound, Forbidden.
        """

        def find(connection: Connection) -> list[Stream]:
            device = reached_device(connection, caller, Permission.READ, device_key)
            since = self._units.now() - ACTIVE_WITHIN if active_only else None
            return list_streams(connection, device.key, active_since=since)

        return [stream_record(stream) for stream in await self._units.read(find)]

    async def newest(self, caller: Caller, device_key: int, path: str | None = None) -> StreamRecord:
        """The last active stream of a device, with `path` that of this path. Raises NotFound, Forbidden."""

        def find(connection: Connection) -> Stream:
            device = reached_device(connection, caller, Permission.READ, device_key)
            found = newest_stream(connection, device.key, path)
            if found is None:
                raise NotFound(what="stream", name=f"of device {device.key}" + (" with this path" if path else ""))
            return found

        return stream_record(await self._units.read(find))


def stream_record(stream: Stream) -> StreamRecord:
    return StreamRecord.model_construct(
        **{name: getattr(stream, name) for name in _SAME},
        device_id=stream.device_key,
        event_id=stream.event_key,
        creation_date=stream.created,
    )
