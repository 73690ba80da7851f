"""What scripts looked at: observations and inbound events, with their pictures, bounded in rows and bytes."""

from collections.abc import Collection
from dataclasses import replace

from sqlalchemy import Connection, delete, func, select, update

from presets_store.storage.rows import insert_if_absent, many, one, values_of
from presets_store.storage.scripts.records import Trigger
from presets_store.storage.scripts.tables import trigger_images, triggers

_UNTOLD = (triggers.c.fired > 0) & (triggers.c.told == 0)


def add_trigger(connection: Connection, trigger: Trigger) -> Trigger | None:
    """Stores it and gives it back with its key; None when its UUID, or its sender's name for it, is there already."""
    key = insert_if_absent(connection, triggers, values_of(trigger))
    return None if key is None else replace(trigger, key=key)


def find_trigger(connection: Connection, uuid: str) -> Trigger | None:
    return one(connection, Trigger, select(triggers).where(triggers.c.uuid == uuid))


def trigger_known_as(connection: Connection, source: str, external_id: str) -> Trigger | None:
    """What the sender `source` calls `external_id`; None for "", which names nothing."""
    named = (triggers.c.source == source, triggers.c.external_id == external_id, triggers.c.external_id != "")
    return one(connection, Trigger, select(triggers).where(*named))


def note_fired(connection: Connection, key: int, fired: int, told: int) -> None:
    """How many scripts fired at it; `told` 0: the upstream of one of them is yet to hear of it."""
    connection.execute(update(triggers).where(triggers.c.key == key).values(fired=fired, told=told))


def untold_triggers(connection: Connection, limit: int) -> list[Trigger]:
    """The oldest of which the upstream has not heard."""
    return many(connection, Trigger, select(triggers).where(_UNTOLD).order_by(triggers.c.key).limit(limit))


def mark_told(connection: Connection, keys: Collection[int], now: int) -> None:
    connection.execute(update(triggers).where(triggers.c.key.in_(keys)).values(told=now))


def keep_image(connection: Connection, trigger_key: int, jpeg: bytes) -> None:
    """Keeps the trigger's picture, which it has from now on."""
    connection.execute(update(triggers).where(triggers.c.key == trigger_key).values(image=True))
    connection.execute(trigger_images.insert(), {"trigger_key": trigger_key, "jpeg": jpeg, "size": len(jpeg)})


def image_of(connection: Connection, trigger_uuid: str) -> bytes | None:
    """The trigger's JPEG; None when it has none, or none any more."""
    of_trigger = trigger_images.join(triggers, triggers.c.key == trigger_images.c.trigger_key)
    found = select(trigger_images.c.jpeg).select_from(of_trigger).where(triggers.c.uuid == trigger_uuid)
    jpeg: bytes | None = connection.execute(found).scalar()
    return jpeg


def forget_triggers(connection: Connection, kept: int) -> int:
    """Removes all but the `kept` newest, except those of which the upstream has not heard; of these the `kept` newest
    stay. How many went.
    """
    newest = select(triggers.c.key).order_by(triggers.c.key.desc()).offset(kept).limit(1)
    first, untold = (newest.scalar_subquery(), newest.where(_UNTOLD).scalar_subquery())
    gone = connection.execute(delete(triggers).where(~_UNTOLD, triggers.c.key <= first)).rowcount
    return gone + connection.execute(delete(triggers).where(_UNTOLD, triggers.c.key <= untold)).rowcount


def forget_images(connection: Connection, most_bytes: int) -> int:
    """Removes the oldest pictures, so that the newest have at most so many bytes together; how many went."""
    newest_first = trigger_images.c.trigger_key.desc()
    running = func.sum(trigger_images.c.size).over(order_by=newest_first).label("together")
    sizes = select(trigger_images.c.trigger_key, running).subquery()
    over = select(func.max(sizes.c.trigger_key)).where(sizes.c.together > most_bytes)
    last: int | None = connection.execute(over).scalar()
    if last is None:
        return 0
    without = triggers.c.key.in_(select(trigger_images.c.trigger_key).where(trigger_images.c.trigger_key <= last))
    connection.execute(update(triggers).where(without).values(image=False))
    return connection.execute(delete(trigger_images).where(trigger_images.c.trigger_key <= last)).rowcount
