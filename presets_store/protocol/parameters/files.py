"""Parameters of work on media files."""

from typing import Annotated

from pydantic import Field

from presets_store.protocol.base import WireModel
from presets_store.protocol.clips import VideoClipRecord
from presets_store.protocol.fields import MAX_LIST, NameOrId, NotNegative, Text, ValueText
from presets_store.protocol.item_types import ItemType
from presets_store.protocol.parameters.base import Count, Flag, Int, Name, Parameters, Rate, Seconds


class Transcoding(WireModel):
    """Transcoding_Transcode_file."""

    file_id: Int = 0
    source: Text = ""
    source_file: Text = ""
    target_file: Text = ""
    fps: Rate = 0.0
    codec: Name = ""


class Transfer(WireModel):
    """Transfer_Transfer_file. `object_id` is the record that the file belongs to; the start time is Unix seconds."""

    file_id: Int = 0
    item_type_id: Int = 0
    object_id: Int = 0
    local_file_path: Text = ""
    remote_filename: Text = ""
    remote_folder_path: Text = ""
    url: Text = ""
    action: Name = ""
    attempt_number: Count = 0
    max_attempts: Count = 0
    first_attempt_start_time: Int = 0
    max_time_to_try_in_seconds: Seconds = 0.0


class ConcatenateClips(WireModel):
    """Transcoding_Concatenate_files. Epochs in Unix seconds; `timeout` is text or a number."""

    device_id: Int = 0
    device_name: Name = ""
    start_epoch: Int = 0
    end_epoch: Int = 0
    upload_url: Text = ""
    postback_url: Text = ""
    timeout: ValueText = "0"
    video_clips: Annotated[list[VideoClipRecord], Field(max_length=MAX_LIST)] = Field(default_factory=list)


class JoinClips(ConcatenateClips):
    """The same as a device reads it, with what a hub adds. `camera` (ours): whose clips; "": the first's."""

    camera: NameOrId = ""
    item_type_id: Int = int(ItemType.VIDEO_CLIP)
    usevrs: Flag = 0


class ExtractVideo(Parameters):
    """Transcoding_Extract_video (ours). Epochs in Unix seconds; `exact` cuts between key frames, which costs coding."""

    start_epoch: NotNegative = 0.0
    end_epoch: NotNegative = 0.0
    exact: Flag = 0
    fps: Rate = 0.0
    codec: Name = ""
    upload_url: Text = ""
    postback_url: Text = ""
    timeout: ValueText = "0"
