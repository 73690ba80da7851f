"""Whom a request means, and what may run beside what."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presets_store.errors import Kind
from presets_store.rules.targeting import (
    CameraUnknown,
    DeviceMismatch,
    DeviceNotUnique,
    DeviceReference,
    DeviceUnknown,
    TargetUnclear,
    check_preset_target,
    choose_camera,
    device_reference,
    pick_device,
)


@dataclass(frozen=True)
class Device:
    key: int
    serial_number: str
    device_name: str


@dataclass(frozen=True)
class Camera:
    key: int
    camera_index: int
    camera_id: str
    name: str


ONE = Device(201, "10001234", "Stage left")
TWO = Device(202, "Stage left", "10001235")
TWIN = Device(203, "10001236", "Twin")
OTHER_TWIN = Device(204, "10001237", "Twin")
DEVICES = [TWIN, TWO, ONE, OTHER_TWIN]


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        (device_reference(201, "", ""), ONE),
        (device_reference(0, "10001234", None), ONE),
        (device_reference(0, "", "10001234"), ONE),
        (device_reference(None, "10001234", "10001234"), ONE),
        (device_reference(201, "10001234", "10001234"), ONE),
        (device_reference(name="Stage left"), TWO),
        (device_reference(name="10001235"), TWO),
    ],
)
def test_id_serial_or_name_whichever_is_there(reference: DeviceReference, found: Device) -> None:
    assert pick_device(reference, DEVICES) == found


@pytest.mark.parametrize(
    "reference", [device_reference(9), device_reference(serial="x"), device_reference(201, "x"), device_reference()]
)
def test_an_unknown_device_is_not_found(reference: DeviceReference) -> None:
    with pytest.raises(DeviceUnknown) as refused:
        pick_device(reference, DEVICES)
    assert refused.value.kind is Kind.NOT_FOUND


def test_different_devices_in_one_request_are_refused() -> None:
    with pytest.raises(DeviceMismatch, match="deviceID 202 and serial or name '10001234'"):
        pick_device(device_reference(202, "10001234"), DEVICES)


def test_a_name_of_two_devices_is_refused() -> None:
    with pytest.raises(DeviceNotUnique, match="'Twin'"):
        pick_device(device_reference(name="Twin"), DEVICES)


@given(st.sampled_from([None, 0]), st.sampled_from([None, ""]), st.sampled_from([None, ""]))
def test_zero_and_empty_are_absent(device_id: int | None, serial: str | None, name: str | None) -> None:
    assert device_reference(device_id, serial, name).absent


@pytest.mark.parametrize(("device_id", "group_id"), [(0, 0), (None, None), (None, 0), (1, 1)])
def test_a_preset_has_exactly_one_target(device_id: int | None, group_id: int | None) -> None:
    with pytest.raises(TargetUnclear) as refused:
        check_preset_target(device_id, group_id)
    assert refused.value.kind is Kind.INVALID
    check_preset_target(1, 0)
    check_preset_target(None, 1)


FRONT = Camera(11, 0, "front", "Front door")
REAR = Camera(12, 1, "rear", "front")
CAMERAS = [REAR, FRONT]


@pytest.mark.parametrize(
    ("wanted", "index", "found"),
    [
        (None, None, FRONT),
        ("", None, FRONT),
        ("", 1, REAR),
        (None, 0, FRONT),
        ("rear", 0, REAR),
        ("front", None, FRONT),
        ("Front door", None, FRONT),
        (12, 0, REAR),
        (0, 1, REAR),
    ],
)
def test_the_camera_by_name_or_key_then_index_then_the_first(
    wanted: str | int | None, index: int | None, found: Camera
) -> None:
    assert choose_camera(CAMERAS, wanted, index) == found


@pytest.mark.parametrize(("wanted", "index"), [("side", None), (99, None), (None, 2)])
def test_an_unknown_camera_is_named_with_the_known_ones(wanted: str | int | None, index: int | None) -> None:
    with pytest.raises(CameraUnknown, match=r"front \(index 0\), rear \(index 1\)"):
        choose_camera(CAMERAS, wanted, index)


def test_no_camera_at_all() -> None:
    with pytest.raises(CameraUnknown, match="no camera at all; this device has none"):
        choose_camera([])
