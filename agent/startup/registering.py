"""The agent in its own store: one record for each agent type that it serves, with its process and version."""

import logging
import os

from agent.actions import ACTIONS
from presets_store import __version__
from presets_store.errors import CuelightError
from presets_store.protocol.agent_types import AgentType
from presets_store.protocol.agents import RegisterAgent
from presets_store.protocol.event_types import EVENT_TYPES
from presets_store.services import Services
from presets_store.services.caller import INSIDE
from presets_store.storage import DatabaseDamaged

logger = logging.getLogger(__name__)

SERVED = sorted({AgentType(EVENT_TYPES[number].agent_type_id) for number in ACTIONS})
"""The agent types of all events that there is an action for."""


async def register_agents(services: Services) -> None:
    """Registers each agent type. What the store refuses (a full disk, say) is logged: nothing depends on it here."""
    for kind in SERVED:
        body = RegisterAgent(
            device_id=services.own_device.key,
            agent_type_id=int(kind),
            agent_version=__version__,
            process_id=os.getpid(),
        )
        try:
            await services.fleet.agents.register(INSIDE, body)
        except DatabaseDamaged:
            raise
        except CuelightError as error:
            logger.error("agent %s was not registered: %s", kind.wire_name, error, extra={"code": error.code})
