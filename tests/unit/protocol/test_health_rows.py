"""Health as devices tell it, made into rows: what is well formed is taken over, nothing else does any harm."""

import json
from typing import Any

import pytest
from fakes.stored import make_device
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from presets_store.protocol.telemetry import DeviceHealthRow
from presets_store.services.fleet.health_rows import ONLINE_WITHIN, health_row, is_online
from presets_store.storage.fleet.records import DeviceHealth

NOW = 1_800_000_000_000_000
SAID = {
    "battery": {"percent": 87.5, "mV": 3912, "status": "Fast Charge"},
    "cpu": {"temp": 51.2, "percent": [3.0, 12.5], "count": 2},
    "gpu": {"temp": "48.3"},
    "radio": {
        "wi": {"ap_ssid": "Foyer", "freq": "5180", "signal_dBm": "-61", "tx_bitrate_mbps": 86.7},
        "iwconfig": {"link_quality": "49/70"},
    },
    "camera": "ready",
    "camera_activity": "Recording, RTMP",
    "version": "2.4",
    "software": "2026-03-01T00:00:00Z",
    "last_clip_date": "2026-03-30T12:00:00Z",
}


def row(said: Any, **device: Any) -> dict[str, Any]:
    health = DeviceHealth(
        key=5, device_key=7, health_date=NOW, health_json=said if isinstance(said, str) else json.dumps(said)
    )
    return health_row(make_device(key=7, serial_number="S", **device), health, NOW).dump()


def test_every_member_that_devices_tell_has_its_place() -> None:
    assert row(SAID, device_name="Hall", last_heard_from_date=NOW) == {
        "key": 7, "deviceName": "Hall", "serialNumber": "S", "batteryStatus": "Fast Charge", "batteryPercent": 87.5,
        "batteryVoltage": 3912.0, "cpuTemp": 51.2, "gpuTemp": 48.3, "cpuPercent": "3.0, 12.5",
        "accessPointName": "Foyer", "networkAlias": "", "frequency": 5180.0, "linkQuality": "49/70",
        "signalStrength_dBm": -61.0, "transferBitrate_Mbps": 86.7, "deviceStatus": "online", "cameraStatus": "ready",
        "cameraActivity": "Recording, RTMP", "tunnelStatus": "", "softwareVersion": "2.4",
        "lastHeardFromDate": "2027-01-15T08:00:00.000000Z", "lastVideoClipDate": "2026-03-30T12:00:00.000000Z",
        "softwareDeployDate": "2026-03-01T00:00:00.000000Z",
    }  # fmt: skip


def test_a_device_that_never_told_has_a_row_all_the_same() -> None:
    shown = health_row(make_device(key=7, serial_number="S", camera_status="dark"), None, NOW).dump()
    assert (shown["deviceStatus"], shown["cameraStatus"], shown["batteryPercent"]) == ("offline", "dark", 0.0)


@pytest.mark.parametrize(("age", "online"), [(ONLINE_WITHIN, True), (ONLINE_WITHIN + 1, False)])
def test_who_was_heard_from_of_late_is_online(age: int, online: bool) -> None:
    assert is_online(make_device(last_heard_from_date=NOW - age), NOW) is online
    assert is_online(make_device(last_heard_from_date=NOW - age, own=True), NOW)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*SAID, "wi", "temp", "mV"]), inner),
    max_leaves=12,
)


@given(st.one_of(st.text(), json_values))
def test_whatever_a_device_says_the_row_is_one(said: Any) -> None:
    shown = row(said)
    TypeAdapter(DeviceHealthRow).validate_python(shown)
    json.dumps(shown, allow_nan=False)


@given(st.sampled_from(sorted(SAID)), json_values)
def test_a_member_of_another_kind_spoils_no_other(name: str, value: Any) -> None:
    shown = row({**SAID, name: value})
    TypeAdapter(DeviceHealthRow).validate_python(shown)
    if name != "battery":
        assert shown["batteryPercent"] == 87.5
    if name != "version":
        assert shown["softwareVersion"] == "2.4"
