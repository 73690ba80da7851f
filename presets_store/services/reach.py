"""Which devices a caller's permissions reach, looked at in the transaction that makes use of it."""

from typing import Protocol, TypeVar

from sqlalchemy import ColumnElement, Connection, select, true

from presets_store.protocol import events as wire
from presets_store.protocol.parameters import WORKFLOW, read_workflow
from presets_store.rules.permissions import PERMISSIONS, Forbidden, Permission, ScopeKind
from presets_store.rules.targeting import DeviceMismatch, DeviceNotUnique, DeviceUnknown
from presets_store.services.caller import Caller
from presets_store.services.errors import NotFound
from presets_store.services.fleet.scope import require_group_reach
from presets_store.services.targets import resolve_device
from presets_store.storage.devices import get_device, get_device_for_update
from presets_store.storage.fleet.tables import group_members
from presets_store.storage.presets import get_preset, get_preset_for_update
from presets_store.storage.records import Device, Preset

Record = TypeVar("Record")


class DeviceRow(Protocol):
    """A row that belongs to a device."""

    @property
    def device_key(self) -> int: ...


RowT = TypeVar("RowT", bound=DeviceRow)

_OUTSIDE = " for a device outside of its scope"
"""The same of a foreign device as of none: which keys exist is not everybody's to know."""


def require_reach(connection: Connection, caller: Caller, permission: Permission, device_key: int) -> None:
    """Raises Forbidden unless the caller has the permission for the device."""
    who = caller.principal
    who.require(permission)
    if who.scope is ScopeKind.ALL:
        return
    groups: frozenset[int] = frozenset()
    if who.scope is ScopeKind.GROUP:
        member_of = select(group_members.c.group_key).where(group_members.c.device_key == device_key)
        groups = frozenset(connection.execute(member_of).scalars())
    if not who.reaches(device_key, groups):
        raise who.refusal(permission, _OUTSIDE)


def require_target(connection: Connection, caller: Caller, permission: Permission, device_key: int, group: int) -> None:
    """As `require_reach` for what a preset targets: a device, or (`device_key` 0) a whole device group."""
    if device_key:
        require_reach(connection, caller, permission, device_key)
    else:
        require_group_reach(connection, caller, permission, group)


def reached_device(connection: Connection, caller: Caller, permission: Permission, key: int) -> Device:
    """The device with this key. Raises NotFound; Forbidden, also for none, unless the scope is `all`."""
    device = _found(caller, permission, get_device(connection, key), "device", key)
    require_reach(connection, caller, permission, device.key)
    return device


def reached_device_locked(connection: Connection, caller: Caller, permission: Permission, key: int) -> Device:
    """As `reached_device`; nobody else changes the device until the transaction ends."""
    device = _found(caller, permission, get_device_for_update(connection, key), "device", key)
    require_reach(connection, caller, permission, device.key)
    return device


def reached_named(
    connection: Connection, caller: Caller, permission: Permission, named: wire.DeviceReference
) -> Device:
    """The device that a body names. Raises Forbidden; to a scope of `all`, and for a body that names none, what
    `resolve_device` does.
    """
    caller.principal.require(permission)
    try:
        device = resolve_device(connection, named)
    except (DeviceUnknown, DeviceMismatch, DeviceNotUnique):
        if named.device_id or named.serial_or_name:
            _refuse_guess(caller, permission)
        raise
    require_reach(connection, caller, permission, device.key)
    return device


def reached_preset(connection: Connection, caller: Caller, permission: Permission, key: int) -> Preset:
    """The preset, of a device or a device group in reach. Raises as `reached_device`."""
    preset = _found(caller, permission, get_preset(connection, key), "event preset", key)
    _require_preset(connection, caller, permission, preset)
    return preset


def reached_preset_locked(connection: Connection, caller: Caller, permission: Permission, key: int) -> Preset:
    """As `reached_preset`; nobody else changes the preset until the transaction ends."""
    preset = _found(caller, permission, get_preset_for_update(connection, key), "event preset", key)
    _require_preset(connection, caller, permission, preset)
    return preset


def reached_row(
    connection: Connection, caller: Caller, permission: Permission, row: RowT | None, what: str, key: int
) -> RowT:
    """What was found by its own key `key`, a row of a device in reach. Raises as `reached_device`."""
    there = _found(caller, permission, row, what, key)
    require_reach(connection, caller, permission, there.device_key)
    return there


def require_steps(connection: Connection, caller: Caller, event_type_id: int, parameters: str) -> None:
    """Raises Forbidden for who writes a workflow with a step that he could not run himself."""
    if event_type_id != WORKFLOW or caller.principal.scope is ScopeKind.ALL:
        return
    for step in read_workflow(parameters):
        if step.preset is None:
            preset = reached_preset(connection, caller, Permission.READ, step.event_preset_id)
            device_key = step.device_id or preset.device_key or 0
            require_target(connection, caller, Permission.RUN, device_key, preset.device_group_id)


def writing(caller: Caller) -> Permission:
    """What it takes to write what devices tell as their part: that part, or for a person the right to edit."""
    reports = Permission.REPORT in PERMISSIONS[caller.principal.role]
    return Permission.REPORT if reports else Permission.EDIT


def in_reach(caller: Caller, device_key: ColumnElement[int]) -> ColumnElement[bool]:
    """The condition of a query: rows of devices that the caller's scope has."""
    who = caller.principal
    if who.scope is ScopeKind.ALL:
        return true()
    if who.scope is ScopeKind.DEVICE:
        return device_key == who.scope_key
    return device_key.in_(select(group_members.c.device_key).where(group_members.c.group_key == who.scope_key))


def _require_preset(connection: Connection, caller: Caller, permission: Permission, preset: Preset) -> None:
    caller.principal.require(permission)
    try:
        require_target(connection, caller, permission, preset.device_key or 0, preset.device_group_id)
    except Forbidden:  # of a group's preset, too, it is said what is said of none
        raise caller.principal.refusal(permission, _OUTSIDE) from None


def _refuse_guess(caller: Caller, permission: Permission) -> None:
    """Before it is said that there is none: Forbidden for who would not be told either if there were one."""
    who = caller.principal
    who.require(permission)
    if who.scope is not ScopeKind.ALL:
        raise who.refusal(permission, _OUTSIDE)


def _found(caller: Caller, permission: Permission, record: Record | None, what: str, key: int) -> Record:
    if record is None:
        _refuse_guess(caller, permission)
        raise NotFound(what=what, name=key)
    return record
