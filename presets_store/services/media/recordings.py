"""Recordings as files: what the device itself filmed is fetched like anything that was sent here, without a copy."""

from dataclasses import replace

from presets_store.protocol.statuses import MediaStatus
from presets_store.services.media.wire import HERE
from presets_store.services.unit import Unit
from presets_store.storage.media.files import get_file, insert_file, update_file
from presets_store.storage.media.records import Place, StoredFile
from presets_store.storage.records import Clip


def with_file(unit: Unit, clip: Clip) -> Clip:
    """The clip with its row among the files, made or brought up to date; as it is when it was uploaded elsewhere."""
    here = clip.state in HERE
    file = get_file(unit.connection, clip.file_id) if clip.file_id else None
    if file is None:
        return replace(clip, file_id=_new_file(unit, clip).key) if here else clip
    if file.place is Place.MEDIA:
        status = MediaStatus.FILE_AVAILABLE if here else MediaStatus.ANNOUNCED_BUT_MISSING
        update_file(unit.connection, file, replace(file, size=clip.size, sha256=clip.sha256, status=status))
    return clip


def _new_file(unit: Unit, clip: Clip) -> StoredFile:
    file = StoredFile(
        guid=clip.uuid,
        device_key=clip.device_key,
        filename=clip.file,
        sha256=clip.sha256,
        size=clip.size,
        place=Place.MEDIA,
        path=clip.file,
        status=MediaStatus.FILE_AVAILABLE,
        uploaded=unit.now,
        created=unit.now,
    )
    return insert_file(unit.connection, file)
