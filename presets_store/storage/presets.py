"""Presets, and the parameters that they and events have."""

from collections.abc import Collection

from sqlalchemy import Connection, Table, delete, or_, select, update

from presets_store.storage.fleet.tables import group_members
from presets_store.storage.records import Preset
from presets_store.storage.rows import insert_record, many, one, update_record
from presets_store.storage.tables import presets


def insert_preset(connection: Connection, preset: Preset) -> Preset:
    """Stores a new preset; IntegrityError when its device does not exist."""
    return insert_record(connection, presets, preset)


def get_preset(connection: Connection, key: int) -> Preset | None:
    return one(connection, Preset, select(presets).where(presets.c.key == key))


def get_preset_for_update(connection: Connection, key: int) -> Preset | None:
    """The preset, locked until the transaction ends."""
    return one(connection, Preset, select(presets).where(presets.c.key == key).with_for_update())


def presets_mentioning(connection: Connection, event_type_id: int, number: int) -> list[Preset]:
    """Presets of this type in whose parameters the digits of `number` occur: a first look, for the caller to read."""
    mentioned = presets.c.event_parameters.contains(str(number))
    statement = select(presets).where(presets.c.event_type_id == event_type_id, mentioned).order_by(presets.c.key)
    return many(connection, Preset, statement)


def list_presets(connection: Connection, device_key: int | None = None) -> list[Preset]:
    """Presets that target the device or a group that it is in (None: all), oldest first."""
    statement = select(presets).order_by(presets.c.key)
    if device_key is not None:
        groups = select(group_members.c.group_key).where(group_members.c.device_key == device_key)
        statement = statement.where(or_(presets.c.device_key == device_key, presets.c.device_group_id.in_(groups)))
    return many(connection, Preset, statement)


def update_preset(connection: Connection, before: Preset, after: Preset) -> None:
    """Writes what differs; LostUpdate when the preset is gone or was changed since `before`."""
    update_record(connection, presets, before, after, guard=("modified",))


def delete_preset(connection: Connection, key: int) -> bool:
    """Whether there was such a preset; it is gone for good now."""
    return connection.execute(delete(presets).where(presets.c.key == key)).rowcount == 1


def parameters_of_types(connection: Connection, table: Table, types: Collection[int]) -> list[tuple[int, int, str]]:
    """Key, event type and parameters of all rows of these event types; `table`: events or presets."""
    columns = (table.c.key, table.c.event_type_id, table.c.event_parameters)
    rows = connection.execute(select(*columns).where(table.c.event_type_id.in_(types)).with_for_update())
    return [(key, event_type_id, text) for key, event_type_id, text in rows]


def put_parameters(connection: Connection, table: Table, key: int, text: str) -> None:
    """The row's parameters anew; nothing else of it changes, and nobody is told."""
    connection.execute(update(table).where(table.c.key == key).values(event_parameters=text))
