"""Facts about the database itself: named values, the key high-water mark."""

from collections.abc import Mapping

from sqlalchemy import Connection, select
from sqlalchemy import text as sql

from presets_store.storage.rows import insert_if_absent, put
from presets_store.storage.schema import metadata
from presets_store.storage.tables import meta

COUNTED = tuple(table.name for table in metadata.sorted_tables if table.autoincrement_column is not None)
"""The tables whose integer keys are given out one after the other."""


def get_meta(connection: Connection, name: str) -> str | None:
    value: str | None = connection.execute(select(meta.c.value).where(meta.c.name == name)).scalar()
    return value


def set_meta(connection: Connection, name: str, value: str) -> None:
    put(connection, meta, {"name": name, "value": value})


def set_meta_if_absent(connection: Connection, name: str, value: str) -> None:
    insert_if_absent(connection, meta, {"name": name, "value": value})


def take_turn(connection: Connection, name: str, *, wait: bool = True) -> bool:
    """Until the transaction ends nobody else has the turn of this name; False when another has it and we do not wait.

    On SQLite a transaction that writes is alone anyway.
    """
    if connection.dialect.name == "sqlite":
        return True
    function = "pg_advisory_xact_lock" if wait else "pg_try_advisory_xact_lock"
    taken = connection.execute(sql(f"SELECT {function}(hashtextextended(:name, 0))"), {"name": f"cuelight {name}"})
    return wait or bool(taken.scalar())


def high_water(connection: Connection) -> dict[str, int]:
    """The highest key ever given out, per table; it stays although the row be gone."""
    if connection.dialect.name == "sqlite":
        given = {name: int(seq) for name, seq in connection.execute(sql("SELECT name, seq FROM sqlite_sequence"))}
        return {table: given.get(table, 0) for table in COUNTED}
    last = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {}_key_seq"
    return {table: int(connection.execute(sql(last.format(table))).scalar_one()) for table in COUNTED}


def start_keys_above(connection: Connection, marks: Mapping[str, int]) -> None:
    """After a lost database: sees to it that no key up to its table's mark is given out again. Never lowers one."""
    there = high_water(connection)
    for table, mark in marks.items():
        if table in there and mark > there[table]:
            _set_last_key(connection, table, mark)


def _set_last_key(connection: Connection, table: str, mark: int) -> None:
    values = {"table": table, "mark": mark}
    if connection.dialect.name != "sqlite":
        connection.execute(sql("SELECT setval(:sequence, :mark)"), {"sequence": f"{table}_key_seq", "mark": mark})
    elif connection.execute(sql("UPDATE sqlite_sequence SET seq = :mark WHERE name = :table"), values).rowcount == 0:
        connection.execute(sql("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :mark)"), values)
