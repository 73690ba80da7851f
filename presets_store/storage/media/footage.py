"""Recordings of the device on which this store runs, as material for other clips."""

from sqlalchemy import Connection, select

from presets_store.protocol.item_types import ItemType
from presets_store.protocol.statuses import VideoClipType
from presets_store.storage.media.tables import uploads
from presets_store.storage.media.video_clips import overlaps
from presets_store.storage.records import Clip, ClipState
from presets_store.storage.rows import many, one
from presets_store.storage.tables import clips

_WHOLE = clips.c.state.in_((ClipState.CLOSED, ClipState.RECOVERED))


def recordings_between(connection: Connection, device_key: int, camera_id: str, start: int, end: int) -> list[Clip]:
    """What the camera recorded of the time (microseconds), oldest first: no clips that were made of others."""
    mine = (_WHOLE, clips.c.device_key == device_key, clips.c.camera_id == camera_id)
    original = clips.c.video_clip_type_id == int(VideoClipType.ORIGINAL)
    query = select(clips).where(*mine, original, overlaps(clips, start, end)).order_by(clips.c.start, clips.c.key)
    return many(connection, Clip, query)


def whole_clip(
    connection: Connection, device_key: int, *, key: int = 0, file: str = "", file_key: int = 0
) -> Clip | None:
    """A clip whose file is there, by the first of these that is given."""
    named = clips.c.key == key if key else clips.c.file == file if file else clips.c.file_id == file_key
    return one(connection, Clip, select(clips).where(_WHOLE, clips.c.device_key == device_key, named))


def clip_called(
    connection: Connection, device_key: int, upstream: str, *, item: int = 0, file_key: int = 0
) -> Clip | None:
    """A clip whose file is there, by its key or by that of its file at an upstream to which it was sent."""
    named = uploads.c.remote_item_id == item if item else uploads.c.remote_file_id == file_key
    told = select(uploads.c.item_key).where(
        uploads.c.item_type_id == int(ItemType.VIDEO_CLIP), uploads.c.upstream == upstream, named
    )
    mine = (_WHOLE, clips.c.device_key == device_key, clips.c.key.in_(told))
    return next(iter(many(connection, Clip, select(clips).where(*mine))), None)
