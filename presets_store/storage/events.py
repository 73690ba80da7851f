"""Events: what was asked of a device and what became of it.

The life cycle is decided by `presets_store.rules.lifecycle`; here a decision is written, unless the row has moved on
since it was read.
"""

from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import cache

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, delete, func, or_, select, true, update
from sqlalchemy.sql.dml import ReturningUpdate

from presets_store.protocol.statuses import EventStatus
from presets_store.rules.commands import Checkout
from presets_store.rules.event import Event
from presets_store.storage.fleet.archive import archived_event, bring_back, same_event, same_key
from presets_store.storage.rows import insert_if_absent, insert_record, many, one, update_record, values_of
from presets_store.storage.tables import events

_GUARD = ("event_status", "attempt_number", "checkout_token")
_MICROSECONDS = 1_000_000

_BY_KEY = select(events).where(events.c.key == bindparam("wanted"))
_BY_KEY_LOCKED = _BY_KEY.with_for_update()

_ALL = true()

UNFINISHED = (EventStatus.PENDING, EventStatus.CHECKED_OUT, EventStatus.PROCESSING)

_DUE = select(events).where(
    events.c.device_key == bindparam("wanted"),
    events.c.event_status.in_(UNFINISHED),
    or_(
        and_(events.c.event_status == EventStatus.CHECKED_OUT, events.c.lease_until <= bindparam("now")),
        and_(events.c.event_status == EventStatus.PROCESSING, events.c.modified <= bindparam("silent_since")),
        and_(
            events.c.event_status != EventStatus.PROCESSING,
            events.c.expiration_epoch > 0,
            events.c.expiration_epoch <= bindparam("epoch"),
        ),
    ),
)


def insert_event(connection: Connection, event: Event) -> Event:
    """Stores a new event; IntegrityError when its uuid or its (upstream, remote id) is known, or the device is not."""
    return insert_record(connection, events, event)


def accept_event(connection: Connection, event: Event) -> tuple[Event, bool]:
    """Stores an event unless its uuid or its (upstream, remote id) is known; what is stored, and whether it is new.

    One that was archived is an ordinary event again.
    """
    archived = bring_back(connection, same_event(event))
    if archived is not None:
        return archived, False
    key = insert_if_absent(connection, events, values_of(event))
    if key is not None:
        return replace(event, key=key), True
    known = find_event_by_uuid(connection, event.uuid)
    if known is None and event.remote_id is not None:
        known = find_remote_event(connection, event.upstream, event.remote_id)
    return known or event, False


def get_event(connection: Connection, key: int) -> Event | None:
    return one(connection, Event, _BY_KEY, wanted=key)


def find_event(connection: Connection, key: int) -> Event | None:
    """As `get_event`, archived or not."""
    return get_event(connection, key) or archived_event(connection, key)


def get_event_for_update(connection: Connection, key: int) -> Event | None:
    """The event, locked until the transaction ends (on SQLite every write transaction is alone anyway).

    One that was archived is an ordinary event again.
    """
    found = one(connection, Event, _BY_KEY_LOCKED, wanted=key) or bring_back(connection, same_key(key))
    return found or one(connection, Event, _BY_KEY_LOCKED, wanted=key)  # another may just have brought it back


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
    values = {
        "holder": checkout.holder,
        "checkout_token": checkout.token,
        "lease_until": checkout.lease_until,
        "agent_id": checkout.agent_id,
        "process_id": checkout.process_id,
        "modified": now,
    }
    wanted = _wanted(device_key, agent_type_ids, now if checkout.clock_trusted else None)
    return one(connection, Event, _claim(checkout.clock_trusted), **values, **wanted)


def pending_events(
    connection: Connection,
    device_key: int,
    agent_type_ids: Collection[int] | None = None,
    *,
    expired_at: int | None = None,
    limit: int | None = None,
) -> list[Event]:
    """Pending events in the order in which they are to run, without those expired at `expired_at` (microseconds)."""
    statement = _pending(typed=agent_type_ids is not None, unexpired=expired_at is not None).limit(limit)
    return many(connection, Event, statement, **_wanted(device_key, agent_type_ids, expired_at))


