"""Agents: what serves an agent type on a device, as it says of itself at its start."""

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from presets_store.protocol.agent_types import AgentType, find_agent_type
from presets_store.protocol.agents import AgentRecord, AgentWithNames, RegisterAgent, UpdateAgent
from presets_store.protocol.filters import DateAndCountFilter
from presets_store.rules.permissions import Permission
from presets_store.services.caller import Caller
from presets_store.services.reach import in_reach, reached_device, reached_named, reached_row
from presets_store.services.unit import Unit, Units
from presets_store.storage.devices import get_device, touch_device
from presets_store.storage.fleet.agents import (
    delete_agent,
    enter_agent,
    get_agent,
    get_agent_for_update,
    list_agents,
    update_agent,
)
from presets_store.storage.fleet.records import Agent
from presets_store.storage.fleet.tables import agents

_SAME = (
    "key", "agent_type_id", "agent_index", "current_event_id", "process_id", "version", "agent_name",
    "agent_description", "recent_output", "last_heard_from_date",
)  # fmt: skip
"""Members that an agent's row and its wire record have under the same name."""


class AgentsService:
    """Agents by key. There is one for each device, agent type and index."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def register(self, caller: Caller, body: RegisterAgent) -> AgentRecord:
        """Notes that the agent started: a new one, or the known one with its new process and version.

        Raises UnknownAgentType, Forbidden, and what naming a device may raise.
        """
        kind = find_agent_type(body.agent_type or body.agent_type_id)

        def enter(unit: Unit) -> AgentRecord:
            device = reached_named(unit.connection, caller, Permission.REPORT, body)
            touch_device(unit.connection, device.key, unit.now)
            agent = Agent(
                device_key=device.key,
                agent_type_id=int(kind),
                agent_index=body.agent_index,
                process_id=body.process_id,
                version=body.agent_version,
                agent_name=kind.wire_name,
                last_heard_from_date=unit.now,
                created=unit.now,
            )
            return agent_record(enter_agent(unit.connection, agent))

        return await self._units.write(caller, enter)

    async def get(self, caller: Caller, key: int) -> AgentRecord:
        """Raises NotFound, Forbidden."""

        def find(connection: Connection) -> AgentRecord:
            found = get_agent(connection, key)
            return agent_record(reached_row(connection, caller, Permission.READ, found, "agent", key))

        return await self._units.read(find)

    async def update(self, caller: Caller, key: int, body: UpdateAgent) -> AgentRecord:
        """Changes what the body gives. Raises NotFound, Forbidden."""

        def change(unit: Unit) -> AgentRecord:
            found = get_agent_for_update(unit.connection, key)
            before = reached_row(unit.connection, caller, Permission.REPORT, found, "agent", key)
            given = {name: value for name in UpdateAgent.model_fields if (value := getattr(body, name)) is not None}
            after = replace(before, **given, last_heard_from_date=unit.now)
            update_agent(unit.connection, before, after)
            return agent_record(after)

        return await self._units.write(caller, change)

    async def delete(self, caller: Caller, key: int) -> None:
        """Forgets the agent; it is there again when it registers. Raises NotFound, Forbidden."""

        def remove(unit: Unit) -> None:
            found = get_agent_for_update(unit.connection, key)
            reached_row(unit.connection, caller, Permission.MANAGE, found, "agent", key)
            delete_agent(unit.connection, key)

        await self._units.write(caller, remove)

    async def find(self, caller: Caller, query: DateAndCountFilter) -> list[AgentWithNames]:
        """Agents that registered first between the two dates, both included. Raises NotFound, Forbidden."""

        def find(connection: Connection) -> list[AgentWithNames]:
            caller.principal.require(Permission.READ)
            if query.device_id:
                reached_device(connection, caller, Permission.READ, query.device_id)
            found = list_agents(
                connection,
                in_reach(caller, agents.c.device_key),
                device_key=query.device_id or None,
                created_from=query.start_date or None,
                created_before=query.end_date + 1 if query.end_date else None,
                limit=query.count or None,
                newest_first=query.order == "desc",
            )
            return _with_names(connection, found)

        return await self._units.read(find)


def agent_record(agent: Agent) -> AgentRecord:
    return AgentRecord.model_construct(**_fields(agent))


def _fields(agent: Agent) -> dict[str, Any]:
    fields = {name: getattr(agent, name) for name in _SAME}
    return {**fields, "device_id": agent.device_key, "creation_date": agent.created}


def _with_names(connection: Connection, found: list[Agent]) -> list[AgentWithNames]:
    names = {}
    for key in {agent.device_key for agent in found}:
        device = get_device(connection, key)
        names[key] = (device.device_name or device.serial_number) if device else ""
    return [
        AgentWithNames.model_construct(
            **_fields(agent),
            device_name=names[agent.device_key],
            agent_type=AgentType(agent.agent_type_id).wire_name,
        )
        for agent in found
    ]
