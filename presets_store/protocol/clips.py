"""Media records and uploads (events-api.md sections 4 and 9), and the clip list of our own."""

from typing import Annotated

from pydantic import Field

from presets_store.protocol.base import WireModel
from presets_store.protocol.fields import (
    MAX_LIST,
    Count,
    Int,
    Key,
    LongText,
    Moment,
    Name,
    NotNegative,
    Real,
    Text,
)
from presets_store.protocol.filters import Order
from presets_store.protocol.statuses import MediaStatus, VideoClipType


class TagRecord(WireModel):
    key: Int = 0
    tag_name: Name = ""
    creation_date: Moment = 0


Tags = Annotated[list[TagRecord], Field(max_length=MAX_LIST)]


class VideoClipRecord(WireModel):
    """Times in Unix seconds, `*_ms` their milliseconds; sizes in pixels and bytes, `bitrate` in bit/s."""

    key: Int = 0
    device_id: Int = 0
    file_id: Int = 0
    ts_file_id: Int = 0
    video_clip_status: Int = 0
    video_clip_type_id: Int = int(VideoClipType.ORIGINAL)
    video_clip_parameters: LongText = ""
    local_file_path: Text = ""
    height: Int = 0
    width: Int = 0
    file_size: Int = 0
    frames_per_second: Real = 0.0
    bitrate: Int = 0
    audio_status: Int = 0
    start_time: Int = 0
    start_time_ms: Int = 0
    end_time: Int = 0
    end_time_ms: Int = 0
    clip_length_in_seconds: Real = 0.0
    tag_list_id: Int = 0
    creation_date: Moment = 0


class VideoClipWithNames(VideoClipRecord):
    """The list form."""

    device_name: Name = ""
    tag_list: Tags = Field(default_factory=list)


class CreateVideoClip(WireModel):
    """Body of `POST /v1/videoclip`."""

    one_of = (("device_id", "device_name"),)

    device_id: Key = 0
    device_name: Name = ""
    file_id: Key = 0
    local_file_path: Text = ""
    height: Count = 0
    width: Count = 0
    frames_per_second: NotNegative = 0.0
    start_time: Int = 0
    start_time_ms: Int = 0
    clip_length_in_seconds: NotNegative = 0.0
    video_clip_status: MediaStatus = MediaStatus.ANNOUNCED
    video_clip_type_id: VideoClipType = VideoClipType.ORIGINAL
    video_clip_parameters: LongText = ""


class ImageRecord(WireModel):
    key: Int = 0
    device_id: Int = 0
    file_id: Int = 0
    image_status: Int = 0
    image_type_id: Int = 0
    local_file_path: Text = ""
    height: Int = 0
    width: Int = 0
    filesize: Int = 0
    start_time: Int = 0
    start_time_ms: Int = 0
    tag_list_id: Int = 0
    creation_date: Moment = 0


class ImageWithNames(ImageRecord):
    device_name: Name = ""
    tag_list: Tags = Field(default_factory=list)


class AudioClipRecord(WireModel):
    key: Int = 0
    device_id: Int = 0
    file_id: Int = 0
    audio_clip_status: Int = 0
    audio_clip_type_id: Int = 0
    audio_clip_parameters: LongText = ""
    local_file_path: Text = ""
    file_size: Int = 0
    bitrate: Int = 0
    start_time: Int = 0
    start_time_ms: Int = 0
    end_time: Int = 0
    end_time_ms: Int = 0
    clip_length_in_seconds: Real = 0.0
    tag_list_id: Int = 0
    creation_date: Moment = 0


class FileRecord(WireModel):
    """`file_location` is a pre-signed address: where to put, or to get, the bytes."""

    key: Int = 0
    device_id: Int = 0
    filename: Text = ""
    file_guid: Name = ""
    sha256_hash: Name = ""
    file_location: Text = ""
    file_expiration: Moment = 0
    file_size: Int = 0
    file_in_s3: bool = False
    do_not_delete: bool = False
    creation_date: Moment = 0


class SignedUrlWithId(WireModel):
    signed_url: Text = ""
    file_id: Int | None = None


class ClipRecord(WireModel):
    """One segment as `GET /v1/clip/list` (ours) answers it.

    `state`: recording, closed, recovered, missing, or removed (to make room). `file` is relative to the device's media
    folder, `thumbnail` the name of a JPEG beside it. `event_id` is 0 when the event's row is gone; `event_uuid` stays.
    `protected`: never removed to make room. `chain_number` (0: none) and `chain_link`: its place in the device's signed
    chain. Sizes in pixels and bytes, `bitrate` in bit/s.
    """

    key: Int = 0
    clip_uuid: Name = ""
    device_id: Int = 0
    event_id: Int = 0
    event_uuid: Name = ""
    attempt_number: Int = 0
    camera_id: Name = ""
    segment_index: Int = 0
    file: Text = ""
    state: Name = ""
    video_clip_status: Int = 0
    codec: Name = ""
    width: Int = 0
    height: Int = 0
    frames_per_second: Real = 0.0
    bitrate: Int = 0
    frames: Int = 0
    dropped_frames: Int = 0
    file_size: Int = 0
    sha256_hash: Name = ""
    start_date: Moment = 0
    clip_length_in_seconds: Real = 0.0
    clock_quality: Name = ""
    boot_id: Name = ""
    encoded: bool = False
    protected: bool = False
    thumbnail: Name = ""
    chain_number: Int = 0
    chain_link: Text = ""
    creation_date: Moment = 0


class KeepClip(WireModel):
    """Body of `PUT /v1/clip/{id}` (ours): all of a clip that can be changed."""

    protected: bool


class ClipQuery(WireModel):
    """Query of `GET /v1/clip/list`; 0 and "" do not filter, `count` 0 is no limit."""

    device_id: Key = 0
    event_id: Key = 0
    event_uuid: Name = ""
    camera_id: Name = ""
    start_date: Moment = 0
    end_date: Moment = 0
    count: Count = 0
    order: Order = "desc"
