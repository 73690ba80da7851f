"""Parameters of streams. Bit rates in bit/s."""

from typing import Annotated

from pydantic import Field

from presets_store.protocol.fields import Name, Text
from presets_store.protocol.parameters.base import Count, Flag, Int, Port, Rate, Rotation, Side, StartParameters
from presets_store.protocol.parameters.recording import MAX_OVERLAY


class _Stream(StartParameters):
    """Ours, and left out by other clients: `url` is a whole target in place of the type's own parameters.

    `token` is the bearer's token of a WHIP target; `encoding` and `overlay` as of a recording.
    """

    height: Side = 1920
    width: Side = 1080
    fps: Rate = 30.0
    bitrate: Count = 5_000_000
    url: Text = ""
    token: Text = ""
    encoding: Name = ""
    overlay: Annotated[Name, Field(max_length=MAX_OVERLAY)] = ""


class Rtmp(_Stream):
    """Video_Start_RTMP: rtmp://server:port/streamName/streamKey."""

    server: Text = ""
    port: Port = 0
    stream_name: Text = ""
    stream_key: Text = ""
    hflip: Flag = 0
    vflip: Flag = 0
    rotation_degrees: Rotation = 0


class MultiplexRtmp(Rtmp):
    """Video_Multiplex_start_RTMP. `device_id` is the camera's index."""

    device_id: Int = 0


class Srt(_Stream):
    """Video_Start_SRT. `publish_url` is a whole srt:// address."""

    publish_url: Text = ""
    stream_path: Text = ""
    rotation_degrees: Rotation = 0
    audio: Flag = 0


class SendUdpVideo(_Stream):
    """Video_Start_send_UDP_video."""

    receiver_ip_address: Text = ""
    port: Port = 0
