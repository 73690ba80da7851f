"""Tokens that enrol devices, by their hash."""

from sqlalchemy import ColumnElement, Connection, delete, or_, select

from presets_store.storage.people.records import Enrolment
from presets_store.storage.people.tables import enrolments
from presets_store.storage.rows import insert_record, many, one, update_record


def insert_enrolment(connection: Connection, enrolment: Enrolment) -> Enrolment:
    """Stores a new token."""
    return insert_record(connection, enrolments, enrolment)


def get_enrolment_for_update(connection: Connection, key: int) -> Enrolment | None:
    """The token, locked until the transaction ends."""
    return one(connection, Enrolment, select(enrolments).where(enrolments.c.key == key).with_for_update())


def find_enrolment_for_update(connection: Connection, token_hash: str) -> Enrolment | None:
    """The same by the hash of the token."""
    statement = select(enrolments).where(enrolments.c.token_hash == token_hash).with_for_update()
    return one(connection, Enrolment, statement)


def list_enrolments(connection: Connection) -> list[Enrolment]:
    """All that were not swept yet, oldest first."""
    return many(connection, Enrolment, select(enrolments).order_by(enrolments.c.key))


def update_enrolment(connection: Connection, before: Enrolment, after: Enrolment) -> None:
    """Writes what differs; LostUpdate when the token is gone or was used since `before`."""
    update_record(connection, enrolments, before, after, guard=("used",))


def delete_enrolment(connection: Connection, key: int) -> None:
    connection.execute(delete(enrolments).where(enrolments.c.key == key))


def any_enrolment_done(connection: Connection, before: int) -> bool:
    """Whether one was used, or expired, before that time (microseconds)."""
    return connection.execute(select(enrolments.c.key).where(_done(before)).limit(1)).first() is not None


def forget_enrolments(connection: Connection, before: int) -> None:
    """Sweeps those that were used, or expired, before that time (microseconds)."""
    connection.execute(delete(enrolments).where(_done(before)))


def _done(before: int) -> ColumnElement[bool]:
    return or_(enrolments.c.expires < before, (enrolments.c.used > 0) & (enrolments.c.used < before))
