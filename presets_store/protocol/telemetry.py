"""Health, log messages and notifications on the wire (events-api.md sections 4 and 8)."""

from pydantic import Field

from presets_store.protocol.base import WireModel
from presets_store.protocol.fields import Int, JsonText, LongText, Moment, Name, Real, Text


class DeviceHealthRecord(WireModel):
    key: Int = 0
    device_id: Int = 0
    health_date: Moment = 0
    health_json: JsonText = ""
    creation_date: Moment = 0


class DeviceHealthRow(WireModel):
    """One line of the fleet's health. Temperatures in degrees Celsius, frequency in MHz."""

    key: Int = 0
    device_name: Name = ""
    serial_number: Name = ""
    battery_status: Name = ""
    battery_percent: Real = 0.0
    battery_voltage: Real = 0.0
    cpu_temp: Real = 0.0
    gpu_temp: Real = 0.0
    cpu_percent: Text = ""
    access_point_name: Name = ""
    network_alias: Name = ""
    frequency: Real = 0.0
    link_quality: Name = ""
    signal_strength_dbm: Real = 0.0
    transfer_bitrate_mbps: Real = 0.0
    device_status: Name = ""
    camera_status: Name = ""
    camera_activity: Name = ""
    tunnel_status: Name = ""
    software_version: Name = ""
    last_heard_from_date: Moment = 0
    last_video_clip_date: Moment = 0
    software_deploy_date: Moment = 0


class LogMessageRecord(WireModel):
    key: Int = 0
    device_id: Int = 0
    agent_id: Int = 0
    process_id: Int = 0
    version: Name = ""
    message: LongText = ""
    message_date: Moment = 0
    creation_date: Moment = 0


class LogMessageWithNames(LogMessageRecord):
    """The list form."""

    device_name: Name = ""
    agent_type: Name = ""
    agent_index: Int = 0


class NotificationRecord(WireModel):
    key: Int = 0
    notification_status_id: Int = 0
    message: LongText = ""
    seen_in_app: bool = False
    seen_date: Moment = 0
    sent_as_email: bool = False
    sent_as_email_date: Moment = 0
    creation_date: Moment = 0
    guid: Name = Field(default="", alias="guid")  # as the client knows it here; elsewhere it is gUID
    is_archived: bool = False
