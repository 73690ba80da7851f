"""Devices on the wire (events-api.md sections 4 and 7)."""

from pydantic import Field

from presets_store.protocol.base import WireModel
from presets_store.protocol.events import DeviceReference
from presets_store.protocol.fields import Int, LongText, Moment, Name, Text


class DeviceRecord(WireModel):
    """A device: 30 members are read (a client sends them all back), the audit four of them are not sent."""

    key: Int = 0
    device_type_id: Int = 0
    device_name: Name = ""
    serial_number: Name = ""
    device_description: Text = ""
    recent_output: LongText = ""
    camera_status: Name = ""
    last_ip_address: Name = ""
    tunnel_ip_address: Name = ""
    last_heard_from_date: Moment = 0
    offline_notification_date: Moment = 0
    software_date: Moment = 0
    location: Text = ""
    setup_status: Int = 0
    auto_send_files: Int = 0
    run_startup_event: Int = 0
    device_ready_event_preset_id: Int = 0
    standalone_event_preset_id: Int = 0
    log_health: Int = 0
    run_analytics: Int = 0
    audio_channel_name: Name = ""
    volume: Int = 0
    comment_list_id: Int = 0
    creation_date: Moment = 0
    user_id: Int = Field(default=0, exclude=True)
    is_archived: bool = False
    guid: Name = ""
    created_by: Int = Field(default=0, exclude=True)
    last_modified_date: Moment = Field(default=0, exclude=True)
    last_modified_by: Int = Field(default=0, exclude=True)


class DeviceName(DeviceReference):
    """Body of `POST /v1/device/name`: serial number first, then friendly name."""

    one_of = (("device_name", "device_serial"),)
