"""Analytic cases: what is looked for in which camera's picture."""

from sqlalchemy import ColumnElement, Connection, Select, delete, func, select

from presets_store.storage.rows import insert_record, many, one, update_record
from presets_store.storage.scripts.records import AnalyticCase
from presets_store.storage.scripts.tables import analytic_cases


def insert_case(connection: Connection, case: AnalyticCase) -> AnalyticCase:
    return insert_record(connection, analytic_cases, case)


def get_case(connection: Connection, key: int) -> AnalyticCase | None:
    return one(connection, AnalyticCase, select(analytic_cases).where(analytic_cases.c.key == key))


def get_case_for_update(connection: Connection, key: int) -> AnalyticCase | None:
    """The case, locked until the transaction ends."""
    return one(connection, AnalyticCase, select(analytic_cases).where(analytic_cases.c.key == key).with_for_update())


def list_cases(
    connection: Connection, *conditions: ColumnElement[bool], limit: int | None = None, offset: int = 0
) -> list[AnalyticCase]:
    """Those that fit all conditions, oldest first."""
    statement: Select[tuple[object, ...]] = select(analytic_cases).where(*conditions).order_by(analytic_cases.c.key)
    return many(connection, AnalyticCase, statement.limit(limit).offset(offset))


def count_cases(connection: Connection, *conditions: ColumnElement[bool]) -> int:
    counted = select(func.count()).select_from(analytic_cases).where(*conditions)
    return int(connection.execute(counted).scalar_one())


def update_case(connection: Connection, before: AnalyticCase, after: AnalyticCase) -> None:
    """Writes what differs; LostUpdate when the case is gone."""
    update_record(connection, analytic_cases, before, after)


def delete_case(connection: Connection, key: int) -> None:
    connection.execute(delete(analytic_cases).where(analytic_cases.c.key == key))
