"""Devices: known boxes, and the one on which this store runs."""

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from sqlalchemy import Connection

from presets_store.protocol.agents import RegisterAgent
from presets_store.protocol.base import wire_name
from presets_store.protocol.devices import DeviceName, DeviceRecord
from presets_store.protocol.fleet.devices import DeviceOrder
from presets_store.protocol.fleet.pages import page_size
from presets_store.rules.permissions import Permission, ScopeKind
from presets_store.services.bindings import FIELDS, bound_key, fire_online
from presets_store.services.caller import INSIDE, Caller
from presets_store.services.changes import Changes
from presets_store.services.errors import InvalidInput, SerialTaken
from presets_store.services.fleet.retiring import retire
from presets_store.services.reach import in_reach, reached_device, reached_device_locked, reached_named, require_reach
from presets_store.services.targets import lock_device
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
from presets_store.storage.fleet.groups import is_member
from presets_store.storage.meta import get_meta, set_meta
from presets_store.storage.records import Device
from presets_store.storage.tables import devices

_SERVER_FIELDS = frozenset({"last_heard_from_date", *FIELDS.values()})
"""Members that no client writes: what the store notes, and the bindings, which have routes of their own."""

WRITTEN_FIELDS = frozenset(DEVICE_FIELDS) - _SERVER_FIELDS
"""Members that clients may write."""

_TOLD_BY_DEVICE = frozenset(
    {
        "recent_output", "camera_status", "last_ip_address", "tunnel_ip_address", "software_date", "location",
        "audio_channel_name", "volume",
    }
)  # fmt: skip
"""Members that a device itself may write."""

_ORDERS: Mapping[DeviceOrder, Callable[[Device], tuple[str | int, int]]] = {
    "": lambda device: (device.key, 0),
    "deviceName": lambda device: (device.device_name.casefold(), device.key),
    "serialNumber": lambda device: (device.serial_number, device.key),
    "lastHeardFromDate": lambda device: (-device.last_heard_from_date, device.key),
    "creationDate": lambda device: (device.created, device.key),
}
"""How lists may be ordered; who was heard from last comes first."""

_CONFIGURED_NAME = "own.configured_name"


