"""What is to be told outside, oldest first, and what was told."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, or_, select, update

from presets_store.storage.meta import take_turn
from presets_store.storage.rows import insert_if_absent, many, one, values_of
from presets_store.storage.scripts.records import Delivery, DeliveryStatus, Script
from presets_store.storage.scripts.tables import deliveries, scripts

_AT_ONCE = 200
"""Of a channel; a script keeps fewer there."""

_OPEN: ColumnElement[bool] = or_(
    deliveries.c.status == DeliveryStatus.WAITING, deliveries.c.status == DeliveryStatus.HELD
)


def add_delivery(connection: Connection, delivery: Delivery) -> bool:
    """Stores it, unless there is one of its trigger, script, user and channel; is it new?"""
    return insert_if_absent(connection, deliveries, values_of(delivery)) is not None


def is_known(connection: Connection, delivery: Delivery) -> bool:
    """Whether there is one of its trigger, script, user and channel."""
    same = and_(
        deliveries.c.trigger_uuid == delivery.trigger_uuid,
        deliveries.c.script_uuid == delivery.script_uuid,
        deliveries.c.user_key == delivery.user_key,
        deliveries.c.channel_uuid == delivery.channel_uuid,
    )
    return connection.execute(select(deliveries.c.key).where(same).limit(1)).first() is not None


def find_delivery(connection: Connection, uuid: str) -> Delivery | None:
    return one(connection, Delivery, select(deliveries).where(deliveries.c.uuid == uuid))


def waiting_at(connection: Connection, delivery: Delivery) -> tuple[int, int]:
    """How many of the same script, user and channel are open, and the key of the youngest of them, 0 without any."""
    same = and_(
        _OPEN,
        deliveries.c.channel_uuid == delivery.channel_uuid,
        deliveries.c.script_uuid == delivery.script_uuid,
        deliveries.c.user_key == delivery.user_key,
    )
    count, youngest = connection.execute(select(func.count(), func.max(deliveries.c.key)).where(same)).one()
    return int(count), int(youngest or 0)


def stands_for_one_more(connection: Connection, key: int) -> None:
    """An open delivery stands for one more of its kind."""
    connection.execute(update(deliveries).where(deliveries.c.key == key).values(more=deliveries.c.more + 1))


def next_due(connection: Connection, now: int, *, mirrored: bool) -> int | None:
    """When the next one is to be tried (microseconds); None when nobody is needed. `mirrored` as for `claim_due`."""
    free = (*_told(mirrored), deliveries.c.lease <= now)
    due: int | None = connection.execute(select(func.min(deliveries.c.next_try)).where(*free)).scalar()
    return due


def claim_due(connection: Connection, now: int, until: int, *, mirrored: bool) -> list[Delivery]:
    """What is due longest, with all that are open at the same channel; they are the caller's until `until`.

    What a script itself addresses comes alone. A channel of which somebody has deliveries is passed over. `mirrored`:
    whether scripts of an upstream are told from here too.
    """
    take_turn(connection, "deliveries")  # so that no two find the same channel free
    first = one(connection, Delivery, _first_due(now, mirrored))
    if first is None:
        return []
    same = (_OPEN, deliveries.c.channel_uuid == first.channel_uuid)
    whole = select(deliveries).where(*same).order_by(deliveries.c.key).limit(_AT_ONCE)
    claimed = many(connection, Delivery, whole) if first.channel_uuid else [first]
    keys = [each.key for each in claimed]
    connection.execute(update(deliveries).where(deliveries.c.key.in_(keys)).values(lease=until))
    return claimed


def _first_due(now: int, mirrored: bool) -> Select[Any]:
    taken = select(deliveries.c.channel_uuid).where(_OPEN, deliveries.c.lease > now, deliveries.c.channel_uuid != "")
    free = (
        deliveries.c.next_try <= now,
        deliveries.c.lease <= now,
        deliveries.c.channel_uuid.not_in(taken.scalar_subquery()),
    )
    order = (deliveries.c.next_try, deliveries.c.key)
    return select(deliveries).where(*_told(mirrored), *free).order_by(*order).limit(1)


def _told(mirrored: bool) -> tuple[ColumnElement[bool], ...]:
    if mirrored:
        return (_OPEN,)
    theirs = select(scripts.c.uuid).where(scripts.c.upstream != "").scalar_subquery()
    return _OPEN, deliveries.c.script_uuid.not_in(theirs)


def end_leases(connection: Connection) -> None:
    """At the start of a process that has the database to itself: nobody is sending anything."""
    connection.execute(update(deliveries).where(_OPEN, deliveries.c.lease > 0).values(lease=0))


def settle(connection: Connection, keys: Collection[int], **values: Any) -> None:
    """Writes what became of these, as far as they are still open."""
    connection.execute(update(deliveries).where(_OPEN, deliveries.c.key.in_(keys)).values(values))


def last_sent(connection: Connection, delivery: Delivery) -> int:
    """When this script last told this user by this channel (microseconds), 0 for never."""
    same = (
        deliveries.c.script_uuid == delivery.script_uuid,
        deliveries.c.user_key == delivery.user_key,
        deliveries.c.channel_uuid == delivery.channel_uuid,
    )
    return int(connection.execute(select(func.max(deliveries.c.sent)).where(*same)).scalar() or 0)


def scripts_by_uuid(connection: Connection, uuids: Collection[str]) -> dict[str, Script]:
    """Those of the scripts that there still are."""
    found = many(connection, Script, select(scripts).where(scripts.c.uuid.in_(uuids)))
    return {script.uuid: script for script in found}


def forget_ended(connection: Connection, before: int, most: int, limit: int) -> int:
    """Removes up to `limit` that have ended, of those made before `before` (microseconds) or beyond the youngest
    `most`; how many there were.
    """
    youngest = select(deliveries.c.key).order_by(deliveries.c.key.desc()).offset(most).limit(1).scalar_subquery()
    old = or_(deliveries.c.created < before, deliveries.c.key <= youngest)
    keys = select(deliveries.c.key).where(~_OPEN, old).order_by(deliveries.c.key).limit(limit)
    return connection.execute(delete(deliveries).where(deliveries.c.key.in_(keys))).rowcount
