"""Devices: known boxes, and the one on which this store runs."""

import uuid
from dataclasses import replace

from presets_store.protocol.agents import RegisterAgent
from presets_store.protocol.devices import DeviceName, DeviceRecord
from presets_store.services.caller import INSIDE, Caller
from presets_store.services.errors import InvalidInput, NotFound, SerialTaken
from presets_store.services.targets import resolve_device
from presets_store.services.unit import Unit, Units
from presets_store.services.wire import DEVICE_FIELDS, device_record
from presets_store.storage.devices import (
    find_device,
    get_device,
    insert_device,
    list_devices,
    own_device,
    touch_device,
    update_device,
)
from presets_store.storage.records import Device

_SERVER_FIELDS = frozenset({"last_heard_from_date", "is_archived"})


class DevicesService:
    """Devices by key, serial number and name."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def list(self) -> list[DeviceRecord]:
        """All that are not archived, oldest first."""
        return [device_record(device) for device in await self._units.read(list_devices)]

    async def get(self, key: int) -> DeviceRecord:
        """Raises NotFound."""
        device = await self._units.read(lambda connection: get_device(connection, key))
        if device is None:
            raise NotFound(what="device", name=key)
        return device_record(device)

    async def named(self, body: DeviceName) -> DeviceRecord:
        """By serial number, else by friendly name. Raises DeviceUnknown."""
        return device_record(await self._units.read(lambda connection: resolve_device(connection, body)))

    async def create(self, caller: Caller, body: DeviceRecord) -> DeviceRecord:
        """A further device. Its key, guid and dates are ours, whatever the body says. Raises SerialTaken."""
        if not body.serial_number:
            raise InvalidInput(reason="serialNumber is missing; a device is known by it.")

        def add(unit: Unit) -> DeviceRecord:
            there = find_device(unit.connection, body.serial_number)
            if there is not None and there.serial_number == body.serial_number:
                raise SerialTaken(serial=body.serial_number, key=there.key)
            fields = {name: getattr(body, name) for name in DEVICE_FIELDS if name not in _SERVER_FIELDS}
            return device_record(insert_device(unit.connection, _dated(unit, Device(guid=_new_guid(), **fields))))

        return await self._units.write(caller, add)

    async def ready(self, caller: Caller, body: RegisterAgent) -> DeviceRecord:
        """The device has started and was heard from now. Raises DeviceUnknown."""

        def note(unit: Unit) -> DeviceRecord:
            device = resolve_device(unit.connection, body)
            touch_device(unit.connection, device.key, unit.now)
            return device_record(replace(device, last_heard_from_date=max(unit.now, device.last_heard_from_date)))

        return await self._units.write(caller, note)

    async def ensure_own(self, serial: str, name: str) -> Device:
        """The device on which this store runs, created at the first start and renamed when `name` has changed."""

        def ensure(unit: Unit) -> Device:
            there = own_device(unit.connection) or find_device(unit.connection, serial)
            if there is None:
                new = Device(guid=_new_guid(), serial_number=serial, device_name=name, own=True)
                return insert_device(unit.connection, _dated(unit, new))
            wanted = replace(there, serial_number=serial, device_name=name or there.device_name, own=True)
            if wanted == there:
                return there
            after = replace(wanted, modified=unit.now, modified_by=unit.caller.name)
            update_device(unit.connection, there, after)
            return after

        return await self._units.write(INSIDE, ensure)


def _dated(unit: Unit, device: Device) -> Device:
    by = unit.caller.name
    return replace(device, created=unit.now, modified=unit.now, created_by=by, modified_by=by)


def _new_guid() -> str:
    return str(uuid.uuid4())
