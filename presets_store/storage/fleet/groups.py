"""Device groups and their members."""

from dataclasses import replace

from sqlalchemy import ColumnElement, Connection, delete, select

from presets_store.rules.permissions import ScopeKind
from presets_store.storage.fleet.records import DeviceGroup, GroupMember
from presets_store.storage.fleet.tables import device_groups, group_members
from presets_store.storage.people.tables import users
from presets_store.storage.records import Device
from presets_store.storage.rows import insert_if_absent, many, one, update_record, values_of
from presets_store.storage.tables import devices, presets


def insert_group(connection: Connection, group: DeviceGroup) -> DeviceGroup | None:
    """Stores a new group; None when its name is taken."""
    key = insert_if_absent(connection, device_groups, values_of(group))
    return None if key is None else replace(group, key=key)


def get_group(connection: Connection, key: int) -> DeviceGroup | None:
    return one(connection, DeviceGroup, select(device_groups).where(device_groups.c.key == key))


def get_group_for_update(connection: Connection, key: int) -> DeviceGroup | None:
    """The group, locked until the transaction ends; devices may still join it meanwhile."""
    statement = select(device_groups).where(device_groups.c.key == key).with_for_update(key_share=True)
    return one(connection, DeviceGroup, statement)


def find_group(connection: Connection, name: str) -> DeviceGroup | None:
    return one(connection, DeviceGroup, select(device_groups).where(device_groups.c.name == name))


def list_groups(connection: Connection, reached: ColumnElement[bool]) -> list[DeviceGroup]:
    """The groups for which the condition holds, by name."""
    return many(connection, DeviceGroup, select(device_groups).where(reached).order_by(device_groups.c.name))


def update_group(connection: Connection, before: DeviceGroup, after: DeviceGroup) -> None:
    """Writes what differs; LostUpdate when the group is gone or was changed since `before`."""
    update_record(connection, device_groups, before, after, guard=("modified",))


def delete_group(connection: Connection, key: int) -> None:
    """The group and its members' places; the devices themselves stay."""
    connection.execute(delete(device_groups).where(device_groups.c.key == key))


def add_member(connection: Connection, member: GroupMember) -> bool:
    """Whether the device is a member only now; IntegrityError when group or device does not exist."""
    return insert_if_absent(connection, group_members, values_of(member)) is not None


def get_member(connection: Connection, key: int) -> GroupMember | None:
    return one(connection, GroupMember, select(group_members).where(group_members.c.key == key))


def list_members(connection: Connection, group_key: int, reached: ColumnElement[bool]) -> list[GroupMember]:
    """Those for which the condition holds, in the order in which they joined."""
    statement = select(group_members).where(group_members.c.group_key == group_key, reached)
    return many(connection, GroupMember, statement.order_by(group_members.c.key))


def all_members(connection: Connection) -> list[GroupMember]:
    """The places of all groups, oldest first."""
    return many(connection, GroupMember, select(group_members).order_by(group_members.c.key))


def remove_member(connection: Connection, key: int) -> None:
    connection.execute(delete(group_members).where(group_members.c.key == key))


def member_devices(connection: Connection, group_key: int, reached: ColumnElement[bool]) -> list[Device]:
    """The group's devices for which the condition holds and that are not archived, oldest first."""
    members = select(group_members.c.device_key).where(group_members.c.group_key == group_key)
    statement = select(devices).where(devices.c.key.in_(members), devices.c.is_archived.is_(False), reached)
    return many(connection, Device, statement.order_by(devices.c.key))


def is_member(connection: Connection, group_key: int, device_key: int) -> bool:
    place = (group_members.c.group_key == group_key, group_members.c.device_key == device_key)
    return connection.execute(select(group_members.c.key).where(*place)).first() is not None


def presets_of_group(connection: Connection, group_key: int) -> list[int]:
    """The keys of the presets that target the group, oldest first."""
    statement = select(presets.c.key).where(presets.c.device_group_id == group_key).order_by(presets.c.key)
    return list(connection.execute(statement).scalars())


def users_of_group(connection: Connection, group_key: int) -> list[str]:
    """The names of the users whose scope is the group."""
    scoped = (users.c.scope == ScopeKind.GROUP, users.c.scope_key == group_key)
    return list(connection.execute(select(users.c.name).where(*scoped).order_by(users.c.name)).scalars())
