"""Devices: known boxes, and the one on which this store runs."""

import uuid
from dataclasses import replace

from presets_store.protocol.agents import RegisterAgent
from presets_store.protocol.base import wire_name
from presets_store.protocol.devices import DeviceName, DeviceRecord
from presets_store.services.bindings import FIELDS, bound_key, fire_online
from presets_store.services.caller import INSIDE, Caller
from presets_store.services.changes import Changes
from presets_store.services.errors import InvalidInput, SerialTaken
from presets_store.services.targets import lock_device, require_device, resolve_device
from presets_store.services.unit import Unit, Units
from presets_store.services.wire import DEVICE_FIELDS, device_record
from presets_store.storage.devices import (
    find_device,
    insert_device,
    list_devices,
    own_device,
    touch_device,
    update_device,
)
from presets_store.storage.meta import get_meta, set_meta
from presets_store.storage.records import Device

_SERVER_FIELDS = frozenset({"last_heard_from_date", *FIELDS.values()})
"""Members that no client writes: what the store notes, and the bindings, which have routes of their own."""

_CONFIGURED_NAME = "own.configured_name"


class DevicesService:
    """Devices by key, serial number and name."""

    def __init__(self, units: Units, changes: Changes) -> None:
        self._units = units
        self._changes = changes

    async def list(self) -> list[DeviceRecord]:
        """All that are not archived, oldest first."""
        return [device_record(device) for device in await self._units.read(list_devices)]

    async def get(self, key: int) -> DeviceRecord:
        """Raises NotFound."""
        return device_record(await self._units.read(lambda connection: require_device(connection, key)))

    async def named(self, body: DeviceName) -> DeviceRecord:
        """By serial number, else by friendly name. Raises DeviceUnknown."""
        return device_record(await self._units.read(lambda connection: resolve_device(connection, body)))

    async def create(self, caller: Caller, body: DeviceRecord) -> DeviceRecord:
        """A further device. Its key, guid and dates are ours, whatever the body says.

        Raises InvalidInput without a serial number or with a start-up binding, SerialTaken.
        """
        if not body.serial_number:
            raise InvalidInput(reason="serialNumber is missing; a device is known by it.")

        def add(unit: Unit) -> DeviceRecord:
            new = Device(guid=_new_guid(), serial_number=body.serial_number)
            _refuse_taken(unit, new)
            _refuse_binding(new, body)
            # Whether a device is archived is decided later, by an update.
            taken = set(DEVICE_FIELDS) - _SERVER_FIELDS - {"is_archived"}
            wanted = replace(new, **{name: getattr(body, name) for name in taken})
            return device_record(insert_device(unit.connection, _dated(unit, wanted)))

        return await self._units.write(caller, add)

    async def update(self, caller: Caller, key: int, body: DeviceRecord) -> None:
        """Changes what the body gives; a member that is absent, and an empty date, number or serial, stays as it is.

        Its key, guid and dates are read and ignored: a client sends back all that it got. So it may send back the
        start-up bindings, but not change them. Raises NotFound, SerialTaken, and InvalidInput for another binding and
        for what the device on which the store runs cannot become.
        """

        def change(unit: Unit) -> None:
            before = lock_device(unit.connection, key)
            _refuse_binding(before, body)
            given = body.model_fields_set.intersection(DEVICE_FIELDS) - _SERVER_FIELDS
            fields = {name: getattr(body, name) for name in given}
            fields["serial_number"] = body.serial_number or before.serial_number
            after = replace(before, **fields, modified=unit.now, modified_by=caller.name)
            if after.serial_number != before.serial_number:
                _refuse_taken(unit, after)
            _refuse_for_own(before, after)
            update_device(unit.connection, before, after)

        await self._units.write(caller, change)

    async def ready(self, caller: Caller, body: RegisterAgent, boot_id: str = "") -> DeviceRecord:
        """The device has started and was heard from now. The event of its online binding is queued, if one is bound.

        That happens once for each `boot_id`; without one, when no event of the binding is unfinished.
        Raises DeviceUnknown.
        """

        def note(unit: Unit) -> DeviceRecord:
            device = lock_device(unit.connection, resolve_device(unit.connection, body).key)
            touch_device(unit.connection, device.key, unit.now)
            fire_online(unit, self._changes, device, boot_id)
            return device_record(replace(device, last_heard_from_date=max(unit.now, device.last_heard_from_date)))

        return await self._units.write(caller, note)

    async def ensure_own(self, serial: str, name: str) -> Device:
        """The device on which this store runs, created at the first start.

        `name` is that of the settings; when it is another than at the start before, the device is renamed.
        Raises SerialTaken when its serial number has changed to that of another device.
        """

        def ensure(unit: Unit) -> Device:
            there = own_device(unit.connection) or find_device(unit.connection, serial)
            renamed = name if get_meta(unit.connection, _CONFIGURED_NAME) != name else ""
            if renamed:
                set_meta(unit.connection, _CONFIGURED_NAME, name)
            if there is None:
                new = Device(guid=_new_guid(), serial_number=serial, device_name=name, own=True)
                return insert_device(unit.connection, _dated(unit, new))
            wanted = replace(there, serial_number=serial, device_name=renamed or there.device_name, own=True)
            if serial != there.serial_number:
                _refuse_taken(unit, wanted)
            if wanted == there:
                return there
            after = replace(wanted, modified=unit.now, modified_by=unit.caller.name)
            update_device(unit.connection, there, after)
            return after

        return await self._units.write(INSIDE, ensure)


def _refuse_taken(unit: Unit, device: Device) -> None:
    there = find_device(unit.connection, device.serial_number)
    if there is not None and there.serial_number == device.serial_number:
        raise SerialTaken(serial=device.serial_number, key=there.key)


def _refuse_binding(device: Device, body: DeviceRecord) -> None:
    """A binding is set where its preset is checked and sent to the device, not by writing a number into the record."""
    for binding, field in FIELDS.items():
        if getattr(body, field) != bound_key(device, binding) and field in body.model_fields_set:
            reason = (
                f"{wire_name(field)} is {bound_key(device, binding)} and is not changed here: bind a preset with "
                f"POST /v1/eventpreset/startupevent/{binding}/{{presetID}}, end a binding with "
                f"DELETE /v1/eventpreset/startupevent/{binding}/device/{{deviceID}}."
            )
            raise InvalidInput(reason=reason)


def _refuse_for_own(before: Device, after: Device) -> None:
    if not before.own:
        return
    if after.serial_number != before.serial_number:
        reason = f"serialNumber of this device is {before.serial_number}; it comes from the device itself."
        raise InvalidInput(reason=reason)
    if after.is_archived:
        raise InvalidInput(reason="isArchived: the device on which this store runs cannot be archived.")


def _dated(unit: Unit, device: Device) -> Device:
    by = unit.caller.name
    return replace(device, created=unit.now, modified=unit.now, created_by=by, modified_by=by)


def _new_guid() -> str:
    return str(uuid.uuid4())
