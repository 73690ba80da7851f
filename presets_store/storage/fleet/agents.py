"""Agents: what serves an agent type on a device."""

from dataclasses import replace

from sqlalchemy import ColumnElement, Connection, delete, select, update

from presets_store.storage.fleet.records import Agent
from presets_store.storage.fleet.tables import agents
from presets_store.storage.rows import insert_if_absent, many, one, update_record, values_of


def enter_agent(connection: Connection, agent: Agent) -> Agent:
    """Stores the agent, or brings the one of that device, type and index up to date: process, version, last heard."""
    key = insert_if_absent(connection, agents, values_of(agent))
    if key is not None:
        return replace(agent, key=key)
    place = (
        agents.c.device_key == agent.device_key,
        agents.c.agent_type_id == agent.agent_type_id,
        agents.c.agent_index == agent.agent_index,
    )
    news = {name: getattr(agent, name) for name in ("process_id", "version", "last_heard_from_date")}
    changed = update(agents).where(*place).values(news).returning(agents)
    return Agent(**connection.execute(changed).mappings().one())


def get_agent(connection: Connection, key: int) -> Agent | None:
    return one(connection, Agent, select(agents).where(agents.c.key == key))


def get_agent_for_update(connection: Connection, key: int) -> Agent | None:
    """The agent, locked until the transaction ends."""
    return one(connection, Agent, select(agents).where(agents.c.key == key).with_for_update())


def update_agent(connection: Connection, before: Agent, after: Agent) -> None:
    """Writes what differs; LostUpdate when the agent is gone."""
    update_record(connection, agents, before, after)


def delete_agent(connection: Connection, key: int) -> None:
    connection.execute(delete(agents).where(agents.c.key == key))


def list_agents(
    connection: Connection,
    reached: ColumnElement[bool],
    *,
    device_key: int | None = None,
    created_from: int | None = None,
    created_before: int | None = None,
    limit: int | None = None,
    newest_first: bool = True,
) -> list[Agent]:
    """Agents of a device or of all `reached`, by key; `created_from` <= created < `created_before` (us)."""
    statement = select(agents).where(reached)
    if device_key is not None:
        statement = statement.where(agents.c.device_key == device_key)
    if created_from is not None:
        statement = statement.where(agents.c.created >= created_from)
    if created_before is not None:
        statement = statement.where(agents.c.created < created_before)
    statement = statement.order_by(agents.c.key.desc() if newest_first else agents.c.key).limit(limit)
    return many(connection, Agent, statement)