class DevicesService:
    """Devices by key, serial number and name."""

    def __init__(self, units: Units, changes: Changes, forget_signers: Callable[[], None]) -> None:
        self._units = units
        self._changes = changes
        self._forget_signers = forget_signers

    async def list(
        self, caller: Caller, order: DeviceOrder = "", after: int = 0, *, archived: bool = False
    ) -> list[DeviceRecord]:
        """Those in the caller's reach, by `order`, else oldest first; with `archived` the archived ones too. One page:
        what follows the device with the key `after`, 0 for the first.

        Raises Forbidden; NotFound when there is no device `after`.
        """
        caller.principal.require(Permission.READ)
        place, within = _ORDERS[order], in_reach(caller, devices.c.key)

        def find(connection: Connection) -> Iterable[Device]:
            found = list_devices(connection, archived=archived, within=within)
            if not after:
                return found
            last = place(reached_device(connection, caller, Permission.READ, after))
            return (device for device in found if place(device) > last)

        found = sorted(await self._units.read(find), key=place)
        return [device_record(device) for device in found[: page_size(0)]]

    async def get(self, caller: Caller, key: int) -> DeviceRecord:
        """Raises NotFound, Forbidden."""

        def find(connection: Connection) -> Device:
            return reached_device(connection, caller, Permission.READ, key)

        return device_record(await self._units.read(find))

    async def named(self, caller: Caller, body: DeviceName) -> DeviceRecord:
        """By serial number, else by friendly name. Raises DeviceUnknown, Forbidden."""

        def find(connection: Connection) -> Device:
            return reached_named(connection, caller, Permission.READ, body)

        return device_record(await self._units.read(find))

    async def require(self, caller: Caller, permission: Permission, key: int) -> None:
        """Raises Forbidden unless the caller has the permission for the device."""
        await self._units.read(lambda connection: require_reach(connection, caller, permission, key))

    async def reaches(self, caller: Caller, key: int) -> bool:
        """Whether the caller's scope has the device now."""
        who = caller.principal
        if who.scope is not ScopeKind.GROUP:
            return who.reaches(key, ())
        return await self._units.read(lambda connection: is_member(connection, who.scope_key, key))

    async def create(self, caller: Caller, body: DeviceRecord) -> DeviceRecord:
        """A further device, which the callers of all devices may add. Its key, guid and dates are ours.

        Raises InvalidInput without a serial number or with a start-up binding, SerialTaken, Forbidden.
        """
        caller.principal.require_everywhere(Permission.MANAGE)
        if not body.serial_number:
            raise InvalidInput(reason="serialNumber is missing; a device is known by it.")

        def add(unit: Unit) -> DeviceRecord:
            new = Device(guid=_new_guid(), serial_number=body.serial_number)
            _refuse_taken(unit, new)
            _refuse_binding(new, body)
            # Whether a device is archived is decided later, by an update.
            taken = WRITTEN_FIELDS - {"is_archived"}
            wanted = replace(new, **{name: getattr(body, name) for name in taken})
            return device_record(insert_device(unit.connection, _dated(unit, wanted)))

        return await self._units.write(caller, add)

    async def update(self, caller: Caller, key: int, body: DeviceRecord) -> None:
        """Changes what the body gives; a member that is absent, and an empty date, number or serial, stays as it is.

        Its key, guid and dates are read and ignored: a client sends back all that it got. So it may send back the
        start-up bindings, but not change them. A device itself may change what it tells of itself, and nothing else.
        Raises NotFound, Forbidden, SerialTaken, and InvalidInput for another binding and for what the device on which
        the store runs cannot become.
        """

        def change(unit: Unit) -> None:
            before = reached_device_locked(unit.connection, caller, Permission.READ, key)
            given = body.model_fields_set & WRITTEN_FIELDS
            fields = {name: getattr(body, name) for name in given}
            fields["serial_number"] = body.serial_number or before.serial_number
            caller.principal.require(_needed(before, fields))
            _refuse_binding(before, body)
            after = replace(before, **fields, modified=unit.now, modified_by=caller.name)
            if after.serial_number != before.serial_number:
                _refuse_taken(unit, after)
            _refuse_for_own(before, after)
            update_device(unit.connection, before, after)
            if after.is_archived and not before.is_archived:
                retire(unit, self._changes, after)
                unit.afterwards.append(self._forget_signers)

        await self._units.write(caller, change)

    async def remove(self, caller: Caller, key: int) -> None:
        """Archives the device: it is not listed any more, what waits for it is cancelled, its own keys are refused.

        What it did stays, and so does its serial number. Raises NotFound, Forbidden, InvalidInput for the device on
        which the store runs.
        """
        await self.update(caller, key, DeviceRecord(is_archived=True))

    async def ready(self, caller: Caller, body: RegisterAgent, boot_id: str = "") -> DeviceRecord:
        """The device has started and was heard from now. The event of its online binding is queued, if one is bound.

        That happens once for each `boot_id`; without one, when no event of the binding is unfinished.
        Raises DeviceUnknown, Forbidden.
        """

        def note(unit: Unit) -> DeviceRecord:
            named = reached_named(unit.connection, caller, Permission.REPORT, body)
            device = lock_device(unit.connection, named.key)
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


def _needed(before: Device, fields: Mapping[str, object]) -> Permission:
    """What it takes to write these members: clients send the whole device, so those that differ count."""
    changed = {name for name, value in fields.items() if value != getattr(before, name)}
    return Permission.REPORT if changed <= _TOLD_BY_DEVICE else Permission.MANAGE


def _refuse_taken(unit: Unit, device: Device) -> None:
    there = find_device(unit.connection, device.serial_number)
    if there is not None and there.serial_number == device.serial_number:
        raise SerialTaken(serial=device.serial_number, key=there.key, archived=there.is_archived)


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