def devices_with_pending(connection: Connection, device_keys: Collection[int]) -> list[int]:
    """Those of the devices for which an event waits."""
    waiting = (events.c.event_status == EventStatus.PENDING, events.c.device_key.in_(device_keys))
    return list(connection.execute(select(events.c.device_key).where(*waiting).distinct()).scalars())


def queue_depth(connection: Connection) -> tuple[int, int]:
    """How many events wait, and when the oldest of them was made (microseconds; 0 without any)."""
    waiting = select(func.count(), func.min(events.c.created)).where(events.c.event_status == EventStatus.PENDING)
    count, oldest = connection.execute(waiting).one()
    return int(count), int(oldest or 0)


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


def due_events_of(connection: Connection, device_key: int, now: int, silent_since: int) -> list[Event]:
    """What `overdue_checkouts`, `expired_events` and `silent_events` find, of one device and in one look."""
    times = {"now": now, "silent_since": silent_since, "epoch": now // _MICROSECONDS}
    return many(connection, Event, _DUE, wanted=device_key, **times)


def list_events(
    connection: Connection,
    *,
    device_key: int | None = None,
    created_from: int | None = None,
    created_before: int | None = None,
    limit: int | None = None,
    newest_first: bool = True,
    within: ColumnElement[bool] = _ALL,
) -> list[Event]:
    """Events of a device or of all, by age; `created_from` <= created < `created_before`, in microseconds.

    `within`: which of them may be shown.
    """
    statement = select(events).order_by(events.c.key.desc() if newest_first else events.c.key).limit(limit)
    return many(connection, Event, statement.where(within, *_bounds(device_key, created_from, created_before)))


def last_events(
    connection: Connection,
    agent_type_id: int,
    *,
    device_key: int | None = None,
    created_from: int | None = None,
    created_before: int | None = None,
    limit: int | None = None,
    newest_first: bool = True,
    within: ColumnElement[bool] = _ALL,
) -> list[Event]:
    """The newest event of the agent type on each device, within the same bounds as `list_events`."""
    newest = select(func.max(events.c.key)).where(events.c.agent_type_id == agent_type_id).group_by(events.c.device_key)
    newest = newest.where(within, *_bounds(device_key, created_from, created_before))
    order = events.c.key.desc() if newest_first else events.c.key
    return many(connection, Event, select(events).where(events.c.key.in_(newest)).order_by(order).limit(limit))


def events_of_group_run(connection: Connection, number: int, within: ColumnElement[bool]) -> list[Event]:
    """The events of one run on a device group, oldest first. `within`: which of them may be shown."""
    statement = select(events).where(events.c.group_run_id == number, within).order_by(events.c.key)
    return many(connection, Event, statement)


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


@cache
def _claim(unexpired: bool) -> ReturningUpdate[tuple[object, ...]]:
    # Built once, as all that each request of a device needs: to build a statement costs more than to execute it.
    first = _pending(typed=True, unexpired=unexpired).with_only_columns(events.c.key).limit(1)
    free = first.with_for_update(skip_locked=True).correlate(None).scalar_subquery()
    return (
        update(events)
        .where(events.c.key == free, events.c.event_status == EventStatus.PENDING)
        .values(event_status=EventStatus.CHECKED_OUT)
        .returning(events)
    )


@cache
def _pending(*, typed: bool, unexpired: bool) -> Select[tuple[object, ...]]:
    """Its parameters are those of `_wanted`."""
    statement = (
        select(events)
        .where(events.c.event_status == EventStatus.PENDING, events.c.device_key == bindparam("wanted"))
        .order_by(events.c.priority, events.c.key)
    )
    if typed:
        statement = statement.where(events.c.agent_type_id.in_(bindparam("agent_types", expanding=True)))
    if unexpired:
        later = events.c.expiration_epoch > bindparam("expired_at")
        statement = statement.where(or_(events.c.expiration_epoch == 0, later))
    return statement


def _wanted(device_key: int, agent_type_ids: Collection[int] | None, expired_at: int | None) -> dict[str, object]:
    wanted: dict[str, object] = {"wanted": device_key}
    if agent_type_ids is not None:
        wanted["agent_types"] = list(agent_type_ids)
    if expired_at is not None:
        wanted["expired_at"] = expired_at // _MICROSECONDS
    return wanted
