"""What scripts are made of: events, reactions, days, and the words of a timetable."""

from aiohttp import web

from presets_store.api.answers import reply, reply_large
from presets_store.api.documentation import Operation
from presets_store.api.keys import SERVICES, caller_of
from presets_store.api.scripts.reading import body_of
from presets_store.protocol.scripts.catalogue import AddScriptEvent, BasicConfigurations, ScriptEventRecord
from presets_store.rules.scripts.errors import BadScript
from presets_store.services.scripts.errors import TooManyEvents


@Operation("Show the catalogues", answer=BasicConfigurations)
async def show(request: web.Request) -> web.Response:
    """`days` says which number is which: 0 is Sunday."""
    return await reply_large(await request.app[SERVICES].scripts.catalogue.show(caller_of(request)))


@Operation(
    "Add an event to the catalogue",
    body=AddScriptEvent,
    answer=ScriptEventRecord,
    writes=True,
    errors=(BadScript, TooManyEvents),
)
async def add(request: web.Request) -> web.Response:
    """For an integration module, which then sends it by this name."""
    body, problems = await body_of(request, AddScriptEvent)
    return reply(await request.app[SERVICES].scripts.catalogue.add(caller_of(request), body, problems))


ROUTES = (
    web.route("GET", "/api/v1/basic-configurations{slash:/?}", show),
    web.route("POST", "/api/v1/basic-configurations/events{slash:/?}", add),
)
