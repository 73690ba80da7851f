"""The index of the media folder."""

from dataclasses import replace

from sqlalchemy import ColumnElement, Connection, delete, select, true

from presets_store.protocol.item_types import ItemType
from presets_store.storage.media.records import Place
from presets_store.storage.media.tables import files, uploads
from presets_store.storage.records import Clip, ClipState, IndexedFile
from presets_store.storage.rows import insert_if_absent, many, one, update_record, values_of
from presets_store.storage.tables import clips

_ALL = true()
_HAS_FILE = clips.c.state.in_((ClipState.RECORDING, ClipState.CLOSED, ClipState.RECOVERED))


def adopt_clip(connection: Connection, clip: Clip) -> tuple[Clip, bool]:
    """Stores a clip unless its file or uuid is already indexed; what is stored, and whether it is new."""
    key = insert_if_absent(connection, clips, values_of(clip))
    if key is not None:
        return replace(clip, key=key), True
    there = find_clip_by_uuid(connection, clip.uuid) or find_told_clip(connection, clip.device_key, clip.file)
    return there or clip, False


def get_clip(connection: Connection, key: int) -> Clip | None:
    return one(connection, Clip, select(clips).where(clips.c.key == key))


def find_clip_by_uuid(connection: Connection, uuid: str) -> Clip | None:
    return one(connection, Clip, select(clips).where(clips.c.uuid == uuid))


def find_clip_by_file(connection: Connection, file: str) -> Clip | None:
    """The clip at this path relative to the media folder of the device on which this store runs."""
    return one(connection, Clip, select(clips).where(clips.c.file == file, clips.c.state != ClipState.ANNOUNCED))


def find_told_clip(connection: Connection, device_key: int, file: str) -> Clip | None:
    """The clip for which the device has this name."""
    return one(connection, Clip, select(clips).where(clips.c.device_key == device_key, clips.c.file == file))


def list_clips(
    connection: Connection,
    *,
    device_key: int | None = None,
    started_from: int | None = None,
    started_before: int | None = None,
    limit: int | None = None,
    newest_first: bool = True,
    within: ColumnElement[bool] = _ALL,
) -> list[Clip]:
    """Clips by start time; the range is `started_from` <= start < `started_before`, in microseconds.

    `within`: which of them may be shown.
    """
    order = (clips.c.start.desc(), clips.c.key.desc()) if newest_first else (clips.c.start, clips.c.key)
    statement = select(clips).where(within).order_by(*order).limit(limit)
    if device_key is not None:
        statement = statement.where(clips.c.device_key == device_key)
    if started_from is not None:
        statement = statement.where(clips.c.start >= started_from)
    if started_before is not None:
        statement = statement.where(clips.c.start < started_before)
    return many(connection, Clip, statement)


def clips_with_files(connection: Connection) -> list[Clip]:
    """Those whose file is there, as far as this table knows."""
    return many(connection, Clip, select(clips).where(_HAS_FILE))


def indexed_files(connection: Connection) -> list[IndexedFile]:
    """The same, as little of them as decides what may be removed."""
    columns = (clips.c[name] for name in IndexedFile._fields)
    return [IndexedFile(*row) for row in connection.execute(select(*columns).where(_HAS_FILE))]


def unlinked_clips(connection: Connection, limit: int) -> list[Clip]:
    """Closed clips without a place in the chain, in the order in which they were indexed."""
    closed = clips.c.state.in_((ClipState.CLOSED, ClipState.RECOVERED))
    statement = select(clips).where(clips.c.chain_number == 0, closed).order_by(clips.c.key).limit(limit)
    return many(connection, Clip, statement)


def forget_removed(connection: Connection, keep: int) -> None:
    """Deletes the rows of removed clips, of their files and of their uploads, but for the `keep` newest."""
    removed = clips.c.state == ClipState.REMOVED
    oldest = select(clips.c.key).where(removed).order_by(clips.c.key.desc()).limit(1).offset(keep).scalar_subquery()
    forgotten = clips.c.key <= oldest
    gone = select(clips.c.file_id).where(removed, forgotten)
    connection.execute(delete(files).where(files.c.place == Place.MEDIA, files.c.key.in_(gone)))
    mine = uploads.c.item_key.in_(select(clips.c.key).where(removed, forgotten))
    connection.execute(delete(uploads).where(uploads.c.item_type_id == int(ItemType.VIDEO_CLIP), mine))
    connection.execute(delete(clips).where(removed, forgotten))


def clips_of_event(connection: Connection, event_key: int, within: ColumnElement[bool] = _ALL) -> list[Clip]:
    """An event's clips in the order in which they were recorded. `within`: which of them may be shown."""
    order = (clips.c.attempt, clips.c.segment_index, clips.c.key)
    return many(connection, Clip, select(clips).where(clips.c.event_key == event_key, within).order_by(*order))


def clips_of_event_uuid(connection: Connection, event_uuid: str) -> list[Clip]:
    """As `clips_of_event`, and also when the event's row is not in this database."""
    order = (clips.c.attempt, clips.c.segment_index, clips.c.key)
    return many(connection, Clip, select(clips).where(clips.c.event_uuid == event_uuid).order_by(*order))


def update_clip(connection: Connection, before: Clip, after: Clip) -> None:
    """Writes what differs; LostUpdate when the clip is gone or its state was changed since `before`."""
    update_record(connection, clips, before, after, guard=("state",))
