"""Parameters of conferences (known, not carried out)."""

from presets_store.protocol.fields import Text
from presets_store.protocol.parameters.base import Count, Int, Port, Rate, Rotation, Side, StartParameters


class Conference(StartParameters):
    """Video_Join_conference."""

    url: Text = ""
    room_name: Text = ""
    display_name: Text = ""
    video_width: Side = 1280
    video_height: Side = 720
    video_bitrate: Count = 5000
    framerate: Rate = 30.0
    send_video: bool = True
    send_audio: bool = True
    receive_video: bool = True
    receive_audio: bool = True
    rotation_degrees: Rotation = 0


class MultiplexConference(Conference):
    """Video_Multiplex_join_conference."""

    video_bitrate: Count = 1_000_000
    return_audio_ip_address: Text = ""
    return_audio_port: Port = 0
    device_id: Int = 0
    audio_loopback_index: Int = 0
