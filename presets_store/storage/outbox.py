"""Reports that wait for their destination, oldest first."""

from collections.abc import Collection

from sqlalchemy import Connection, delete, func, select, update

from presets_store.storage.records import OutboxItem
from presets_store.storage.rows import insert_record, many
from presets_store.storage.tables import outbox


def add_to_outbox(connection: Connection, item: OutboxItem) -> OutboxItem:
    """Stores a report, in the transaction of what it reports."""
    return insert_record(connection, outbox, item)


def due_in_outbox(connection: Connection, destination: str, now: int, latest: int, limit: int) -> list[OutboxItem]:
    """The oldest reports but those of events of which one is postponed: it comes before all others of its event.

    Postponed is until a moment after `now`, but not one after `latest`: that was said by a clock that was wrong.
    """
    mine = outbox.c.destination == destination
    postponed = select(outbox.c.event_key).where(mine, outbox.c.not_before > now, outbox.c.not_before <= latest)
    due = select(outbox).where(mine, outbox.c.event_key.not_in(postponed))
    return many(connection, OutboxItem, due.order_by(outbox.c.key).limit(limit))


def count_outbox(connection: Connection, destination: str) -> int:
    statement = select(func.count()).select_from(outbox).where(outbox.c.destination == destination)
    return connection.execute(statement).scalar_one()


def outbox_since(connection: Connection, destination: str) -> int:
    """The moment (microseconds) of the oldest report, due or not; 0 for none."""
    statement = select(func.min(outbox.c.created)).where(outbox.c.destination == destination)
    return connection.execute(statement).scalar() or 0


def postpone(connection: Connection, key: int, *, error: str, not_before: int) -> None:
    """Notes a failed attempt: it is counted, `error` kept, and nothing sent before `not_before` (microseconds)."""
    connection.execute(
        update(outbox)
        .where(outbox.c.key == key)
        .values(attempts=outbox.c.attempts + 1, last_error=error, not_before=not_before)
    )


def remove_from_outbox(connection: Connection, keys: Collection[int]) -> None:
    """Reports that were acknowledged go."""
    connection.execute(delete(outbox).where(outbox.c.key.in_(keys)))
