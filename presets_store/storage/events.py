"""Events: what was asked of a device and what became of it.

The life cycle is decided by `presets_store.rules.lifecycle`; here a decision is written, unless the row has moved on
since it was read.
"""

from collections.abc import Collection, Iterator
from dataclasses import replace

from sqlalchemy import ColumnElement, Connection, Select, bindparam, delete, func, or_, select, update

from presets_store.protocol.statuses import EventStatus
from presets_store.rules.commands import Checkout
from presets_store.rules.event import Event
from presets_store.storage.rows import insert_if_absent, insert_record, many, one, update_record, values_of
from presets_store.storage.tables import events

_GUARD = ("event_status", "attempt_number", "checkout_token")
_MICROSECONDS = 1_000_000

_BY_KEY = select(events).where(events.c.key == bindparam("wanted"))
_BY_KEY_LOCKED = _BY_KEY.with_for_update()

UNFINISHED = (EventStatus.PENDING, EventStatus.CHECKED_OUT, EventStatus.PROCESSING)


def insert_event(connection: Connection, event: Event) -> Event:
    """Stores a new event; IntegrityError when its uuid or its (upstream, remote id) is known, or the device is not."""
    return insert_record(connection, events, event)


def accept_event(connection: Connection, event: Event) -> tuple[Event, bool]:
    """Stores an event unless its uuid or its (upstream, remote id) is known; what is stored, and whether it is new."""
    key = insert_if_absent(connection, events, values_of(event))
    if key is not None:
        return replace(event, key=key), True
    known = find_event_by_uuid(connection, event.uuid)
    if known is None and event.remote_id is not None:
        known = find_remote_event(connection, event.upstream, event.remote_id)
    return known or event, False


def get_event(connection: Connection, key: int) -> Event | None:
    return one(connection, Event, _BY_KEY, wanted=key)


def get_event_for_update(connection: Connection, key: int) -> Event | None:
    """The event, locked until the transaction ends (on SQLite every write transaction is alone anyway)."""
    return one(connection, Event, _BY_KEY_LOCKED, wanted=key)


def find_event_by_uuid(connection: Connection, uuid: str) -> Event | None:
    return one(connection, Event, select(events).where(events.c.uuid == uuid))


def find_remote_event(connection: Connection, upstream: str, remote_id: int) -> Event | None:
    """The one local row of what `upstream` calls event `remote_id`."""
    return one(connection, Event, select(events).where(events.c.upstream == upstream, events.c.remote_id == remote_id))


def find_events_by_cause(connection: Connection, cause: str, *, after: int) -> list[Event]:
    """Events whose cause begins with `cause`, oldest first, among those with a key above `after`."""
    found = (events.c.key > after, events.c.cause.startswith(cause, autoescape=True))
    return many(connection, Event, select(events).where(*found).order_by(events.c.key))


def update_event(connection: Connection, before: Event, after: Event) -> None:
    """Writes the columns that differ; LostUpdate when status, attempt or checkout are no longer those of `before`."""
    update_record(connection, events, before, after, guard=_GUARD)


def claim_pending(
    connection: Connection, device_key: int, agent_type_ids: Collection[int], now: int, checkout: Checkout
) -> Event | None:
    """The device's next pending event of these agent types, checked out as `transition` would; None if there is none.

    Smaller priority first, then oldest; an expired one is passed over if the clock is trusted. `now` in microseconds.
    Two callers never get the same one, and do not wait for each other.
    """
    free = _pending(device_key, agent_type_ids, expired_at=now if checkout.clock_trusted else None)
    first = free.with_only_columns(events.c.key).limit(1).with_for_update(skip_locked=True)
    statement = (
        update(events)
        .where(events.c.key == first.correlate(None).scalar_subquery(), events.c.event_status == EventStatus.PENDING)
        .values(
            event_status=EventStatus.CHECKED_OUT,
            holder=checkout.holder,
            checkout_token=checkout.token,
            lease_until=checkout.lease_until,
            agent_id=checkout.agent_id,
            process_id=checkout.process_id,
            modified=now,
        )
        .returning(events)
    )
    return one(connection, Event, statement)


def pending_events(
    connection: Connection,
    device_key: int,
    agent_type_ids: Collection[int] | None = None,
    *,
    expired_at: int | None = None,
    limit: int | None = None,
) -> list[Event]:
    """Pending events in the order in which they are to run, without those expired at `expired_at` (microseconds)."""
    return many(connection, Event, _pending(device_key, agent_type_ids, expired_at).limit(limit))


