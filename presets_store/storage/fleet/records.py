"""Rows about many devices. Times are integer microseconds since the Unix epoch (UTC); 0 means never."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceGroup:
    """Devices that presets and people's scopes may mean together; `name` is unique."""

    key: int = 0
    name: str
    description: str = ""
    created: int = 0
    modified: int = 0
    created_by: str = ""
    modified_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMember:
    """A device's place in a group; on the wire a collection item."""

    key: int = 0
    group_key: int
    device_key: int
    created: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """What serves one agent type on a device; one row per (device, agent type, index)."""

    key: int = 0
    device_key: int
    agent_type_id: int
    agent_index: int = 0
    current_event_id: int = 0
    process_id: int = 0
    version: str = ""
    agent_name: str = ""
    agent_description: str = ""
    recent_output: str = ""
    last_heard_from_date: int = 0
    created: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceHealth:
    """What a device said of itself: `health_json` is a JSON text."""

    key: int = 0
    device_key: int
    health_date: int
    health_json: str
    created: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LogMessage:
    """A message of an agent; `agent_key` 0: of no registered one."""

    key: int = 0
    device_key: int
    agent_key: int = 0
    agent_type_id: int = 0
    agent_index: int = 0
    process_id: int = 0
    version: str = ""
    message: str = ""
    message_date: int = 0
    created: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """What a user is told; `user_key` 0: whoever may see all devices. `device_key` 0: about no device."""

    key: int = 0
    guid: str
    user_key: int = 0
    device_key: int = 0
    notification_status_id: int = 0
    message: str = ""
    seen_in_app: bool = False
    seen_date: int = 0
    sent_as_email: bool = False
    sent_as_email_date: int = 0
    is_archived: bool = False
    created: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSetting:
    key: int = 0
    device_key: int
    name: str
    value: str = ""
    created: int = 0
    modified: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSetting:
    key: int = 0
    user_key: int
    name: str
    value: str = ""
    created: int = 0
    modified: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Where a device streams to and where it can be seen. `event_key` 0: of no event."""

    key: int = 0
    device_key: int
    stream_type_id: int = 0
    event_key: int = 0
    stream_name: str = ""
    stream_path: str = ""
    stream_description: str = ""
    publish_url: str = ""
    read_url: str = ""
    last_activity_date: int = 0
    action_type_id: int = 0
    created: int = 0
