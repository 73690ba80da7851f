"""Where devices stream to."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, Select, delete, select

from presets_store.protocol.statuses import EventStatus
from presets_store.storage.fleet.records import Stream
from presets_store.storage.fleet.tables import streams
from presets_store.storage.rows import insert_record, many, one, update_record
from presets_store.storage.tables import events

_GOES_ON = (
    select(events.c.key)
    .where(
        events.c.key == streams.c.event_key,
        events.c.device_key == streams.c.device_key,
        events.c.event_status == EventStatus.PROCESSING,
    )
    .exists()
)


def insert_stream(connection: Connection, stream: Stream) -> Stream:
    return insert_record(connection, streams, stream)


def get_stream(connection: Connection, key: int) -> Stream | None:
    return one(connection, Stream, select(streams).where(streams.c.key == key))


def get_stream_for_update(connection: Connection, key: int) -> Stream | None:
    """The stream, locked until the transaction ends."""
    return one(connection, Stream, select(streams).where(streams.c.key == key).with_for_update())


def list_streams(connection: Connection, device_key: int, *, active_since: int | None = None) -> list[Stream]:
    """A device's streams, the last active first.

    With `active_since` (microseconds) only those with activity since then, or whose event is being carried out.
    """
    statement = _of_device(device_key)
    if active_since is not None:
        statement = statement.where((streams.c.last_activity_date >= active_since) | _GOES_ON)
    return many(connection, Stream, statement)


def newest_stream(connection: Connection, device_key: int, path: str | None = None) -> Stream | None:
    """The last active stream of a device, with `path` that of this path."""
    statement = _of_device(device_key)
    return one(connection, Stream, (statement if path is None else statement.where(_at(path))).limit(1))


def path_is_of(connection: Connection, paths: Collection[str], within: ColumnElement[bool]) -> bool:
    """Whether one of the streams that fit `within` has one of these paths."""
    found = select(streams.c.key).where(streams.c.stream_path.in_(paths), within).limit(1)
    return connection.execute(found).first() is not None


def update_stream(connection: Connection, before: Stream, after: Stream) -> None:
    """Writes what differs; LostUpdate when the stream is gone."""
    update_record(connection, streams, before, after)


def delete_stream(connection: Connection, key: int) -> None:
    connection.execute(delete(streams).where(streams.c.key == key))


def forget_idle_streams(connection: Connection, device_key: int, kept: int) -> None:
    """Removes all but the `kept` last active ones of a device."""
    idle = _of_device(device_key).with_only_columns(streams.c.key).offset(kept)
    connection.execute(delete(streams).where(streams.c.key.in_(list(connection.execute(idle).scalars()))))


def _of_device(device_key: int) -> Select[tuple[object, ...]]:
    order = (streams.c.last_activity_date.desc(), streams.c.key.desc())
    return select(streams).where(streams.c.device_key == device_key).order_by(*order)


def _at(path: str) -> ColumnElement[bool]:
    return streams.c.stream_path == path
