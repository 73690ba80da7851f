"""What users are told."""

from sqlalchemy import ColumnElement, Connection, delete, select

from presets_store.storage.fleet.records import Notification
from presets_store.storage.fleet.tables import notifications
from presets_store.storage.rows import insert_record, many, one, update_record


def insert_notification(connection: Connection, notification: Notification) -> Notification:
    return insert_record(connection, notifications, notification)


def get_notification(
    connection: Connection, key: int, visible: ColumnElement[bool], *, locked: bool = False
) -> Notification | None:
    """The notification with this key, if the condition holds; `locked` until the transaction ends."""
    statement = select(notifications).where(notifications.c.key == key, visible)
    return one(connection, Notification, statement.with_for_update() if locked else statement)


def list_notifications(
    connection: Connection,
    visible: ColumnElement[bool],
    *,
    seen: bool | None = None,
    sent: bool | None = None,
    since: int = 0,
    limit: int,
) -> list[Notification]:
    """Those for which the condition holds and that are not archived, newest first. `since` (microseconds): created then
    or later.
    """
    statement = select(notifications).where(visible, notifications.c.is_archived.is_(False))
    if seen is not None:
        statement = statement.where(notifications.c.seen_in_app.is_(seen))
    if sent is not None:
        statement = statement.where(notifications.c.sent_as_email.is_(sent))
    if since:
        statement = statement.where(notifications.c.created >= since)
    newest = statement.order_by(notifications.c.created.desc(), notifications.c.key.desc()).limit(limit)
    return many(connection, Notification, newest)


def update_notification(connection: Connection, before: Notification, after: Notification) -> None:
    """Writes what differs; LostUpdate when the notification is gone."""
    update_record(connection, notifications, before, after)


def delete_notification(connection: Connection, key: int) -> None:
    connection.execute(delete(notifications).where(notifications.c.key == key))
