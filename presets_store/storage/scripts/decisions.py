"""What scripts decided: the last decisions, how often for which reason, and what cooldowns count from."""

from collections.abc import Collection, Sequence
from functools import cache
from typing import cast

from sqlalchemy import Connection, Dialect, Executable, bindparam, delete, func, insert, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from presets_store.storage.rows import many, values_of
from presets_store.storage.scripts.records import Decision
from presets_store.storage.scripts.tables import script_counters, script_decisions, script_firings, triggers


def add_decisions(connection: Connection, decisions: Sequence[Decision]) -> None:
    """Stores them, one or more."""
    connection.execute(insert(script_decisions), [values_of(decision) for decision in decisions])


def count_reasons(connection: Connection, reasons: Sequence[tuple[str, str]]) -> None:
    """Counts (script's UUID, reason) each once more; they are one or more, in the order of their scripts."""
    rows = [{"script_uuid": uuid, "reason": reason, "count": 1} for uuid, reason in reasons]
    connection.execute(_count(connection.dialect), rows)


def add_decision(connection: Connection, decision: Decision) -> None:
    """Stores it, and counts it by its reason, or by its outcome when it has none."""
    add_decisions(connection, [decision])
    count_reasons(connection, [(decision.script_uuid, decision.reason or decision.outcome)])


def decisions_of_script(connection: Connection, script_uuid: str, limit: int, offset: int = 0) -> list[Decision]:
    """The newest first."""
    theirs = select(script_decisions).where(script_decisions.c.script_uuid == script_uuid)
    return many(connection, Decision, theirs.order_by(script_decisions.c.key.desc()).offset(offset).limit(limit))


def count_decisions(connection: Connection, script_uuid: str) -> int:
    """How many of a script are kept."""
    theirs = script_decisions.c.script_uuid == script_uuid
    return int(connection.execute(select(func.count()).select_from(script_decisions).where(theirs)).scalar_one())


def decisions_of_trigger(connection: Connection, trigger_uuid: str) -> list[Decision]:
    """Oldest first."""
    theirs = select(script_decisions).where(script_decisions.c.trigger_uuid == trigger_uuid)
    return many(connection, Decision, theirs.order_by(script_decisions.c.key))


def counters_of(connection: Connection, script_uuid: str) -> dict[str, int]:
    """How often a script decided so, by reason."""
    counted = select(script_counters.c.reason, script_counters.c.count)
    rows = connection.execute(counted.where(script_counters.c.script_uuid == script_uuid)).all()
    return {reason: int(count) for reason, count in rows}


def last_firings(connection: Connection, script_uuids: Collection[str], camera_key: int) -> dict[str, int]:
    """When these scripts last reacted for the camera (microseconds), by UUID; those that did."""
    found = select(script_firings.c.script_uuid, script_firings.c.last).where(
        script_firings.c.script_uuid.in_(script_uuids), script_firings.c.camera_key == camera_key
    )
    return {uuid: int(last) for uuid, last in connection.execute(found).all()}


def claim_firing(connection: Connection, script_uuid: str, camera_key: int, now: int, cooldown: int) -> bool:
    """Notes that the script reacts for the camera now; False when it did within the cooldown (both in microseconds).

    One statement, so that of two at the same moment one does. What is noted for later than now, by a clock that was
    set back since, does not count.
    """
    values = {"script_uuid": script_uuid, "camera_key": camera_key, "last": now, "until": now - cooldown}
    return connection.execute(_claim(connection.dialect), values).first() is not None


def forget_decisions(connection: Connection, script_uuid: str, kept: int) -> int:
    """Removes all but the `kept` newest of a script, except how it fired where its upstream has not heard of that; how
    many went.
    """
    theirs = script_decisions.c.script_uuid == script_uuid
    newest = select(script_decisions.c.key).where(theirs).order_by(script_decisions.c.key.desc())
    beyond = newest.offset(kept).limit(1).scalar_subquery()
    untold = select(triggers.c.uuid).where(triggers.c.fired > 0, triggers.c.told == 0)
    needed = (script_decisions.c.outcome != "not") & script_decisions.c.trigger_uuid.in_(untold)
    old = (theirs, script_decisions.c.key <= beyond, ~needed)
    return connection.execute(delete(script_decisions).where(*old)).rowcount


@cache
def _count(dialect: Dialect) -> Executable:
    # Compiled once, as in `storage.rows`.
    statement = (sqlite.insert if dialect.name == "sqlite" else postgresql.insert)(script_counters)
    counted = statement.on_conflict_do_update(
        index_elements=["script_uuid", "reason"], set_={"count": script_counters.c.count + 1}
    )
    return cast("Executable", counted.compile(dialect=dialect, column_keys=["script_uuid", "reason", "count"]))


@cache
def _claim(dialect: Dialect) -> Executable:
    statement = (sqlite.insert if dialect.name == "sqlite" else postgresql.insert)(script_firings)
    last, now = script_firings.c.last, statement.excluded.last
    claimed = statement.on_conflict_do_update(
        index_elements=["script_uuid", "camera_key"],
        set_={"last": now},
        where=or_(last <= bindparam("until"), last > now),
    ).returning(script_firings.c.last)
    return cast("Executable", claimed.compile(dialect=dialect, column_keys=["script_uuid", "camera_key", "last"]))
