"""Parameters of recordings."""

from typing import Annotated, Final

from pydantic import ConfigDict, Field

from presets_store.protocol.base import wire_name
from presets_store.protocol.parameters.base import (
    DAY,
    Controls,
    Count,
    Flag,
    Int,
    Name,
    Parameters,
    Rate,
    Rotation,
    Seconds,
    Side,
    StartParameters,
)

ENCODER_KEYS: Final = frozenset(
    {
        "video_gop_size",
        "video_bitrate_mode",
        "sequence_header_mode",
        "repeat_sequence_header",
        "h264_i_frame_period",
        "h264_level",
        "h264_profile",
        "h264_i_qp",
        "h264_p_qp",
        "h264_b_qp",
        "h264_minimum_qp_value",
        "h264_maximum_qp_value",
    }
)
"""The members that are snake case on the wire too."""

KILOBIT_LIMIT: Final = 100_000

MAX_PRE_ROLL: Final = 60.0
MAX_POST_ROLL: Final = 3600.0
MAX_OVERLAY: Final = 200


def recording_name(attribute: str) -> str:
    """The wire name of a recording's member."""
    return attribute if attribute in ENCODER_KEYS else wire_name(attribute)


class Recording(StartParameters):
    """Video_Start_recording. `segment_length_seconds` 0: no split; `encoding` "": copied if H.264 or H.265.

    A `bitrate` below 100000 is kbit/s, above it bit/s.

    Ours, and left out by other clients: `pre_roll_seconds` before the request and `post_roll_seconds` after a stop; one
    picture in `time_lapse_seconds` (0: all); `container` "mp4", "mkv" or "ts" ("": mp4); `align_segments` ends segments
    at multiples of their length by wall time; `overlay` is drawn into the picture, `{time}` and `{name}` filled in;
    `controls` are the camera's own, by name.
    """

    model_config = ConfigDict(alias_generator=recording_name)

    height: Side = 1920
    width: Side = 1080
    fps: Rate = 30.0
    bitrate: Count = 5000
    vflip: Flag = 0
    hflip: Flag = 0
    encoding: Name = ""
    segment_length_seconds: Seconds = 0.0
    audio: Flag = 0
    rotation_degrees: Rotation = 0
    video_gop_size: Count = 60
    video_bitrate_mode: Int = 0
    sequence_header_mode: Int = 1
    repeat_sequence_header: Int = 0
    h264_i_frame_period: Int = 60
    h264_level: Int = 11
    h264_profile: Int = 4
    h264_i_qp: Int = 20
    h264_p_qp: Int = 23
    h264_b_qp: Int = 25
    h264_minimum_qp_value: Int = 20
    h264_maximum_qp_value: Int = 51
    pre_roll_seconds: Annotated[Seconds, Field(le=MAX_PRE_ROLL)] = 0.0
    post_roll_seconds: Annotated[Seconds, Field(le=MAX_POST_ROLL)] = 0.0
    time_lapse_seconds: Annotated[Seconds, Field(le=DAY)] = 0.0
    container: Name = ""
    align_segments: Flag = 0
    overlay: Annotated[Name, Field(max_length=MAX_OVERLAY)] = ""
    controls: Controls = Field(default_factory=dict)

    @property
    def bits_per_second(self) -> int:
        """`bitrate` read by its size: below 100000 it is kbit/s."""
        return self.bitrate * 1000 if self.bitrate < KILOBIT_LIMIT else self.bitrate


class MultiplexRecording(Recording):
    """Video_Multiplex_start_recording. `device_id` is the camera's index."""

    bitrate: Count = 5_000_000
    device_id: Int = 0


class MultiplexTarget(Parameters):
    """MultiplexStopRecording and MultiplexLeaveConference: the camera's index."""

    device_id: Int = 0
