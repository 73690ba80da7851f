"""What devices said of themselves."""

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import ColumnElement, Connection, func, select

from presets_store.protocol.fleet.pages import Place
from presets_store.storage.fleet.bounded import beyond, bounded
from presets_store.storage.fleet.records import DeviceHealth
from presets_store.storage.fleet.tables import device_health
from presets_store.storage.rows import insert_record, many, one, update_record
from presets_store.storage.tables import devices

_AT_ONCE = 1000
"""Keys in one statement: both databases limit the parameters that it may have."""
_TEXTS_AT_ONCE = 50


def insert_health(connection: Connection, health: DeviceHealth) -> DeviceHealth:
    return insert_record(connection, device_health, health)


def get_health(connection: Connection, key: int) -> DeviceHealth | None:
    return one(connection, DeviceHealth, select(device_health).where(device_health.c.key == key))


def update_health(connection: Connection, before: DeviceHealth, after: DeviceHealth) -> None:
    """Writes what differs; LostUpdate when the record is gone."""
    update_record(connection, device_health, before, after)


def list_health(
    connection: Connection, device_key: int, start: int, end: int, count: int, after: Place | None = None
) -> list[DeviceHealth]:
    """Records from `start` to `end` (microseconds, both included, 0: open), newest first, as many as `bounded` allows.

    `count` 0: no wish. `after`: those that come after this place.
    """
    within = [*_within(device_key, start, end), beyond(device_health, "health_date", after)]
    return many(connection, DeviceHealth, bounded(device_health, "health_json", "health_date", *within, count=count))


def spread_health(connection: Connection, device_key: int, start: int, end: int, count: int) -> list[tuple[int, int]]:
    """Key and date of at most `count` records in that time, evenly spread over all that there are, oldest first."""
    number = func.row_number().over(order_by=(device_health.c.health_date, device_health.c.key))
    rows = (
        select(
            device_health.c.key, device_health.c.health_date, number.label("number"), func.count().over().label("all")
        )
        .where(*_within(device_key, start, end))
        .subquery()
    )
    # Where a further whole `count`-th of all is reached; the newest always is.
    taken = (rows.c.number - 1) * count // rows.c.all < rows.c.number * count // rows.c.all
    statement = select(rows.c.key, rows.c.health_date).where(taken).order_by(rows.c.number)
    return [(key, date) for key, date in connection.execute(statement)]


def health_texts(connection: Connection, keys: Sequence[int]) -> Iterator[tuple[int, str]]:
    """Key and JSON text of these records, in their order; few are held at a time."""
    for start in range(0, len(keys), _TEXTS_AT_ONCE):
        few = keys[start : start + _TEXTS_AT_ONCE]
        statement = select(device_health.c.key, device_health.c.health_json).where(device_health.c.key.in_(few))
        texts: dict[int, str] = {row.key: row.health_json for row in connection.execute(statement)}
        yield from ((key, texts[key]) for key in few)


def _within(device_key: int, start: int, end: int) -> tuple[ColumnElement[bool], ...]:
    conditions = [device_health.c.device_key == device_key]
    if start:
        conditions.append(device_health.c.health_date >= start)
    if end:
        conditions.append(device_health.c.health_date <= end)
    return tuple(conditions)


def newest_health(connection: Connection, device_keys: Collection[int]) -> dict[int, DeviceHealth]:
    """The newest record of each of these devices that has any, by the device's key."""
    wanted = sorted(device_keys)
    found: dict[int, DeviceHealth] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        found |= {each.device_key: each for each in _newest(connection, wanted[start : start + _AT_ONCE])}
    return found


def _newest(connection: Connection, device_keys: Collection[int]) -> list[DeviceHealth]:
    # One look into the index for each device, however many records it has.
    other = device_health.alias()
    newest = (
        select(other.c.key)
        .where(other.c.device_key == devices.c.key)
        .order_by(other.c.health_date.desc(), other.c.key.desc())
        .limit(1)
        .correlate(devices)
        .scalar_subquery()
    )
    joined = devices.join(device_health, device_health.c.key == newest)
    statement = select(device_health).select_from(joined).where(devices.c.key.in_(device_keys))
    return many(connection, DeviceHealth, statement)
