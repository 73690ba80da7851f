"""Routes that tell about the server itself: constants, test, version."""

from typing import Any

from aiohttp import web

from presets_store.api.answers import reply
from presets_store.api.documentation import Access, Operation
from presets_store.api.keys import DOCUMENT, SETTINGS
from presets_store.protocol.agent_types import find_agent_type
from presets_store.protocol.constants import agent_type_records, event_status_records, event_type_records
from presets_store.protocol.errors import UnknownAgentType
from presets_store.protocol.events import EventTypeQuery
from presets_store.protocol.parsing import parse_body
from presets_store.protocol.system import (
    AgentTypeRecord,
    EventStatusEntry,
    EventTypeRecord,
    TestAnswer,
    VersionAnswer,
)


@Operation("List the statuses of events", answer=list[EventStatusEntry])
async def event_statuses(_request: web.Request) -> web.Response:
    return reply(event_status_records())


@Operation("List the types of events", body=EventTypeQuery, answer=list[EventTypeRecord], errors=(UnknownAgentType,))
async def event_types(request: web.Request) -> web.Response:
    body = parse_body(EventTypeQuery, await request.read())
    return reply(event_type_records(find_agent_type(body.agent_type) if body.agent_type else None))


@Operation("List the types of agents", answer=list[AgentTypeRecord])
async def agent_types(_request: web.Request) -> web.Response:
    return reply(agent_type_records())


@Operation("Whether the server answers", answer=TestAnswer, access=Access.ANYONE)
async def test(_request: web.Request) -> web.Response:
    return reply(TestAnswer())


@Operation("The server's version", answer=VersionAnswer, access=Access.ANYONE)
async def version(request: web.Request) -> web.Response:
    settings = request.app[SETTINGS]
    return reply(VersionAnswer(version=settings.version, build_date=settings.build_date))


@Operation("Whether a signature is right")
async def nothing(_request: web.Request) -> web.Response:
    """Says 200 to whoever may ask."""
    return reply(None)


@Operation("This document", answer=dict[str, Any], access=Access.ANYONE)
async def openapi(request: web.Request) -> web.Response:
    """OpenAPI 3.1. It tells what the program can do and nothing about this server, so anyone may read it."""
    return web.Response(body=await request.app[DOCUMENT].text(), content_type="application/json")


ROUTES = (
    web.route("GET", "/v1/eventstatus/list{slash:/?}", event_statuses),
    web.route("POST", "/v1/eventtype/list{slash:/?}", event_types),
    web.route("GET", "/v1/agenttype/list{slash:/?}", agent_types),
    web.route("GET", "/v1/test{slash:/?}", test),
    web.route("POST", "/v1/testauth{slash:/?}", nothing),
    web.route("POST", "/v1/testapicall{slash:/?}", nothing),
    web.route("GET", "/v1/version{slash:/?}", version),
    web.route("POST", "/v1/versionauth{slash:/?}", nothing),
    web.route("POST", "/v1/versionapicall{slash:/?}", nothing),
    web.route("GET", "/openapi.json{slash:/?}", openapi),
)
