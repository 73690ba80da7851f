"""Scripts, admin generation: the same records with a weekly schedule, for every camera."""

from aiohttp import web

from presets_store.api.answers import reply, reply_large, reply_nothing
from presets_store.api.documentation import Operation
from presets_store.api.keys import SERVICES, caller_of, key_of
from presets_store.api.scripts.reading import address_of_list, body_of, query_or_body
from presets_store.protocol.scripts.pages import PageQuery
from presets_store.protocol.scripts.scripts import AdminScript, AdminScriptPage, AdminScriptRecord
from presets_store.rules.scripts.errors import BadScript
from presets_store.services.errors import NotFound
from presets_store.services.scripts.errors import ScriptMirrored, TooManyScripts


@Operation(
    "Create a script by its schedule",
    body=AdminScript,
    answer=AdminScriptRecord,
    writes=True,
    errors=(BadScript, TooManyScripts),
)
async def create(request: web.Request) -> web.Response:
    """An active script for every camera. A reaction that needs `extra` takes the client generation."""
    body, problems = await body_of(request, AdminScript)
    return reply(await request.app[SERVICES].scripts.scripts.create_admin(caller_of(request), body, problems))


@Operation("List scripts with their schedules", query=PageQuery, answer=AdminScriptPage)
async def find(request: web.Request) -> web.Response:
    """Those whose cameras the caller reaches, oldest first."""
    query = await query_or_body(request, PageQuery)
    scripts = request.app[SERVICES].scripts.scripts
    return await reply_large(await scripts.page_admin(caller_of(request), query, address_of_list(request)))


@Operation("Show a script with its schedule", answer=AdminScriptRecord, errors=(NotFound,))
async def show(request: web.Request) -> web.Response:
    """Hours that a schedule cannot say are shown as those of the coming week that come to the same."""
    return reply(await request.app[SERVICES].scripts.scripts.get_admin(caller_of(request), key_of(request)))


@Operation(
    "Change a script by its schedule",
    body=AdminScript,
    answer=AdminScriptRecord,
    writes=True,
    errors=(NotFound, BadScript, ScriptMirrored),
)
async def update(request: web.Request) -> web.Response:
    """What this generation cannot say stays; a timetable too, when `schedule` is what was shown of it."""
    body, problems = await body_of(request, AdminScript)
    scripts = request.app[SERVICES].scripts.scripts
    return reply(await scripts.update_admin(caller_of(request), key_of(request), body, problems))


@Operation("Delete a script, as an administrator", writes=True, status=204, errors=(NotFound, ScriptMirrored))
async def delete(request: web.Request) -> web.Response:
    """As `DELETE /api/v1/scripts/{key}`."""
    await request.app[SERVICES].scripts.scripts.delete(caller_of(request), key_of(request))
    return reply_nothing()


ROUTES = (
    web.route("POST", "/api/admin/v1/scripts{slash:/?}", create),
    web.route("GET", "/api/admin/v1/scripts{slash:/?}", find),
    web.route("GET", "/api/admin/v1/scripts/{key:[0-9]{1,18}}{slash:/?}", show),
    web.route("PUT", "/api/admin/v1/scripts/{key:[0-9]{1,18}}{slash:/?}", update),
    web.route("DELETE", "/api/admin/v1/scripts/{key:[0-9]{1,18}}{slash:/?}", delete),
)
