"""Routes of agents: what serves an agent type on a device."""

from typing import Final

from aiohttp import web

from presets_store.api.answers import reply, reply_list
from presets_store.api.documentation import NAMED_DEVICE, Operation
from presets_store.api.keys import SERVICES, caller_of, key_of
from presets_store.protocol.agents import AgentRecord, AgentWithNames, RegisterAgent, UpdateAgent
from presets_store.protocol.errors import UnknownAgentType
from presets_store.protocol.fields import Int, LongText, Text
from presets_store.protocol.filters import DateAndCountFilter
from presets_store.protocol.fleet.patching import read_patch
from presets_store.protocol.parsing import parse_body, parse_body_list
from presets_store.protocol.system import PatchOperation
from presets_store.services.errors import NotFound
from presets_store.services.fleet.agents import AgentsService

_PATCHABLE: Final = {
    "agent_description": Text,
    "recent_output": LongText,
    "process_id": Int,
    "current_event_id": Int,
}


def _agents(request: web.Request) -> AgentsService:
    return request.app[SERVICES].fleet.agents


@Operation(
    "Register an agent",
    body=RegisterAgent,
    answer=AgentRecord,
    writes=True,
    errors=(*NAMED_DEVICE, UnknownAgentType),
)
async def register(request: web.Request) -> web.Response:
    """For an agent that starts: a new record, or the one of this device, type and index with its new process."""
    return reply(await _agents(request).register(caller_of(request), parse_body(RegisterAgent, await request.read())))


@Operation("Show an agent", answer=AgentRecord, errors=(NotFound,))
async def show(request: web.Request) -> web.Response:
    return reply(await _agents(request).get(caller_of(request), key_of(request)))


@Operation("Change an agent", body=UpdateAgent, writes=True, errors=(NotFound,))
async def update(request: web.Request) -> web.Response:
    """What the body gives of these members; all others are read and ignored."""
    body = parse_body(UpdateAgent, await request.read())
    await _agents(request).update(caller_of(request), key_of(request), body)
    return reply(None)


@Operation("Change single members of an agent", body=list[PatchOperation], answer=AgentRecord, writes=True,
           errors=(NotFound,))  # fmt: skip
async def patch(request: web.Request) -> web.Response:
    """`agentDescription`, `recentOutput`, `processID`, `currentEventID`."""
    changes = read_patch(parse_body_list(PatchOperation, await request.read()), _PATCHABLE)
    return reply(await _agents(request).update(caller_of(request), key_of(request), UpdateAgent(**changes)))


@Operation("Forget an agent", writes=True, errors=(NotFound,))
async def delete(request: web.Request) -> web.Response:
    """It is there again, under a new key, when it registers."""
    await _agents(request).delete(caller_of(request), key_of(request))
    return reply(None)


@Operation("List agents", body=DateAndCountFilter, answer=list[AgentWithNames], errors=(NotFound,))
async def find(request: web.Request) -> web.Response:
    """Of one device, or of all; the dates are those of the first registration."""
    body = parse_body(DateAndCountFilter, await request.read())
    return await reply_list(await _agents(request).find(caller_of(request), body))


ROUTES = (
    web.route("POST", "/v1/agent{slash:/?}", register),
    web.route("POST", "/v1/agent/list{slash:/?}", find),
    web.route("GET", "/v1/agent/{key:[0-9]{1,18}}{slash:/?}", show),
    web.route("PUT", "/v1/agent/{key:[0-9]{1,18}}{slash:/?}", update),
    web.route("PATCH", "/v1/agent/{key:[0-9]{1,18}}{slash:/?}", patch),
    web.route("DELETE", "/v1/agent/{key:[0-9]{1,18}}{slash:/?}", delete),
)
