"""Which device groups a caller's permissions reach."""

from collections.abc import Callable

from sqlalchemy import ColumnElement, Connection, select, true

from presets_store.rules.permissions import Permission, ScopeKind
from presets_store.services.caller import Caller
from presets_store.services.errors import NotFound
from presets_store.storage.fleet.groups import get_group, get_group_for_update, is_member
from presets_store.storage.fleet.records import DeviceGroup
from presets_store.storage.fleet.tables import device_groups, group_members


def require_group_reach(connection: Connection, caller: Caller, permission: Permission, group_key: int) -> None:
    """Raises Forbidden unless the caller has the permission for the whole group.

    Who sees one device may look at the groups that it is in: their presets are the device's too.
    """
    who = caller.principal
    who.require(permission)
    if who.scope is ScopeKind.ALL or (who.scope is ScopeKind.GROUP and who.scope_key == group_key):
        return
    one_device = who.scope is ScopeKind.DEVICE and permission is Permission.READ
    if not (one_device and is_member(connection, group_key, who.scope_key)):
        raise who.refusal(permission, " for a device group outside of its scope")


def reached_group(connection: Connection, caller: Caller, permission: Permission, key: int) -> DeviceGroup:
    """The group with this key. Raises NotFound; Forbidden, also for none, unless the scope is `all`."""
    return _reached(connection, caller, permission, key, get_group)


def reached_group_locked(connection: Connection, caller: Caller, permission: Permission, key: int) -> DeviceGroup:
    """As `reached_group`; nobody else changes or deletes the group until the transaction ends."""
    return _reached(connection, caller, permission, key, get_group_for_update)


def groups_in_reach(caller: Caller) -> ColumnElement[bool]:
    """The condition of a query: groups that the caller may look at."""
    who = caller.principal
    if who.scope is ScopeKind.ALL:
        return true()
    if who.scope is ScopeKind.GROUP:
        return device_groups.c.key == who.scope_key
    joined = select(group_members.c.group_key).where(group_members.c.device_key == who.scope_key)
    return device_groups.c.key.in_(joined)


def _reached(
    connection: Connection,
    caller: Caller,
    permission: Permission,
    key: int,
    find: Callable[[Connection, int], DeviceGroup | None],
) -> DeviceGroup:
    require_group_reach(connection, caller, permission, key)
    group = find(connection, key)
    if group is None:
        raise NotFound(what="device group", name=key)
    return group
