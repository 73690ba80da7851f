"""Reports of the device itself that wait for its upstream, within bounds."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, select

from presets_store.storage.records import Report, ReportKind
from presets_store.storage.rows import many, values_of
from presets_store.storage.tables import reports

ROW_BYTES = 128
"""What a row takes on the disk beside its body, with its place in the index."""

DROPPED_FIRST = (ReportKind.LOG, ReportKind.HEALTH)
_AT_ONCE = 256
"""Rows looked at, and removed, by one statement."""


class Room(NamedTuple):
    """So many reports, and bytes on the disk."""

    rows: int
    size: int

    @property
    def any(self) -> bool:
        return self.rows > 0 or self.size > 0

    def plus(self, other: "Room") -> "Room":
        return Room(self.rows + other.rows, self.size + other.size)

    def less(self, other: "Room") -> "Room":
        return Room(self.rows - other.rows, self.size - other.size)


def cost(body: str) -> int:
    """Bytes that a report with this body (ASCII) takes."""
    return len(body) + ROW_BYTES


def add_reports(connection: Connection, new: Sequence[Report]) -> None:
    if new:
        connection.execute(insert(reports), [values_of(report) for report in new])


def oldest_reports(connection: Connection, destination: str, kinds: Collection[ReportKind], limit: int) -> list[Report]:
    """The oldest of these kinds, in the order in which they came to be."""
    wanted = and_(reports.c.destination == destination, reports.c.kind.in_(kinds))
    return many(connection, Report, select(reports).where(wanted).order_by(reports.c.key).limit(limit))


def remove_reports(connection: Connection, keys: Sequence[int]) -> None:
    for start in range(0, len(keys), _AT_ONCE):
        connection.execute(delete(reports).where(reports.c.key.in_(keys[start : start + _AT_ONCE])))


def clear_reports(connection: Connection, kind: ReportKind) -> int:
    """Removes all of a kind, for whatever destination; how many."""
    return connection.execute(delete(reports).where(reports.c.kind == kind)).rowcount


def forget_others(connection: Connection, destination: str) -> None:
    """Removes what waits for any other destination."""
    connection.execute(delete(reports).where(reports.c.destination != destination))


def any_others(connection: Connection, destination: str) -> bool:
    return (
        connection.execute(select(reports.c.key).where(reports.c.destination != destination).limit(1)).first()
        is not None
    )


def count_reports(connection: Connection, destination: str) -> int:
    return connection.execute(select(func.count()).where(reports.c.destination == destination)).scalar_one()


def taken_by(connection: Connection, destination: str) -> Room:
    """What all that waits for the destination takes; it is read for that."""
    statement = select(func.count(), func.coalesce(func.sum(func.length(reports.c.body)), 0))
    rows, size = connection.execute(statement.where(reports.c.destination == destination)).one()
    return Room(rows, int(size) + rows * ROW_BYTES)


def drop_reports(connection: Connection, destination: str, excess: Room) -> dict[ReportKind, int]:
    """Removes so much, or all: logs before health, of each the oldest first; how many, by kind."""
    dropped: dict[ReportKind, int] = {}
    for kind in DROPPED_FIRST:
        which = and_(reports.c.destination == destination, reports.c.kind == kind)
        while excess.any:
            gone = _drop_some(connection, which, excess)
            if not gone.rows:
                break
            excess = excess.less(gone)
            dropped[kind] = dropped.get(kind, 0) + gone.rows
    return dropped


def _drop_some(connection: Connection, which: ColumnElement[bool], excess: Room) -> Room:
    """Drops the oldest of `which`, as many as the excess asks for and one statement takes."""
    oldest = select(reports.c.key, func.length(reports.c.body)).where(which).order_by(reports.c.key).limit(_AT_ONCE)
    keys, gone = [], Room(0, 0)
    for key, size in connection.execute(oldest).all():
        if not excess.less(gone).any:
            break
        keys.append(key)
        gone = gone.plus(Room(1, size + ROW_BYTES))
    remove_reports(connection, keys)
    return gone
