"""Old records of which there are many go away again."""

from dataclasses import dataclass

from sqlalchemy import Column, Connection, Table, delete, literal, select, tuple_

from presets_store.storage.fleet.tables import device_health, log_messages, notifications
from presets_store.storage.tables import devices


@dataclass(frozen=True, slots=True)
class Dated:
    """A table of which each device has many rows, and their date (microseconds)."""

    table: Table
    date: Column[int]


OF_DEVICES = (
    Dated(device_health, device_health.c.health_date),
    Dated(log_messages, log_messages.c.message_date),
)

Place = tuple[int, int]
"""Date and key of a row."""


def devices_after(connection: Connection, key: int, limit: int) -> list[int]:
    """The next device keys, archived devices too."""
    following = select(devices.c.key).where(devices.c.key > key).order_by(devices.c.key).limit(limit)
    return list(connection.execute(following).scalars())


def newest_excess(connection: Connection, dated: Dated, device_key: int, before: int, most: int) -> Place | None:
    """The newest row of a device that is older than `before`, or beyond the `most` newest ones; None for none."""
    key = dated.table.c.key
    rows = select(dated.date, key).where(dated.table.c.device_key == device_key)
    rows = rows.order_by(dated.date.desc(), key.desc()).limit(1)
    found = (connection.execute(each).first() for each in (rows.where(dated.date < before), rows.offset(most)))
    return max(((date, number) for date, number in filter(None, found)), default=None)


def remove_up_to(connection: Connection, dated: Dated, device_key: int, last: Place, limit: int) -> int:
    """Removes a device's rows up to `last`, the oldest first; how many: at most `limit`."""
    table = dated.table
    up_to_last = tuple_(dated.date, table.c.key) <= tuple_(literal(last[0]), literal(last[1]))
    old = select(table.c.key).where(table.c.device_key == device_key, up_to_last)
    old = old.order_by(dated.date, table.c.key).limit(limit)
    return connection.execute(delete(table).where(table.c.key.in_(old))).rowcount


def any_notification_before(connection: Connection, moment: int) -> bool:
    older = select(notifications.c.key).where(notifications.c.created < moment).limit(1)
    return connection.execute(older).first() is not None


def remove_notifications(connection: Connection, before: int) -> None:
    connection.execute(delete(notifications).where(notifications.c.created < before))
