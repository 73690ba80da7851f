"""Rows that an upstream keeps in a device's store, and what it is to hear of them."""

from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, Table, delete, select, update

from presets_store.storage.rows import insert_if_absent, insert_record, many, one, update_record, values_of
from presets_store.storage.scripts.records import (
    AnalyticCase,
    Channel,
    Decision,
    Delivery,
    DeliveryStatus,
    Script,
    ScriptEvent,
)
from presets_store.storage.scripts.scripts import delete_scripts
from presets_store.storage.scripts.tables import (
    analytic_cases,
    channels,
    deliveries,
    script_decisions,
    script_events,
    scripts,
)

LEFT = "left to the upstream"
"""The result of a delivery that the upstream makes."""

Mirrored = TypeVar("Mirrored", Script, AnalyticCase, Channel)

TABLES: Mapping[type, Table] = {Script: scripts, AnalyticCase: analytic_cases, Channel: channels}
"""What is mirrored, in this order: by uuid, with the upstream that keeps it."""


def own_scripts(connection: Connection) -> list[Script]:
    """Those that no upstream keeps, oldest first."""
    return many(connection, Script, select(scripts).where(scripts.c.upstream == "").order_by(scripts.c.key))


def own_script(connection: Connection, uuid: str) -> Script | None:
    """The script with this uuid, if no upstream keeps it."""
    return one(connection, Script, select(scripts).where(scripts.c.uuid == uuid, scripts.c.upstream == ""))


def own_cases(connection: Connection, device_key: int) -> list[AnalyticCase]:
    """Those of the device that no upstream keeps, oldest first."""
    own = (analytic_cases.c.device_key == device_key, analytic_cases.c.upstream == "")
    return many(connection, AnalyticCase, select(analytic_cases).where(*own).order_by(analytic_cases.c.key))


def added_events(connection: Connection, names: Collection[str]) -> list[ScriptEvent]:
    """Those of the catalogue's additions that have one of these names."""
    found = select(script_events).where(script_events.c.name.in_(names)).order_by(script_events.c.key)
    return many(connection, ScriptEvent, found)


def add_event(connection: Connection, event: ScriptEvent) -> None:
    """Adds it to the catalogue, unless its name is there."""
    insert_if_absent(connection, script_events, values_of(event))


def mirrored(connection: Connection, kind: type[Mirrored], upstream: str) -> list[Mirrored]:
    """The rows that `upstream` keeps."""
    table = TABLES[kind]
    return many(connection, kind, select(table).where(table.c.upstream == upstream).order_by(table.c.key))


def has_uuid(connection: Connection, kind: type[Mirrored], uuid: str) -> bool:
    """Whether any row has the uuid, whoever keeps it."""
    table = TABLES[kind]
    return connection.execute(select(table.c.key).where(table.c.uuid == uuid)).first() is not None


def add_mirrored(connection: Connection, row: Mirrored) -> None:
    insert_record(connection, TABLES[type(row)], row)


def change_mirrored(connection: Connection, before: Mirrored, after: Mirrored) -> None:
    update_record(connection, TABLES[type(before)], before, after)


def remove_mirrored(connection: Connection, rows: Collection[Mirrored]) -> None:
    """Removes rows of one kind; scripts with what they decided."""
    for row in rows:
        if isinstance(row, Script):
            delete_scripts(connection, [row])
        else:
            table = TABLES[type(row)]
            connection.execute(delete(table).where(table.c.key == row.key))


def of_other_upstreams(connection: Connection, kind: type[Mirrored], upstream: str) -> list[Mirrored]:
    """The rows that another upstream than this one keeps."""
    table = TABLES[kind]
    return many(connection, kind, select(table).where(table.c.upstream != "", table.c.upstream != upstream))


def fired_at(connection: Connection, trigger_uuids: Sequence[str], upstream: str) -> list[Decision]:
    """The decisions by which scripts of the upstream fired, in the order in which they were made."""
    fired = (
        script_decisions.c.trigger_uuid.in_(trigger_uuids),
        script_decisions.c.outcome != "not",
        scripts.c.upstream == upstream,
    )
    statement = select(script_decisions).join(scripts, scripts.c.uuid == script_decisions.c.script_uuid).where(*fired)
    return many(connection, Decision, statement.order_by(script_decisions.c.key))


def sent_for(connection: Connection, trigger_uuids: Collection[str]) -> list[Delivery]:
    """What has been sent because of these triggers."""
    sent = (deliveries.c.trigger_uuid.in_(trigger_uuids), deliveries.c.sent > 0)
    return many(connection, Delivery, select(deliveries).where(*sent).order_by(deliveries.c.key))


def leave_to_upstream(connection: Connection, trigger_uuids: Collection[str]) -> list[int]:
    """What is still to be sent because of these triggers is not sent from here; the keys of what that changed."""
    values = {"status": DeliveryStatus.DROPPED, "result": LEFT}
    left = update(deliveries).where(*_open(trigger_uuids)).values(values).returning(deliveries.c.key)
    return list(connection.execute(left).scalars())


def being_sent(connection: Connection, trigger_uuids: Collection[str], now: int) -> set[str]:
    """Of these triggers, those because of which something is on its way at `now` (microseconds)."""
    sending = select(deliveries.c.trigger_uuid).where(*_open(trigger_uuids), deliveries.c.lease > now)
    return set(connection.execute(sending).scalars())


def _open(trigger_uuids: Collection[str]) -> tuple[ColumnElement[bool], ...]:
    """Deliveries of mirrored scripts that have not ended."""
    return (
        deliveries.c.trigger_uuid.in_(trigger_uuids),
        deliveries.c.status.in_((DeliveryStatus.WAITING, DeliveryStatus.HELD)),
        deliveries.c.script_uuid.in_(select(scripts.c.uuid).where(scripts.c.upstream != "")),
    )


def take_back(connection: Connection, keys: Collection[int]) -> None:
    """The upstream has certainly not heard of these: they are sent from here after all."""
    left = (deliveries.c.key.in_(keys), deliveries.c.status == DeliveryStatus.DROPPED)
    connection.execute(update(deliveries).where(*left).values(status=DeliveryStatus.WAITING, result=""))
