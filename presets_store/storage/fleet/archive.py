"""Events that ended long ago, out of the way of those that go on: each is one JSON text, found by key alone.

One that is dealt with again comes back whole, so that nothing but lists tells the two apart.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from presets_store.protocol.statuses import EventStatus
from presets_store.rules.event import Event
from presets_store.rules.workflow import STEP_PREFIX
from presets_store.storage.records import ArchivedEvent
from presets_store.storage.rows import many, values_of
from presets_store.storage.tables import archived_events, clips, events, outbox

_UNFINISHED = tuple(status for status in EventStatus if not status.terminal)
_UUID_LENGTH = 36

_BY_KEY = select(archived_events.c.record).where(archived_events.c.key == bindparam("wanted"))


def archived_event(connection: Connection, key: int) -> Event | None:
    """The archived event as it was; it stays archived."""
    record = connection.execute(_BY_KEY, {"wanted": key}).scalar()
    return None if record is None else _event(record)


def bring_back(connection: Connection, wanted: ColumnElement[bool]) -> Event | None:
    """Makes the archived event an ordinary one again, its clips with it; None when there is none."""
    taken = delete(archived_events).where(wanted).returning(archived_events.c.record)
    record = connection.execute(taken).scalar()
    if record is None:
        return None
    event = _event(record)
    connection.execute(insert(events), values_of(event))
    connection.execute(update(clips).where(clips.c.event_uuid == event.uuid).values(event_key=event.key))
    return event


def same_key(key: int) -> ColumnElement[bool]:
    return archived_events.c.key == key


def same_event(event: Event) -> ColumnElement[bool]:
    """It has the event's uuid, or its (upstream, remote id)."""
    if event.remote_id is None:
        return archived_events.c.uuid == event.uuid
    remote = and_(archived_events.c.upstream == event.upstream, archived_events.c.remote_id == event.remote_id)
    return or_(archived_events.c.uuid == event.uuid, remote)


def any_to_archive(connection: Connection, before: int) -> bool:
    return connection.execute(select(events.c.key).where(*_archivable(before)).limit(1)).first() is not None


def archive_ended(connection: Connection, before: int, limit: int) -> int:
    """Archives events that ended before `before` (microseconds), the oldest first; how many: at most `limit`.

    Not those of which a report waits, nor the steps of a workflow that goes on. What another has locked is left to it.
    """
    chosen = select(events).where(*_archivable(before)).order_by(events.c.ended).limit(limit)
    found = many(connection, Event, chosen.with_for_update(of=events, skip_locked=True))
    if found:
        connection.execute(insert(archived_events), [values_of(_archived(event)) for event in found])
        connection.execute(delete(events).where(events.c.key.in_([event.key for event in found])))
    return len(found)


def any_archived_before(connection: Connection, before: int) -> bool:
    return (
        connection.execute(select(archived_events.c.key).where(archived_events.c.ended < before).limit(1)).first()
        is not None
    )


def forget_archived(connection: Connection, before: int, limit: int) -> int:
    """Deletes archived events that ended before `before` (microseconds), the oldest first; how many."""
    old = select(archived_events.c.key).where(archived_events.c.ended < before)
    old = old.order_by(archived_events.c.ended).limit(limit).with_for_update(skip_locked=True)
    return connection.execute(delete(archived_events).where(archived_events.c.key.in_(old))).rowcount


def _archivable(before: int) -> Sequence[ColumnElement[bool]]:
    workflow = events.alias("workflow")
    uuid = func.substr(events.c.cause, len(STEP_PREFIX) + 1, _UUID_LENGTH)
    going_on = exists().where(workflow.c.uuid == uuid, workflow.c.event_status.in_(_UNFINISHED))
    return (
        literal_column("events.ended > 0", Boolean()),  # as the index has it: with a parameter SQLite would not use it
        events.c.ended < before,
        events.c.event_status.not_in(_UNFINISHED),
        ~exists().where(outbox.c.event_key == events.c.key),
        ~and_(events.c.cause.startswith(STEP_PREFIX), going_on),
    )


def _archived(event: Event) -> ArchivedEvent:
    return ArchivedEvent(
        key=event.key,
        uuid=event.uuid,
        device_key=event.device_key,
        upstream=event.upstream,
        remote_id=event.remote_id,
        created=event.created,
        ended=event.ended,
        record=json.dumps(asdict(event), ensure_ascii=False),
    )


def _event(record: str) -> Event:
    values = json.loads(record)
    return Event(**{**values, "event_status": EventStatus(values["event_status"])})
