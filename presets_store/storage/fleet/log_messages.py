"""Messages that agents sent to be kept."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, select

from presets_store.storage.fleet.bounded import bounded
from presets_store.storage.fleet.records import LogMessage
from presets_store.storage.fleet.tables import agents, log_messages
from presets_store.storage.rows import insert_record, many, one
from presets_store.storage.tables import devices


def insert_log_message(connection: Connection, message: LogMessage) -> LogMessage:
    return insert_record(connection, log_messages, message)


def get_log_message(connection: Connection, key: int) -> LogMessage | None:
    return one(connection, LogMessage, select(log_messages).where(log_messages.c.key == key))


def list_log_messages(
    connection: Connection,
    reached: ColumnElement[bool],
    *,
    device_key: int = 0,
    start: int = 0,
    end: int = 0,
    count: int = 0,
    newest_first: bool = True,
) -> list[LogMessage]:
    """Messages of a device (0: of all `reached`), by date, as many as `bounded` allows.

    `start` and `end` in microseconds, both included, 0: open; `count` 0: no wish.
    """
    conditions = [reached]
    if device_key:
        conditions.append(log_messages.c.device_key == device_key)
    if start:
        conditions.append(log_messages.c.message_date >= start)
    if end:
        conditions.append(log_messages.c.message_date <= end)
    statement = bounded(log_messages, "message", "message_date", *conditions, count=count, newest_first=newest_first)
    return many(connection, LogMessage, statement)


def agent_key_of(connection: Connection, device_key: int, agent_type_id: int, agent_index: int) -> int:
    """The key of the registered agent of that device, type and index, 0 for none."""
    place = (
        agents.c.device_key == device_key,
        agents.c.agent_type_id == agent_type_id,
        agents.c.agent_index == agent_index,
    )
    return connection.execute(select(agents.c.key).where(*place)).scalar() or 0


def device_names(connection: Connection, keys: Collection[int]) -> dict[int, str]:
    """By key, the name of each of these devices, its serial number where it has none. At most LONGEST_LIST keys."""
    statement = select(devices.c.key, devices.c.device_name, devices.c.serial_number)
    found = connection.execute(statement.where(devices.c.key.in_(keys)))
    return {key: name or serial for key, name, serial in found}
