"""Why a script fires, or does not: at a moment, in the coming days, at a trigger that is only thought of."""

from aiohttp import web

from presets_store.api.answers import reply, reply_large
from presets_store.api.documentation import Operation
from presets_store.api.keys import SERVICES, caller_of, key_of, query_of
from presets_store.protocol.parsing import parse_body
from presets_store.protocol.scripts.explaining import ExplainQuery, Explanation, SimulateTrigger, Simulation
from presets_store.rules.scripts.errors import BadScript
from presets_store.services.errors import NotFound

_SCRIPT = {"key": "The script's key."}


@Operation("Explain a script", query=ExplainQuery, answer=Explanation, variables=_SCRIPT, errors=(NotFound, BadScript))
async def explain(request: web.Request) -> web.Response:
    """Whether it would fire at `at`, and why not; with `days` also when it works in these, clock changes included."""
    query = parse_body(ExplainQuery, query_of(request))
    found = await request.app[SERVICES].scripts.explaining.explain(caller_of(request), key_of(request), query)
    return await reply_large(found)


@Operation(
    "Decide on a trigger without doing anything",
    body=SimulateTrigger,
    answer=Simulation,
    variables=_SCRIPT,
    errors=(NotFound, BadScript),
)
async def simulate(request: web.Request) -> web.Response:
    """Nothing is counted, kept or told."""
    body = parse_body(SimulateTrigger, await request.read())
    return reply(await request.app[SERVICES].scripts.explaining.simulate(caller_of(request), key_of(request), body))


ROUTES = (
    web.route("GET", "/api/v1/scripts/{key:[0-9]{1,18}}/explain{slash:/?}", explain),
    web.route("POST", "/api/v1/scripts/{key:[0-9]{1,18}}/simulate{slash:/?}", simulate),
)
