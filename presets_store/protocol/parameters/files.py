"""Parameters of work on media files."""

from typing import Annotated

from pydantic import Field

from presets_store.protocol.base import WireModel
from presets_store.protocol.clips import VideoClipRecord
from presets_store.protocol.fields import MAX_LIST, Text, ValueText
from presets_store.protocol.parameters.base import Count, Int, Name, Rate, Seconds


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
