"""Lists that are short enough to be held, however long the texts in them are."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, Table, func, literal, select, true, tuple_

from presets_store.protocol.fields import MAX_JSON_TEXT
from presets_store.protocol.fleet.pages import Place

LONGEST_LIST = 5000
"""Rows."""
LARGEST_LIST = 16 * 1024 * 1024
"""Characters in one column of all rows together."""


def bounded(
    table: Table, text: str, date: str, *conditions: ColumnElement[bool], count: int = 0, newest_first: bool = True
) -> Select[tuple[object, ...]]:
    """The query for the rows that fit all conditions, by `date`: at most `count` (0: no wish), LONGEST_LIST, and as
    many as have together LARGEST_LIST characters in `text`.
    """
    limit = min(count or LONGEST_LIST, LONGEST_LIST)
    moment = table.c[date]
    rows = (
        select(table.c.key, moment.label("moment"), func.length(table.c[text]).label("size"))
        .where(*conditions)
        .order_by(*_order(moment, table.c.key, newest_first))
        .limit(limit)
        .subquery()
    )
    running = func.sum(rows.c.size).over(order_by=_order(rows.c.moment, rows.c.key, newest_first))
    sizes = select(rows.c.key, running.label("size")).subquery()
    return (
        select(table)
        .join(sizes, sizes.c.key == table.c.key)
        .where(sizes.c.size <= LARGEST_LIST)
        .order_by(*_order(moment, table.c.key, newest_first))
    )


def beyond(table: Table, date: str, place: Place | None, *, newest_first: bool = True) -> ColumnElement[bool]:
    """The condition of such a query: rows that come after `place`; None: all of them."""
    if place is None:
        return true()
    here, there = tuple_(table.c[date], table.c.key), tuple_(literal(place.moment), literal(place.key))
    return here < there if newest_first else here > there


def last_place(rows: Sequence[object], text: str, date: str, count: int = 0) -> Place | None:
    """The place of the last row that such a query found; None when it left nothing out for its limits."""
    if not rows:
        return None
    # A row that would have been too much has at most MAX_JSON_TEXT characters.
    large = sum(len(getattr(row, text)) for row in rows) > LARGEST_LIST - MAX_JSON_TEXT
    full = len(rows) == min(count or LONGEST_LIST, LONGEST_LIST)
    return Place(getattr(rows[-1], date), getattr(rows[-1], "key")) if large or full else None  # noqa: B009


def _order(
    moment: ColumnElement[int], key: ColumnElement[int], newest_first: bool
) -> tuple[ColumnElement[int], ColumnElement[int]]:
    return (moment.desc(), key.desc()) if newest_first else (moment.asc(), key.asc())
