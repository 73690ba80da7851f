"""Parameters of sound over UDP and of incoming media (known, not carried out)."""

from presets_store.protocol.fields import Text
from presets_store.protocol.parameters.base import Int, Parameters, Port, StartParameters


class SendUdpAudio(StartParameters):
    receiver_ip_address: Text = ""
    port: Port = 0
    receiver_device_id: Int = 0


class ReceiveUdp(StartParameters):
    """ReceiveUDPVideo and ReceiveUDPAudio."""

    sender_device_id: Int = 0
    port: Port = 0


class StopReceiveUdp(Parameters):
    """StopReceiveUDPVideo and StopReceiveUDPAudio."""

    sender_device_id: Int = 0
