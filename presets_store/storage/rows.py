"""What all repositories share: records to rows and back, with the same SQL on both dialects."""

from collections.abc import Iterable
from dataclasses import fields, replace
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from sqlalchemy import Connection, Dialect, Executable, Table, bindparam, insert, update
from sqlalchemy.dialects import postgresql, sqlite

from presets_store.storage.errors import LostUpdate

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Record = TypeVar("Record", bound=DataclassInstance)
else:
    Record = TypeVar("Record")

_EXPECTED = "expected_"
"""Before the name of a column: the parameter with what it must hold."""


@cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def values_of(record: "DataclassInstance") -> dict[str, Any]:
    """The columns of `record`; a `key` of 0 is left to the database."""
    values = {name: getattr(record, name) for name in _names(type(record))}
    if values.get("key") == 0:
        del values["key"]
    return values


def changes_between(before: Record, after: Record) -> dict[str, Any]:
    """The columns in which the two differ."""
    pairs = ((name, getattr(before, name), getattr(after, name)) for name in _names(type(before)))
    return {name: new for name, old, new in pairs if old != new}


def one(connection: Connection, kind: type[Record], statement: Executable, **parameters: object) -> Record | None:
    """The first row as a record, or None."""
    row = connection.execute(statement, parameters).mappings().first()
    return None if row is None else kind(**row)


def many(connection: Connection, kind: type[Record], statement: Executable, **parameters: object) -> list[Record]:
    """All rows as records."""
    return [kind(**row) for row in connection.execute(statement, parameters).mappings()]


def insert_record(connection: Connection, table: Table, record: Record) -> Record:
    """Stores a new record and gives it back with its key."""
    result = connection.execute(insert(table), values_of(record))
    return replace(record, key=result.inserted_primary_key[0])  # type: ignore[index]


def insert_if_absent(connection: Connection, table: Table, values: dict[str, Any]) -> int | None:
    """Stores a row unless a unique column already has its value; the first primary key column, or None if it was there.

    One statement, so two writers cannot both succeed.
    """
    statement = _insert_if_absent(table, connection.dialect, tuple(values))
    key: int | None = connection.execute(statement, values).scalar()
    return key


@cache
def _insert_if_absent(table: Table, dialect: Dialect, names: tuple[str, ...]) -> Executable:
    # Compiled once by us: SQLAlchemy compiles ON CONFLICT anew at each execution, a third of a request's cost.
    build = sqlite.insert if dialect.name == "sqlite" else postgresql.insert
    statement = build(table).on_conflict_do_nothing().returning(next(iter(table.primary_key)))
    # A connection executes what is compiled as it does a statement, which the annotations do not say.
    return cast("Executable", statement.compile(dialect=dialect, column_keys=list(names)))


def put(connection: Connection, table: Table, values: dict[str, Any]) -> None:
    """Stores a row, or replaces the columns of the one with the same primary key."""
    keys = [column.name for column in table.primary_key]
    statement = (sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert)(table)
    rest = {name: statement.excluded[name] for name in values if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=rest), values)


def update_record(
    connection: Connection, table: Table, before: Record, after: Record, guard: Iterable[str] = ()
) -> None:
    """Writes what differs, if the row is still there and still has `before`'s values in the `guard` columns.

    Raises LostUpdate when it has not.
    """
    key: int = before.key  # type: ignore[attr-defined]
    changes = changes_between(before, after)
    if not changes:
        return
    guarded = tuple(guard)
    expected = {_EXPECTED + name: getattr(before, name) for name in ("key", *guarded)}
    if connection.execute(_guarded_update(table, guarded), changes | expected).rowcount != 1:
        raise LostUpdate(what=type(before).__name__.lower(), key=key)


@cache
def _guarded_update(table: Table, guard: tuple[str, ...]) -> Executable:
    # Built once: to build it costs more than to execute it. What it sets are the columns among its parameters.
    return update(table).where(*(table.c[name] == bindparam(_EXPECTED + name) for name in ("key", *guard)))
