"""Images and audio clips ("items"): the same but for the members of their records."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import Table

from presets_store.protocol.base import WireModel
from presets_store.protocol.clips import AudioClipRecord, ImageRecord, ImageWithNames
from presets_store.protocol.item_types import ItemType
from presets_store.protocol.media.items import AudioClipWithNames
from presets_store.protocol.media.tags import AudioClipTag, ImageTag, TaggedAudioClips, TaggedImages
from presets_store.protocol.statuses import MediaStatus
from presets_store.services.media.told import MILLISECOND, SECOND
from presets_store.services.media.wire import distinct_tags, tag_record
from presets_store.storage.media.items import ItemT
from presets_store.storage.media.records import AudioClip, Image, Tag
from presets_store.storage.media.tables import audio_clips, images
from presets_store.storage.records import Device

RecordT = TypeVar("RecordT", bound=WireModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemKind(Generic[ItemT, RecordT]):
    """`record`, `named`, `link` and `tagged` make wire records, of whose members' names `name` is part.

    `columns`: by member, the column that holds it as it is. `longest`: the column with the longest texts.
    `lasts`: it has an end, so a length in seconds.
    """

    name: str
    item_type: ItemType
    table: Table
    row: type[ItemT]
    record: Callable[..., RecordT]
    named: Callable[..., WireModel]
    link: Callable[..., WireModel]
    tagged: Callable[..., WireModel]
    columns: Mapping[str, str]
    longest: str
    lasts: bool

    @property
    def what(self) -> str:
        """For people."""
        return self.name.replace("_", " ")

    @property
    def status(self) -> str:
        return f"{self.name}_status"

    @property
    def type_id(self) -> str:
        return f"{self.name}_type_id"

    def status_of(self, row: ItemT) -> MediaStatus:
        """What can be had of it. The row's own status tells of an upload, where the device itself took it."""
        status: MediaStatus = getattr(row, self.status)
        here = row.boot_id and row.file_id and status is MediaStatus.ANNOUNCED
        return MediaStatus.FILE_AVAILABLE if here else status

    def record_of(self, row: ItemT) -> RecordT:
        return self.record(**self._fields(row))

    def named_record_of(self, row: ItemT, device: Device, tags: Sequence[Tag]) -> WireModel:
        """The list form."""
        return self.named(
            **self._fields(row),
            device_name=device.device_name or device.serial_number,
            tag_list=[tag_record(tag) for tag in tags],
        )

    def tagged_records_of(self, rows: Sequence[ItemT], tags: Mapping[int, Sequence[Tag]]) -> WireModel:
        """Rows with their tags by key, as the lists by tags have them."""
        pairs = [(key, tag.key) for key, mine in tags.items() for tag in mine]
        lists: dict[str, Any] = {
            f"{self.name}_list": [self.record_of(row) for row in rows],
            f"{self.name}_tag_list": [self._link(key, tag_key) for key, tag_key in pairs],
        }
        return self.tagged(**lists, tag_list=distinct_tags(tags))

    def _link(self, key: int, tag_key: int) -> WireModel:
        members: dict[str, Any] = {f"{self.name}_id": key, "tag_id": tag_key}
        return self.link(**members)

    def _fields(self, row: ItemT) -> dict[str, Any]:
        fields = {member: getattr(row, column) for member, column in self.columns.items()}
        fields |= {
            "key": row.key,
            "device_id": row.device_key,
            self.status: int(self.status_of(row)),
            self.type_id: getattr(row, self.type_id),
            "start_time": row.start // SECOND,
            "start_time_ms": row.start % SECOND // MILLISECOND,
            "creation_date": row.created,
        }
        if isinstance(row, AudioClip):
            end = row.start + round(row.seconds * SECOND)
            fields |= {"end_time": end // SECOND, "end_time_ms": end % SECOND // MILLISECOND}
            fields["clip_length_in_seconds"] = row.seconds
        return fields


IMAGE: Final = ItemKind(
    name="image",
    item_type=ItemType.IMAGE,
    table=images,
    row=Image,
    record=ImageRecord.model_construct,
    named=ImageWithNames.model_construct,
    link=ImageTag.model_construct,
    tagged=TaggedImages.model_construct,
    columns=MappingProxyType(
        {"file_id": "file_id", "local_file_path": "local_file_path", "height": "height", "width": "width",
         "filesize": "size"}
    ),
    longest="local_file_path",
    lasts=False,
)  # fmt: skip

AUDIO_CLIP: Final = ItemKind(
    name="audio_clip",
    item_type=ItemType.AUDIO_CLIP,
    table=audio_clips,
    row=AudioClip,
    record=AudioClipRecord.model_construct,
    named=AudioClipWithNames.model_construct,
    link=AudioClipTag.model_construct,
    tagged=TaggedAudioClips.model_construct,
    columns=MappingProxyType(
        {"file_id": "file_id", "local_file_path": "local_file_path", "file_size": "size", "bitrate": "bitrate",
         "audio_clip_parameters": "audio_clip_parameters"}
    ),
    longest="audio_clip_parameters",
    lasts=True,
)  # fmt: skip
