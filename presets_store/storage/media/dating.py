"""What is dated by the clock of this device: found and corrected, so much at a time."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, Table, and_, bindparam, case, func, or_, select, update

from presets_store.rules.dating import UNTRUSTED, Step
from presets_store.rules.event import Event
from presets_store.storage.events import UNFINISHED
from presets_store.storage.media.tables import audio_clips, images
from presets_store.storage.records import OutboxItem
from presets_store.storage.rows import many
from presets_store.storage.tables import clips, events, outbox

_DATES = ("created", "modified", "started", "ended", "lease_until", "clock_quality", "clock_correction")
_REDATE = update(events).where(events.c.key == bindparam("wanted")).values({name: bindparam(name) for name in _DATES})

TAKEN = (clips, images, audio_clips)
"""What a device takes, and dates by the monotonic clock of its boot as well."""


def newest_event_key(connection: Connection) -> int:
    """The highest key of an event that is there; 0 for none."""
    return connection.execute(select(func.max(events.c.key))).scalar() or 0


def unfinished_since(connection: Connection, device_key: int) -> dict[int, int]:
    """By key: when each unfinished event of the device was changed last."""
    mine = and_(events.c.device_key == device_key, events.c.event_status.in_(UNFINISHED))
    return {row.key: row.modified for row in connection.execute(select(events.c.key, events.c.modified).where(mine))}


def events_between(connection: Connection, device_key: int, above: int, below: int, limit: int) -> list[Event]:
    """The newest `limit` events of the device with keys between the two."""
    wanted = and_(events.c.device_key == device_key, events.c.key > above, events.c.key < below)
    return many(connection, Event, select(events).where(wanted).order_by(events.c.key.desc()).limit(limit))


def events_of(connection: Connection, keys: Collection[int]) -> list[Event]:
    return many(connection, Event, select(events).where(events.c.key.in_(keys)))


def redate_events(connection: Connection, dated: Sequence[Event]) -> None:
    """Writes the moments of events as they are given, whatever becomes of the events at the same time."""
    if dated:
        connection.execute(_REDATE, [{"wanted": event.key, **_dates(event)} for event in dated])


def _dates(event: Event) -> dict[str, object]:
    return {name: getattr(event, name) for name in _DATES}


def reports_of(connection: Connection, keys: Collection[int]) -> list[OutboxItem]:
    """What waits to be reported of these events."""
    return many(connection, OutboxItem, select(outbox).where(outbox.c.event_key.in_(keys)))


def rewrite_report(connection: Connection, key: int, body: str) -> None:
    connection.execute(update(outbox).where(outbox.c.key == key).values(body=body))


def redate_taken(connection: Connection, step: Step, boot_id: str, limit: int) -> int:
    """Corrects up to `limit` rows of each kind that were taken in this boot; how many were."""
    return sum(_redate(connection, table, step, boot_id, limit) for table in TAKEN)


def _redate(connection: Connection, table: Table, step: Step, boot_id: str, limit: int) -> int:
    """A repeat finds nothing more to do.

    Only what was dated while nobody knew the time is dated anew by the monotonic clock, which drifts.
    """
    rows = table.c
    untrusted = step.before.quality in UNTRUSTED
    start: ColumnElement[int] = rows.mono + step.after.offset if untrusted else rows.start + step.by
    wrong: ColumnElement[bool] = rows.clock_quality.in_(step.worse)
    if step.after.quality in UNTRUSTED:
        wrong = and_(wrong, rows.start != start)
    chosen = select(rows.key).where(rows.boot_id == boot_id, rows.mono > 0, wrong).limit(limit)
    changed: Mapping[str, object] = {
        "start": start,
        "created": case((_made_before(table, step), rows.created + start - rows.start), else_=rows.created),
        "clock_correction": rows.clock_correction + start - rows.start,
        "clock_quality": step.after.quality.value,
    }
    return connection.execute(update(table).where(rows.key.in_(chosen)).values(**changed)).rowcount


def _made_before(table: Table, step: Step) -> ColumnElement[bool]:
    """Whether the row was made before the step, too: as `Step.holds_for` has it."""
    created = table.c.created
    if step.by > 0:
        return created <= step.before.offset + step.seen
    return or_(created > step.after.offset + step.now, created >= table.c.start)
