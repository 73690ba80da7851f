"""What scripts decided."""

from aiohttp import web

from presets_store.api.answers import reply_large
from presets_store.api.documentation import Operation
from presets_store.api.keys import SERVICES, caller_of, key_of
from presets_store.api.scripts.reading import address_of_list, query_or_body
from presets_store.protocol.scripts.inbound import DecisionPage
from presets_store.protocol.scripts.pages import PageQuery
from presets_store.services.errors import NotFound


@Operation(
    "List what a script decided",
    query=PageQuery,
    answer=DecisionPage,
    variables={"key": "The script's key."},
    errors=(NotFound,),
)
async def find(request: web.Request) -> web.Response:
    """Why it fired or did not: the last 500 decisions, newest first, and `counters` by reason since it was made.

    Triggers of other cameras are only counted.
    """
    query = await query_or_body(request, PageQuery)
    decisions = request.app[SERVICES].scripts.decisions
    return await reply_large(
        await decisions.of_script(caller_of(request), key_of(request), query, address_of_list(request))
    )


ROUTES = (web.route("GET", "/api/v1/scripts/{key:[0-9]{1,18}}/decisions{slash:/?}", find),)
