"""Parameters of ActionSync (known, not carried out)."""

from presets_store.protocol.fields import NameOrId, Text
from presets_store.protocol.parameters.base import Count, Int, Parameters, Port, Rate, Rotation, Side, StartParameters


class SendActionSync(StartParameters):
    """`receiver_device_id` is text by default and a number elsewhere."""

    width: Side = 1280
    height: Side = 720
    video: Int = 0
    audio: Int = 0
    rotation_degrees: Rotation = 0
    device_ip: Text = ""
    receiver_device_id: NameOrId = ""
    device_port: Port = 0
    fps: Rate = 30.0
    bitrate: Count = 0


class ReceiveActionSync(StartParameters):
    """`buffer_ms` in milliseconds."""

    buffer_ms: Count = 200
    video: Int = 0
    audio: Int = 0
    rotation_degrees: Rotation = 0
    filename: Text = ""
    device_ip: Text = ""
    device_port: Port = 0
    card_id: Int = 0
    card_device_id: Int = 0
    sender_device_id: Int = 0


class StopReceiveActionSync(Parameters):
    sender_ip: Text = ""
    sender_port: Port = 0
    sender_device_id: Int = 0
