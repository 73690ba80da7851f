"""Messages that agents send to be kept, and read by people."""

from typing import Any

from sqlalchemy import Connection

from presets_store.protocol.agent_types import AgentType, find_agent_type
from presets_store.protocol.filters import DateAndCountFilter
from presets_store.protocol.fleet.messages import CreateLogMessage
from presets_store.protocol.fleet.pages import Place
from presets_store.protocol.telemetry import LogMessageRecord, LogMessageWithNames
from presets_store.rules.permissions import Permission
from presets_store.services.caller import Caller
from presets_store.services.fleet.moments import told_or_now
from presets_store.services.fleet.pages import Page
from presets_store.services.reach import in_reach, reached_device, reached_named, reached_row
from presets_store.services.unit import Unit, Units
from presets_store.storage.devices import touch_device
from presets_store.storage.fleet.bounded import beyond, last_place
from presets_store.storage.fleet.log_messages import (
    agent_key_of,
    device_names,
    get_log_message,
    insert_log_message,
    list_log_messages,
)
from presets_store.storage.fleet.records import LogMessage
from presets_store.storage.fleet.tables import log_messages


class LogMessagesService:
    """Log messages by key and by date."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def create(self, caller: Caller, body: CreateLogMessage) -> LogMessageRecord:
        """Raises UnknownAgentType, Forbidden, and what naming a device may raise."""
        kind = int(find_agent_type(body.agent_type)) if body.agent_type else 0

        def add(unit: Unit) -> LogMessageRecord:
            device = reached_named(unit.connection, caller, Permission.REPORT, body)
            touch_device(unit.connection, device.key, unit.now)
            new = LogMessage(
                device_key=device.key,
                agent_key=agent_key_of(unit.connection, device.key, kind, body.agent_index) if kind else 0,
                agent_type_id=kind,
                agent_index=body.agent_index,
                process_id=body.process_id,
                version=body.agent_version,
                message=body.message,
                message_date=told_or_now(body.log_date, unit.now),
                created=unit.now,
            )
            return LogMessageRecord.model_construct(**_fields(insert_log_message(unit.connection, new)))

        return await self._units.write(caller, add)

    async def get(self, caller: Caller, key: int) -> LogMessageRecord:
        """Raises NotFound, Forbidden."""

        def find(connection: Connection) -> LogMessage:
            found = get_log_message(connection, key)
            return reached_row(connection, caller, Permission.READ, found, "log message", key)

        return LogMessageRecord.model_construct(**_fields(await self._units.read(find)))

    async def find(self, caller: Caller, query: DateAndCountFilter, after: Place | None = None) -> Page:
        """Messages between the two dates, both included: those `after` a place, at most 5000 and 16 MiB of text.

        Raises NotFound, Forbidden.
        """
        newest_first = query.order == "desc"

        def find(connection: Connection) -> Page:
            caller.principal.require(Permission.READ)
            if query.device_id:
                reached_device(connection, caller, Permission.READ, query.device_id)
            found = list_log_messages(
                connection,
                in_reach(caller, log_messages.c.device_key)
                & beyond(log_messages, "message_date", after, newest_first=newest_first),
                device_key=query.device_id,
                start=query.start_date,
                end=query.end_date,
                count=query.count,
                newest_first=newest_first,
            )
            names = device_names(connection, {message.device_key for message in found})
            records = [_with_names(message, names[message.device_key]) for message in found]
            return Page(records, last_place(found, "message", "message_date", query.count))

        return await self._units.read(find)


def _fields(message: LogMessage) -> dict[str, Any]:
    return {
        "key": message.key,
        "device_id": message.device_key,
        "agent_id": message.agent_key,
        "process_id": message.process_id,
        "version": message.version,
        "message": message.message,
        "message_date": message.message_date,
        "creation_date": message.created,
    }


def _with_names(message: LogMessage, device_name: str) -> LogMessageWithNames:
    kind = AgentType(message.agent_type_id).wire_name if message.agent_type_id else ""
    return LogMessageWithNames.model_construct(
        **_fields(message), device_name=device_name, agent_type=kind, agent_index=message.agent_index
    )
