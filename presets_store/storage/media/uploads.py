"""Recordings of this device on their way to an upstream."""

from dataclasses import asdict

from sqlalchemy import Connection, select

from presets_store.protocol.item_types import ItemType
from presets_store.protocol.statuses import MediaStatus
from presets_store.storage.media.records import Upload
from presets_store.storage.media.tables import uploads
from presets_store.storage.records import Clip, ClipState
from presets_store.storage.rows import many, one, put
from presets_store.storage.tables import clips, events

_WHOLE = (ClipState.CLOSED, ClipState.RECOVERED)


def clips_to_send(connection: Connection, device_key: int, upstream: str, *, all_clips: bool, limit: int) -> list[Clip]:
    """Whole clips of the device that were not uploaded, oldest first: all, or those of what `upstream` asked for."""
    statement = (
        select(clips)
        .where(
            clips.c.device_key == device_key,
            clips.c.state.in_(_WHOLE),
            clips.c.video_clip_status == MediaStatus.ANNOUNCED,
        )
        .order_by(clips.c.start, clips.c.key)
        .limit(limit)
    )
    if not all_clips:
        statement = statement.join(events, events.c.key == clips.c.event_key).where(events.c.upstream == upstream)
    return many(connection, Clip, statement)


def get_upload(connection: Connection, kind: ItemType, item_key: int, upstream: str) -> Upload | None:
    wanted = (uploads.c.item_type_id == kind, uploads.c.item_key == item_key, uploads.c.upstream == upstream)
    return one(connection, Upload, select(uploads).where(*wanted))


def put_upload(connection: Connection, upload: Upload) -> None:
    """Stores it, in place of what was known."""
    put(connection, uploads, asdict(upload))
