"""Which device a request means."""

from sqlalchemy import Connection

from presets_store.protocol import events as wire
from presets_store.rules.targeting import device_reference, pick_device
from presets_store.services.errors import NotFound
from presets_store.storage.devices import find_device, get_device
from presets_store.storage.records import Device


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
