"""What users are told: each his own, and what is for all who may see the device that it is about."""

import uuid
from dataclasses import replace
from typing import Final

from sqlalchemy import ColumnElement, Connection, or_

from presets_store.protocol.fleet.messages import CreateNotification, NotificationQuery, UpdateNotification
from presets_store.protocol.live import LiveKind
from presets_store.protocol.telemetry import NotificationRecord
from presets_store.rules.permissions import Permission
from presets_store.services.caller import Caller
from presets_store.services.errors import InvalidInput, NotFound
from presets_store.services.fleet.moments import epoch_range
from presets_store.services.reach import in_reach, reached_device, reached_row, require_reach
from presets_store.services.unit import Unit, Units
from presets_store.storage.fleet.notifications import (
    delete_notification,
    get_notification,
    insert_notification,
    list_notifications,
    update_notification,
)
from presets_store.storage.fleet.records import Notification
from presets_store.storage.fleet.tables import notifications
from presets_store.storage.people.users import get_user

LONGEST_LIST: Final = 200


class NotificationsService:
    """Notifications by key and by date.

    To a caller those do not exist that he may not see. His own he may change and remove whatever his role; what is
    for others too takes the permission to edit.
    """

    def __init__(self, units: Units) -> None:
        self._units = units

    async def create(self, caller: Caller, body: CreateNotification) -> None:
        """For a user, else (`device_id`) for all who may see that device, else for the caller himself.

        From the Unix socket, which is no user's, the last is: for all who may see all devices.
        Raises InvalidInput, NotFound, Forbidden.
        """
        if body.user_id and body.device_id:
            raise InvalidInput(
                reason="userID is given beside deviceID: a notification is for a user, or about a device."
            )

        def add(unit: Unit) -> None:
            who = _receiver(unit.connection, caller, body)
            device = 0
            if body.device_id:
                device = reached_device(unit.connection, caller, Permission.EDIT, body.device_id).key
            new = Notification(
                guid=str(uuid.uuid4()), user_key=who, device_key=device, message=body.message, created=unit.now
            )
            stored = insert_notification(unit.connection, _changed(new, body, unit.now))
            if not who:  # live listeners are told by device, which says nothing of users
                unit.told.append((LiveKind.NOTIFICATION, device, _record(stored)))

        await self._units.write(caller, add)

    async def get(self, caller: Caller, key: int) -> NotificationRecord:
        """Raises NotFound, Forbidden."""
        return _record(await self._units.read(lambda connection: _visible(connection, caller, key)))

    async def find(self, caller: Caller, query: NotificationQuery) -> list[NotificationRecord]:
        """Those that the caller may see and that are not archived, newest first, at most LONGEST_LIST."""
        since, _ = epoch_range(query.since, 0)

        def find(connection: Connection) -> list[Notification]:
            caller.principal.require(Permission.READ)
            visible = _visible_to(caller)
            return list_notifications(
                connection, visible, seen=query.seen, sent=query.sent, since=since, limit=LONGEST_LIST
            )

        return [_record(each) for each in await self._units.read(find)]

    async def update(self, caller: Caller, key: int, body: UpdateNotification) -> None:
        """Changes what the body gives. Raises NotFound, Forbidden."""

        def change(unit: Unit) -> None:
            before = _visible(unit.connection, caller, key, locked=True)
            _require_writable(unit.connection, caller, before)
            update_notification(unit.connection, before, _changed(before, body, unit.now))

        await self._units.write(caller, change)

    async def delete(self, caller: Caller, key: int) -> None:
        """Raises NotFound, Forbidden."""

        def remove(unit: Unit) -> None:
            there = _visible(unit.connection, caller, key, locked=True)
            _require_writable(unit.connection, caller, there)
            delete_notification(unit.connection, key)

        await self._units.write(caller, remove)


def _visible_to(caller: Caller) -> ColumnElement[bool]:
    """The condition of a query: the caller's own, and what is for all in whose reach the device is."""
    user = caller.principal.user_key
    for_all = (notifications.c.user_key == 0) & in_reach(caller, notifications.c.device_key)
    return or_(notifications.c.user_key == user, for_all) if user else for_all


def _visible(connection: Connection, caller: Caller, key: int, *, locked: bool = False) -> Notification:
    caller.principal.require(Permission.READ)
    found = get_notification(connection, key, _visible_to(caller), locked=locked)
    return found or reached_row(connection, caller, Permission.READ, found, "notification", key)


def _receiver(connection: Connection, caller: Caller, body: CreateNotification) -> int:
    """The user's key, 0 for all. Raises Forbidden, NotFound."""
    own = caller.principal.user_key
    if body.device_id:
        return 0
    if own and body.user_id in (0, own):
        caller.principal.require(Permission.EDIT)
        return own
    if not body.user_id:
        caller.principal.require_everywhere(Permission.EDIT)
        return 0
    caller.principal.require_everywhere(Permission.ADMINISTER)
    if get_user(connection, body.user_id) is None:
        raise NotFound(what="user", name=body.user_id)
    return body.user_id


def _require_writable(connection: Connection, caller: Caller, notification: Notification) -> None:
    if notification.user_key:
        return  # visible, so the caller's own
    if notification.device_key:
        require_reach(connection, caller, Permission.EDIT, notification.device_key)
    else:
        caller.principal.require_everywhere(Permission.EDIT)


def _changed(before: Notification, body: UpdateNotification, now: int) -> Notification:
    given = body.model_fields_set & UpdateNotification.model_fields.keys()
    after = replace(before, **{name: getattr(body, name) for name in given})
    return replace(
        after,
        seen_date=(after.seen_date or now) if after.seen_in_app else 0,
        sent_as_email_date=(after.sent_as_email_date or now) if after.sent_as_email else 0,
    )


def _record(notification: Notification) -> NotificationRecord:
    return NotificationRecord.model_construct(
        key=notification.key,
        notification_status_id=notification.notification_status_id,
        message=notification.message,
        seen_in_app=notification.seen_in_app,
        seen_date=notification.seen_date,
        sent_as_email=notification.sent_as_email,
        sent_as_email_date=notification.sent_as_email_date,
        creation_date=notification.created,
        guid=notification.guid,
        is_archived=notification.is_archived,
    )
