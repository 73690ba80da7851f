"""Scripts, and the events that were added to their catalogue."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, Connection, delete, func, select

from presets_store.storage.rows import insert_if_absent, insert_record, many, one, update_record, values_of
from presets_store.storage.scripts.records import Script, ScriptEvent
from presets_store.storage.scripts.tables import (
    script_counters,
    script_decisions,
    script_events,
    script_firings,
    scripts,
)
from presets_store.storage.tables import cameras


def insert_script(connection: Connection, script: Script) -> Script:
    """Stores a new script."""
    return insert_record(connection, scripts, script)


def get_script(connection: Connection, key: int, *, locked: bool = False) -> Script | None:
    """The script; `locked` until the transaction ends."""
    statement = select(scripts).where(scripts.c.key == key)
    return one(connection, Script, statement.with_for_update() if locked else statement)


def get_scripts(connection: Connection, keys: Sequence[int]) -> list[Script]:
    """Those of the keys that there are, by key."""
    return many(connection, Script, select(scripts).where(scripts.c.key.in_(keys)).order_by(scripts.c.key))


def scripts_of_event(connection: Connection, event_name: str) -> list[Script]:
    """Those that wait for the event, inactive ones too, by key."""
    return many(connection, Script, select(scripts).where(scripts.c.event_name == event_name).order_by(scripts.c.key))


def list_script_cameras(connection: Connection) -> list[tuple[int, str]]:
    """Key and `cameras` of every script, by key."""
    rows = connection.execute(select(scripts.c.key, scripts.c.cameras).order_by(scripts.c.key))
    return [(row.key, row.cameras) for row in rows]


def count_scripts(connection: Connection) -> int:
    count: int = connection.execute(select(func.count()).select_from(scripts)).scalar_one()
    return count


def update_script(connection: Connection, before: Script, after: Script) -> None:
    """Writes what differs; LostUpdate when the script is gone or was changed since `before`."""
    update_record(connection, scripts, before, after, guard=("modified",))


def delete_scripts(connection: Connection, gone: Iterable[Script]) -> None:
    """Removes scripts with what they decided; what is still to be told of them stays."""
    there = list(gone)
    uuids = [script.uuid for script in there]
    for table in (script_decisions, script_counters, script_firings):
        connection.execute(delete(table).where(table.c.script_uuid.in_(uuids)))
    connection.execute(delete(scripts).where(scripts.c.key.in_([script.key for script in there])))


def list_sealed_extras(connection: Connection) -> list[tuple[int, str]]:
    """Key and `sealed_extra` of every script that has one, by key; locked until the transaction ends."""
    sealed = select(scripts.c.key, scripts.c.sealed_extra).where(scripts.c.sealed_extra != "").order_by(scripts.c.key)
    return [(row.key, row.sealed_extra) for row in connection.execute(sealed.with_for_update())]


def put_sealed_extra(connection: Connection, key: int, sealed: str) -> None:
    """The same secrets, sealed anew: nobody changed the script."""
    connection.execute(scripts.update().where(scripts.c.key == key).values(sealed_extra=sealed))


def add_script_event(connection: Connection, event: ScriptEvent) -> ScriptEvent | None:
    """Stores a new event of the catalogue; None when the name is taken."""
    key = insert_if_absent(connection, script_events, values_of(event))
    return None if key is None else replace(event, key=key)


def list_script_events(connection: Connection) -> list[ScriptEvent]:
    """All that were added, oldest first."""
    return many(connection, ScriptEvent, select(script_events).order_by(script_events.c.key))


def get_script_event(connection: Connection, key: int) -> ScriptEvent | None:
    return one(connection, ScriptEvent, select(script_events).where(script_events.c.key == key))


def find_script_event(connection: Connection, name: str) -> ScriptEvent | None:
    return one(connection, ScriptEvent, select(script_events).where(script_events.c.name == name))


def count_script_events(connection: Connection) -> int:
    count: int = connection.execute(select(func.count()).select_from(script_events)).scalar_one()
    return count


def known_cameras(connection: Connection, reached: ColumnElement[bool], keys: Collection[int]) -> set[int]:
    """Those of the keys that are cameras for which `reached` holds."""
    return set(connection.execute(select(cameras.c.key).where(reached, cameras.c.key.in_(keys))).scalars())
