"""Which device or preset a request means."""

from sqlalchemy import Connection

from presets_store.protocol import events as wire
from presets_store.rules.targeting import device_reference, pick_device
from presets_store.services.errors import NotFound
from presets_store.storage.devices import find_device, get_device, get_device_for_update
from presets_store.storage.presets import get_preset, get_preset_for_update
from presets_store.storage.records import Device, Preset


def resolve_device(connection: Connection, named: wire.DeviceReference) -> Device:
    """The device by key, serial number or name; all that are given must mean the same one.

    Raises DeviceUnknown, DeviceMismatch.
    """
    reference = device_reference(named.device_id, named.device_serial, named.device_name)
    candidates = [find_device(connection, text) for text in reference.texts]
    if reference.key:
        candidates.append(get_device(connection, reference.key))
    found = {device.key: device for device in candidates if device is not None}
    return pick_device(reference, found.values())


def require_device(connection: Connection, key: int) -> Device:
    """The device with this key. Raises NotFound."""
    device = get_device(connection, key)
    if device is None:
        raise NotFound(what="device", name=key)
    return device


def lock_device(connection: Connection, key: int) -> Device:
    """As `require_device`; nobody else changes the device until the transaction ends. Raises NotFound."""
    device = get_device_for_update(connection, key)
    if device is None:
        raise NotFound(what="device", name=key)
    return device


def require_preset(connection: Connection, key: int) -> Preset:
    """The preset with this key. Raises NotFound."""
    preset = get_preset(connection, key)
    if preset is None:
        raise NotFound(what="event preset", name=key)
    return preset


def lock_preset(connection: Connection, key: int) -> Preset:
    """As `require_preset`; nobody else changes the preset until the transaction ends. Raises NotFound."""
    preset = get_preset_for_update(connection, key)
    if preset is None:
        raise NotFound(what="event preset", name=key)
    return preset
