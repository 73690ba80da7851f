"""Device groups: devices that presets, and people's scopes, mean together."""

from dataclasses import replace

from sqlalchemy import Connection

from presets_store.protocol.devices import DeviceRecord
from presets_store.protocol.fields import MAX_NAME
from presets_store.protocol.fleet.groups import CollectionItemRecord
from presets_store.protocol.system import CollectionRecord, ValueBody
from presets_store.rules.permissions import Permission
from presets_store.services.caller import Caller
from presets_store.services.errors import GroupInUse, GroupNameTaken, InvalidInput, NotFound
from presets_store.services.fleet.scope import (
    groups_in_reach,
    reached_group,
    reached_group_locked,
    require_group_reach,
)
from presets_store.services.reach import in_reach, reached_device
from presets_store.services.unit import Unit, Units
from presets_store.services.wire import device_record
from presets_store.storage.fleet.groups import (
    add_member,
    delete_group,
    find_group,
    get_member,
    insert_group,
    list_groups,
    list_members,
    member_devices,
    presets_of_group,
    remove_member,
    update_group,
    users_of_group,
)
from presets_store.storage.fleet.records import DeviceGroup, GroupMember
from presets_store.storage.fleet.tables import group_members
from presets_store.storage.tables import devices

_MAX_ECHO = 64
_NAMED_IN_A_REFUSAL = 5


class GroupsService:
    """Device groups by key and by name. Names are unique."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def create(self, caller: Caller, body: ValueBody) -> CollectionRecord:
        """A new, empty group. Raises Forbidden unless the caller manages all devices, InvalidInput, GroupNameTaken."""
        name = _checked_name(body)

        def add(unit: Unit) -> CollectionRecord:
            caller.principal.require_everywhere(Permission.MANAGE)
            by = caller.name
            new = DeviceGroup(name=name, created=unit.now, modified=unit.now, created_by=by, modified_by=by)
            stored = insert_group(unit.connection, new)
            if stored is None:
                raise GroupNameTaken(name=name)
            return _record(stored)

        return await self._units.write(caller, add)

    async def get(self, caller: Caller, key: int) -> CollectionRecord:
        """Raises NotFound, Forbidden."""
        return await self._units.read(
            lambda connection: _record(reached_group(connection, caller, Permission.READ, key))
        )

    async def named(self, caller: Caller, body: ValueBody) -> CollectionRecord:
        """Raises NotFound, Forbidden."""

        def find(connection: Connection) -> CollectionRecord:
            group = find_group(connection, body.value)
            require_group_reach(connection, caller, Permission.READ, group.key if group else 0)
            if group is None:
                raise NotFound(what="device group", name=repr(body.value[:_MAX_ECHO]))
            return _record(group)

        return await self._units.read(find)

    async def rename(self, caller: Caller, key: int, body: ValueBody) -> None:
        """Raises NotFound, Forbidden, InvalidInput, GroupNameTaken."""
        name = _checked_name(body)

        def change(unit: Unit) -> None:
            before = reached_group_locked(unit.connection, caller, Permission.MANAGE, key)
            there = find_group(unit.connection, name)
            if there is not None and there.key != key:
                raise GroupNameTaken(name=name)
            update_group(
                unit.connection, before, replace(before, name=name, modified=unit.now, modified_by=caller.name)
            )

        await self._units.write(caller, change)

    async def delete(self, caller: Caller, key: int) -> None:
        """Its devices stay. Raises NotFound, Forbidden, and GroupInUse while presets or users mean the group."""

        def remove(unit: Unit) -> None:
            group = reached_group_locked(unit.connection, caller, Permission.MANAGE, key)
            _refuse_in_use(unit.connection, group)
            delete_group(unit.connection, key)

        await self._units.write(caller, remove)

    async def devices(self, caller: Caller, key: int) -> list[DeviceRecord]:
        """The group's devices that are not archived, oldest first. Raises NotFound, Forbidden."""

        def find(connection: Connection) -> list[DeviceRecord]:
            group = reached_group(connection, caller, Permission.READ, key)
            return [
                device_record(each) for each in member_devices(connection, group.key, in_reach(caller, devices.c.key))
            ]

        return await self._units.read(find)

    async def items(self, caller: Caller, key: int) -> list[CollectionItemRecord]:
        """The places of the group's devices, in the order in which they joined. Raises NotFound, Forbidden."""

        def find(connection: Connection) -> list[CollectionItemRecord]:
            group = reached_group(connection, caller, Permission.READ, key)
            reached = in_reach(caller, group_members.c.device_key)
            return [_item_record(member) for member in list_members(connection, group.key, reached)]

        return await self._units.read(find)

    async def add(self, caller: Caller, key: int, device_key: int) -> None:
        """Makes the device a member; a repeat is harmless. Raises NotFound and Forbidden, for either."""

        def join(unit: Unit) -> None:
            group = reached_group_locked(unit.connection, caller, Permission.MANAGE, key)
            device = reached_device(unit.connection, caller, Permission.MANAGE, device_key)
            add_member(unit.connection, GroupMember(group_key=group.key, device_key=device.key, created=unit.now))

        await self._units.write(caller, join)

    async def remove_item(self, caller: Caller, item_key: int) -> None:
        """Ends a device's place in a group. Raises NotFound, Forbidden."""

        def leave(unit: Unit) -> None:
            member = get_member(unit.connection, item_key)
            require_group_reach(unit.connection, caller, Permission.MANAGE, member.group_key if member else 0)
            if member is None:
                raise NotFound(what="collection item", name=item_key)
            remove_member(unit.connection, item_key)

        await self._units.write(caller, leave)

    async def list(self, caller: Caller) -> list[CollectionRecord]:
        """The groups that the caller may look at, by name."""

        def find(connection: Connection) -> list[CollectionRecord]:
            caller.principal.require(Permission.READ)
            return [_record(group) for group in list_groups(connection, groups_in_reach(caller))]

        return await self._units.read(find)


def _record(group: DeviceGroup) -> CollectionRecord:
    return CollectionRecord(
        key=group.key,
        collection_name=group.name,
        description=group.description,
        creation_date=group.created,
    )


def _item_record(member: GroupMember) -> CollectionItemRecord:
    return CollectionItemRecord(key=member.key, collection_id=member.group_key, item_id=member.device_key)


def _checked_name(body: ValueBody) -> str:
    name = body.value.strip()
    if not 0 < len(name) <= MAX_NAME:
        raise InvalidInput(reason=f"value is the name of a device group: 1 to {MAX_NAME} characters, not only blanks.")
    return name


def _refuse_in_use(connection: Connection, group: DeviceGroup) -> None:
    uses = [f"event preset {key} targets it" for key in presets_of_group(connection, group.key)]
    uses += [f"it is the scope of user {name}" for name in users_of_group(connection, group.key)]
    if uses:
        more = f"; and {len(uses) - _NAMED_IN_A_REFUSAL} more" if len(uses) > _NAMED_IN_A_REFUSAL else ""
        raise GroupInUse(key=group.key, uses="; ".join(uses[:_NAMED_IN_A_REFUSAL]) + more)
