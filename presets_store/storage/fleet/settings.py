"""Settings by name: of a device, of a user. Each owner has its own names."""

from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, Table, delete, func, select, update

from presets_store.storage.fleet.records import DeviceSetting, UserSetting
from presets_store.storage.fleet.tables import device_settings, user_settings
from presets_store.storage.rows import insert_if_absent, many, one, values_of

Setting = TypeVar("Setting", DeviceSetting, UserSetting)


def get_setting(connection: Connection, kind: type[Setting], owner: int, name: str) -> Setting | None:
    table = _table(kind)
    return one(connection, kind, select(table).where(_owned(table, owner), table.c.name == name))


def list_settings(connection: Connection, kind: type[Setting], owner: int) -> list[Setting]:
    """All settings of a device or user, by name."""
    table = _table(kind)
    return many(connection, kind, select(table).where(_owned(table, owner)).order_by(table.c.name))


def count_settings(connection: Connection, kind: type[Setting], owner: int) -> int:
    table = _table(kind)
    return connection.execute(select(func.count()).where(_owned(table, owner))).scalar_one()


def put_setting(connection: Connection, setting: DeviceSetting | UserSetting) -> None:
    """Stores the setting, or gives the one of its owner and name the new value."""
    table = _table(type(setting))
    if insert_if_absent(connection, table, values_of(setting)) is not None:
        return
    owner = setting.device_key if isinstance(setting, DeviceSetting) else setting.user_key
    there = (_owned(table, owner), table.c.name == setting.name)
    connection.execute(update(table).where(*there).values(value=setting.value, modified=setting.modified))


def delete_setting(connection: Connection, kind: type[Setting], owner: int, name: str) -> bool:
    """Whether there was one."""
    table = _table(kind)
    return connection.execute(delete(table).where(_owned(table, owner), table.c.name == name)).rowcount > 0


def _table(kind: type[DeviceSetting] | type[UserSetting]) -> Table:
    return device_settings if kind is DeviceSetting else user_settings


def _owned(table: Table, owner: int) -> ColumnElement[bool]:
    column = table.c.device_key if table is device_settings else table.c.user_key
    return column == owner
