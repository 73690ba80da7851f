"""Rows of media to wire records."""

from collections.abc import Mapping, Sequence
from typing import Any

from presets_store.protocol.clips import FileRecord, TagRecord, VideoClipRecord, VideoClipWithNames
from presets_store.protocol.media.tags import TaggedVideoClips, VideoClipTag
from presets_store.protocol.statuses import MediaStatus
from presets_store.storage.media.records import StoredFile, Tag
from presets_store.storage.records import Clip, ClipState, Device

HERE = (ClipState.CLOSED, ClipState.RECOVERED)
"""States of recordings that lie in the media folder, whole."""
GONE = (ClipState.MISSING, ClipState.REMOVED)

_SECOND = 1_000_000
_MILLISECOND = 1_000


def file_record(file: StoredFile, address: str = "", until: int = 0) -> FileRecord:
    """`until`, in microseconds: when the address ends."""
    return FileRecord.model_construct(
        key=file.key,
        device_id=file.device_key,
        filename=file.filename,
        file_guid=file.guid,
        sha256_hash=file.sha256,
        file_location=address,
        file_expiration=until,
        file_size=file.size,
        file_in_s3=file.status is MediaStatus.FILE_AVAILABLE,
        creation_date=file.created,
    )


def video_clip_record(clip: Clip) -> VideoClipRecord:
    return VideoClipRecord.model_construct(**_video_clip_fields(clip))


def video_clip_with_names(clip: Clip, device: Device, tags: Sequence[Tag]) -> VideoClipWithNames:
    """The list form."""
    return VideoClipWithNames.model_construct(
        **_video_clip_fields(clip),
        device_name=device.device_name or device.serial_number,
        tag_list=[tag_record(tag) for tag in tags],
    )


def tagged_video_clips(found: Sequence[Clip], tags: Mapping[int, Sequence[Tag]]) -> TaggedVideoClips:
    """Clips with their tags by key, as the lists by tags have them."""
    return TaggedVideoClips.model_construct(
        video_clip_list=[video_clip_record(clip) for clip in found],
        video_clip_tag_list=[
            VideoClipTag.model_construct(video_clip_id=key, tag_id=tag.key)
            for key, mine in tags.items()
            for tag in mine
        ],
        tag_list=distinct_tags(tags),
    )


def tag_record(tag: Tag) -> TagRecord:
    return TagRecord.model_construct(key=tag.key, tag_name=tag.name, creation_date=tag.created)


def distinct_tags(tags: Mapping[int, Sequence[Tag]]) -> list[TagRecord]:
    """Each tag once, in the order of their names."""
    found = {tag.folded: tag for mine in tags.values() for tag in mine}
    return [tag_record(found[folded]) for folded in sorted(found)]


def status_of(clip: Clip) -> MediaStatus:
    """What can be had of the clip. The row's own status tells of an upload, which retention goes by."""
    if clip.video_clip_status is MediaStatus.ANNOUNCED and clip.file_id and clip.state in HERE:
        return MediaStatus.FILE_AVAILABLE
    if clip.video_clip_status is MediaStatus.ANNOUNCED and clip.state in GONE:
        return MediaStatus.ANNOUNCED_BUT_MISSING
    return clip.video_clip_status


def _video_clip_fields(clip: Clip) -> dict[str, Any]:
    end = clip.start + round(clip.seconds * _SECOND)
    return {
        "key": clip.key,
        "device_id": clip.device_key,
        "file_id": clip.file_id,
        "ts_file_id": clip.ts_file_id,
        "video_clip_status": int(status_of(clip)),
        "video_clip_type_id": clip.video_clip_type_id,
        "video_clip_parameters": clip.video_clip_parameters,
        "local_file_path": clip.file,
        "height": clip.height,
        "width": clip.width,
        "file_size": clip.size,
        "frames_per_second": clip.rate,
        "bitrate": clip.bitrate,
        "audio_status": clip.audio_status,
        "start_time": clip.start // _SECOND,
        "start_time_ms": clip.start % _SECOND // _MILLISECOND,
        "end_time": end // _SECOND,
        "end_time_ms": end % _SECOND // _MILLISECOND,
        "clip_length_in_seconds": clip.seconds,
        "creation_date": clip.created,
    }