def unfinished_events(
    connection: Connection, device_key: int | None = None, statuses: Collection[EventStatus] = UNFINISHED
) -> list[Event]:
    """Events in these statuses, of one device or of all, oldest first: for recovery, lease and silence checks."""
    statement = select(events).where(events.c.event_status.in_(statuses)).order_by(events.c.key)
    if device_key is not None:
        statement = statement.where(events.c.device_key == device_key)
    return many(connection, Event, statement)


def overdue_checkouts(connection: Connection, now: int) -> list[Event]:
    """Checked-out events whose lease has run out at `now` (microseconds)."""
    overdue = (events.c.event_status == EventStatus.CHECKED_OUT, events.c.lease_until <= now)
    return many(connection, Event, select(events).where(*overdue).order_by(events.c.key))


def expired_events(connection: Connection, now: int) -> list[Event]:
    """Events not yet Processing whose `expiration_epoch` (seconds) is past at `now` (microseconds)."""
    waiting = events.c.event_status.in_((EventStatus.PENDING, EventStatus.CHECKED_OUT))
    expired = (events.c.expiration_epoch > 0, events.c.expiration_epoch <= now // _MICROSECONDS)
    return many(connection, Event, select(events).where(waiting, *expired).order_by(events.c.key))


def silent_events(connection: Connection, since: int) -> list[Event]:
    """Processing events that nobody touched after `since` (microseconds)."""
    silent = (events.c.event_status == EventStatus.PROCESSING, events.c.modified <= since)
    return many(connection, Event, select(events).where(*silent).order_by(events.c.key))


def list_events(
    connection: Connection,
    *,
    device_key: int | None = None,
    created_from: int | None = None,
    created_before: int | None = None,
    limit: int | None = None,
    newest_first: bool = True,
) -> list[Event]:
    """Events of a device or of all, by age; `created_from` <= created < `created_before`, in microseconds."""
    statement = select(events).order_by(events.c.key.desc() if newest_first else events.c.key).limit(limit)
    return many(connection, Event, statement.where(*_bounds(device_key, created_from, created_before)))


def last_events(
    connection: Connection,
    agent_type_id: int,
    *,
    device_key: int | None = None,
    created_from: int | None = None,
    created_before: int | None = None,
    limit: int | None = None,
    newest_first: bool = True,
) -> list[Event]:
    """The newest event of the agent type on each device, within the same bounds as `list_events`."""
    newest = select(func.max(events.c.key)).where(events.c.agent_type_id == agent_type_id).group_by(events.c.device_key)
    newest = newest.where(*_bounds(device_key, created_from, created_before))
    order = events.c.key.desc() if newest_first else events.c.key
    return many(connection, Event, select(events).where(events.c.key.in_(newest)).order_by(order).limit(limit))


def binding_unfinished(connection: Connection, device_key: int, cause: str) -> bool:
    """Whether an event of this cause waits or runs on the device."""
    going_on = (events.c.device_key == device_key, events.c.event_status.in_(UNFINISHED), events.c.cause == cause)
    return connection.execute(select(events.c.key).where(*going_on).limit(1)).first() is not None


def delete_event(connection: Connection, key: int) -> bool:
    """Whether there was such an event; IntegrityError while a report about it waits in the outbox."""
    return connection.execute(delete(events).where(events.c.key == key)).rowcount == 1


def _bounds(
    device_key: int | None, created_from: int | None, created_before: int | None
) -> Iterator[ColumnElement[bool]]:
    if device_key is not None:
        yield events.c.device_key == device_key
    if created_from is not None:
        yield events.c.created >= created_from
    if created_before is not None:
        yield events.c.created < created_before


def _pending(
    device_key: int, agent_type_ids: Collection[int] | None, expired_at: int | None
) -> Select[tuple[object, ...]]:
    statement = (
        select(events)
        .where(events.c.event_status == EventStatus.PENDING, events.c.device_key == device_key)
        .order_by(events.c.priority, events.c.key)
    )
    if agent_type_ids is not None:
        statement = statement.where(events.c.agent_type_id.in_(agent_type_ids))
    if expired_at is not None:
        unexpired = or_(events.c.expiration_epoch == 0, events.c.expiration_epoch > expired_at // _MICROSECONDS)
        statement = statement.where(unexpired)
    return statement
