"""Scripts, client generation: an event, a reaction, whom to notify, and when."""

from aiohttp import web

from presets_store.api.answers import reply, reply_large, reply_nothing
from presets_store.api.documentation import Operation
from presets_store.api.keys import SERVICES, caller_of, key_of
from presets_store.api.scripts.reading import address_of_list, body_of, query_or_body
from presets_store.protocol.parsing import parse_body
from presets_store.protocol.scripts.pages import PageQuery, RecipientsQuery
from presets_store.protocol.scripts.scripts import (
    ClientScript,
    ClientScriptPage,
    ClientScriptRecord,
    DeleteScripts,
    RecipientPage,
)
from presets_store.rules.scripts.errors import BadScript
from presets_store.services.errors import NotFound
from presets_store.services.scripts.errors import ScriptMirrored, TooManyScripts


@Operation(
    "Create a script",
    body=ClientScript,
    answer=ClientScriptRecord,
    writes=True,
    errors=(BadScript, TooManyScripts),
)
async def create(request: web.Request) -> web.Response:
    """Events and reactions: `GET /api/v1/basic-configurations`. All that is wrong is told at once."""
    body, problems = await body_of(request, ClientScript)
    return reply(await request.app[SERVICES].scripts.scripts.create(caller_of(request), body, problems))


@Operation("List scripts", query=PageQuery, answer=ClientScriptPage)
async def find(request: web.Request) -> web.Response:
    """Those whose cameras the caller reaches, oldest first."""
    query = await query_or_body(request, PageQuery)
    scripts = request.app[SERVICES].scripts.scripts
    return await reply_large(await scripts.page(caller_of(request), query, address_of_list(request)))


@Operation("Show a script", answer=ClientScriptRecord, errors=(NotFound,))
async def show(request: web.Request) -> web.Response:
    """Secrets are shown as `[redacted]`."""
    return reply(await request.app[SERVICES].scripts.scripts.get(caller_of(request), key_of(request)))


@Operation(
    "Change a script",
    body=ClientScript,
    answer=ClientScriptRecord,
    writes=True,
    errors=(NotFound, BadScript, ScriptMirrored),
)
async def update(request: web.Request) -> web.Response:
    """The body is the whole script; only `extra` and `cooldown_seconds` stay where it does not give them.

    A secret that is given as `[redacted]` stays what it is.
    """
    body, problems = await body_of(request, ClientScript)
    scripts = request.app[SERVICES].scripts.scripts
    return reply(await scripts.update(caller_of(request), key_of(request), body, problems))


@Operation("Delete a script", writes=True, status=204, errors=(NotFound, ScriptMirrored))
async def delete(request: web.Request) -> web.Response:
    """With its decisions and counters. What its users are to be told of it is told."""
    await request.app[SERVICES].scripts.scripts.delete(caller_of(request), key_of(request))
    return reply_nothing()


@Operation("Delete scripts", body=DeleteScripts, writes=True, status=204, errors=(BadScript, ScriptMirrored))
async def delete_many(request: web.Request) -> web.Response:
    """All of them, or none."""
    body = parse_body(DeleteScripts, await request.read())
    await request.app[SERVICES].scripts.scripts.delete_many(caller_of(request), body.ids)
    return reply_nothing()


@Operation("List whom scripts may notify", query=RecipientsQuery, answer=RecipientPage)
async def recipients(request: web.Request) -> web.Response:
    """Active users of the caller's scope, and the caller himself. There are no sub-users."""
    query = await query_or_body(request, RecipientsQuery)
    found = request.app[SERVICES].scripts.recipients
    return await reply_large(await found.list(caller_of(request), query, address_of_list(request)))


ROUTES = (
    web.route("POST", "/api/v1/scripts{slash:/?}", create),
    web.route("GET", "/api/v1/scripts{slash:/?}", find),
    web.route("DELETE", "/api/v1/scripts{slash:/?}", delete_many),
    web.route("GET", "/api/v1/scripts/users{slash:/?}", recipients),
    web.route("GET", "/api/v1/scripts/{key:[0-9]{1,18}}{slash:/?}", show),
    web.route("PUT", "/api/v1/scripts/{key:[0-9]{1,18}}{slash:/?}", update),
    web.route("DELETE", "/api/v1/scripts/{key:[0-9]{1,18}}{slash:/?}", delete),
)
