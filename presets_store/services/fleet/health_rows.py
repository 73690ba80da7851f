"""A device and its newest health record as one line of the fleet's health (events-api.md section 8). Pure.

What a device says of itself may have any form: a member that is missing or of another kind counts as not said.
"""

import json
from typing import Any, Final

from presets_store.protocol.fields import MAX_NAME, MAX_TEXT, parse_moment
from presets_store.protocol.telemetry import DeviceHealthRow
from presets_store.services.fleet.health_charts import number_of
from presets_store.storage.fleet.records import DeviceHealth
from presets_store.storage.records import Device

ONLINE: Final = "online"
OFFLINE: Final = "offline"
ONLINE_WITHIN: Final = 180_000_000
"""A device that was heard from within so many microseconds is online: three times a long-poll, or a health record."""


def is_online(device: Device, now: int) -> bool:
    """Whether the device was heard from of late; the one on which the store runs always is. `now` in microseconds."""
    return device.own or now - device.last_heard_from_date <= ONLINE_WITHIN


def health_row(device: Device, health: DeviceHealth | None, now: int) -> DeviceHealthRow:
    """The row; `health` None: the device never told. The battery's voltage is in mV, as devices tell it."""
    said = _parsed(health)
    radio = _part(said, "radio", "wi")
    return DeviceHealthRow.model_construct(
        key=device.key,
        device_name=device.device_name,
        serial_number=device.serial_number,
        battery_status=_text(_part(said, "battery", "status")),
        battery_percent=_number(_part(said, "battery", "percent")),
        battery_voltage=_number(_part(said, "battery", "mV")),
        cpu_temp=_number(_part(said, "cpu", "temp")),
        gpu_temp=_number(_part(said, "gpu", "temp")),
        cpu_percent=_list_text(_part(said, "cpu", "percent")),
        access_point_name=_text(_part(radio, "ap_ssid")),
        frequency=_number(_part(radio, "freq")),
        link_quality=_text(_part(said, "radio", "iwconfig", "link_quality")),
        signal_strength_dbm=_number(_part(radio, "signal_dBm")),
        transfer_bitrate_mbps=_number(_part(radio, "tx_bitrate_mbps")),
        device_status=ONLINE if is_online(device, now) else OFFLINE,
        camera_status=_text(_part(said, "camera")) or device.camera_status,
        camera_activity=_text(_part(said, "camera_activity")),
        software_version=_text(_part(said, "version")),
        last_heard_from_date=device.last_heard_from_date,
        last_video_clip_date=_moment(_part(said, "last_clip_date")),
        software_deploy_date=_moment(_part(said, "software")) or device.software_date,
    )


def _parsed(health: DeviceHealth | None) -> Any:
    try:
        return json.loads(health.health_json) if health else None
    except (ValueError, RecursionError):
        return None


def _part(value: Any, *path: str) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _number(value: Any) -> float:
    """0 where there is none: a row has no place for nothing."""
    return number_of(value) or 0.0


def _text(value: Any, limit: int = MAX_NAME) -> str:
    known = isinstance(value, str | int | float) and not isinstance(value, bool)
    return str(value)[:limit] if known else ""


def _list_text(value: Any) -> str:
    """`[3, 4.5]` -> `3, 4.5`: one number for each core."""
    return ", ".join(map(_text, value))[:MAX_TEXT] if isinstance(value, list) else _text(value, MAX_TEXT)


def _moment(value: Any) -> int:
    try:
        return parse_moment(value) if isinstance(value, str) else 0
    except ValueError:
        return 0
