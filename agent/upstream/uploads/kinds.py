"""What is told of clips, photos and sounds, as the contract names it for each: pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote

from yarl import URL

from presets_store.protocol.base import WireModel
from presets_store.protocol.clips import AudioClipRecord, ImageRecord, VideoClipRecord
from presets_store.protocol.item_types import ItemType
from presets_store.protocol.statuses import MediaStatus
from presets_store.services.media.kinds import AUDIO_CLIP, IMAGE
from presets_store.services.media.wire import video_clip_record
from presets_store.storage.media.uploads import Outgoing

Record = VideoClipRecord | ImageRecord | AudioClipRecord

_OURS: Final[tuple[str, ...]] = ("key", "device_id", "file_id", "ts_file_id", "tag_list_id", "creation_date")
"""Members that mean something only in the store that gave them."""


@dataclass(frozen=True, slots=True)
class Told:
    """`path`: of the routes. `status`: the member of a patch, `status_member` that of a record."""

    path: str
    status: str
    status_member: str
    record: type[Record]
    made: Callable[[Any], WireModel]


TOLD: Mapping[ItemType, Told] = MappingProxyType(
    {
        ItemType.VIDEO_CLIP: Told(
            "/v1/videoclip", "VideoClipStatus", "video_clip_status", VideoClipRecord, video_clip_record
        ),
        ItemType.IMAGE: Told("/v1/image", "ImageStatus", "image_status", ImageRecord, IMAGE.record_of),
        ItemType.AUDIO_CLIP: Told(
            "/v1/audioclip", "AudioClipStatus", "audio_clip_status", AudioClipRecord, AUDIO_CLIP.record_of
        ),
    }
)


def announcement(outgoing: Outgoing) -> dict[str, Any]:
    """The item as it is announced: its file is still to come."""
    told = TOLD[outgoing.kind.item_type]
    record = told.made(outgoing.item)
    absent: dict[str, int] = {name: 0 for name in _OURS if name in type(record).model_fields}
    return record.model_copy(update={**absent, told.status_member: int(MediaStatus.ANNOUNCED)}).dump()


def announced_at(item_type: ItemType, serial: str, *, many: bool = False) -> str:
    """The path of the request, as it is signed."""
    route = f"{TOLD[item_type].path}{'/createlist' if many else ''}"
    return URL(f"{route}/{quote(serial.replace(' ', ''))}").raw_path


def joining(outgoing: Outgoing, remote_file_id: int) -> list[dict[str, str]]:
    """The patch with which the item there gets its file, and says that it can be fetched."""
    changes = {"FileID": remote_file_id, TOLD[outgoing.kind.item_type].status: int(MediaStatus.FILE_AVAILABLE)}
    return [{"operation": "", "fieldName": name, "value": str(value)} for name, value in changes.items()]
