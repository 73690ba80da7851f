"""The index of the media folder."""

from dataclasses import replace

from sqlalchemy import Connection, select

from presets_store.storage.records import Clip
from presets_store.storage.rows import insert_if_absent, many, one, update_record, values_of
from presets_store.storage.tables import clips


def adopt_clip(connection: Connection, clip: Clip) -> tuple[Clip, bool]:
    """Stores a clip unless its file or uuid is already indexed; what is stored, and whether it is new."""
    key = insert_if_absent(connection, clips, values_of(clip))
    if key is not None:
        return replace(clip, key=key), True
    return find_clip_by_uuid(connection, clip.uuid) or find_clip_by_file(connection, clip.file) or clip, False


def get_clip(connection: Connection, key: int) -> Clip | None:
    return one(connection, Clip, select(clips).where(clips.c.key == key))


def find_clip_by_uuid(connection: Connection, uuid: str) -> Clip | None:
    return one(connection, Clip, select(clips).where(clips.c.uuid == uuid))


def find_clip_by_file(connection: Connection, file: str) -> Clip | None:
    """The clip at this path relative to the media folder."""
    return one(connection, Clip, select(clips).where(clips.c.file == file))


def list_clips(
    connection: Connection,
    *,
    device_key: int | None = None,
    started_from: int | None = None,
    started_before: int | None = None,
    limit: int | None = None,
    newest_first: bool = True,
) -> list[Clip]:
    """Clips by start time; the range is `started_from` <= start < `started_before`, in microseconds."""
    order = (clips.c.start.desc(), clips.c.key.desc()) if newest_first else (clips.c.start, clips.c.key)
    statement = select(clips).order_by(*order).limit(limit)
    if device_key is not None:
        statement = statement.where(clips.c.device_key == device_key)
    if started_from is not None:
        statement = statement.where(clips.c.start >= started_from)
    if started_before is not None:
        statement = statement.where(clips.c.start < started_before)
    return many(connection, Clip, statement)


def clips_of_event(connection: Connection, event_key: int) -> list[Clip]:
    """An event's clips in the order in which they were recorded."""
    order = (clips.c.attempt, clips.c.segment_index, clips.c.key)
    return many(connection, Clip, select(clips).where(clips.c.event_key == event_key).order_by(*order))


def clips_of_event_uuid(connection: Connection, event_uuid: str) -> list[Clip]:
    """As `clips_of_event`, and also when the event's row is not in this database."""
    order = (clips.c.attempt, clips.c.segment_index, clips.c.key)
    return many(connection, Clip, select(clips).where(clips.c.event_uuid == event_uuid).order_by(*order))


def update_clip(connection: Connection, before: Clip, after: Clip) -> None:
    """Writes what differs; LostUpdate when the clip is gone or its state was changed since `before`."""
    update_record(connection, clips, before, after, guard=("state",))
