"""Routes of clips (ours)."""

from aiohttp import web

from presets_store.api.answers import reply, reply_list
from presets_store.api.keys import SERVICES, key_of, query_of
from presets_store.protocol.clips import ClipQuery
from presets_store.protocol.parsing import parse_body

_SHORT_NAMES = {"device": "deviceID", "event": "eventID"}


async def find(request: web.Request) -> web.Response:
    named = {_SHORT_NAMES.get(name, name): value for name, value in query_of(request).items()}
    return await reply_list(await request.app[SERVICES].clips.find(parse_body(ClipQuery, named)))


async def show(request: web.Request) -> web.Response:
    return reply(await request.app[SERVICES].clips.get(key_of(request)))


ROUTES = (
    web.route("GET", "/v1/clip/list{slash:/?}", find),
    web.route("GET", "/v1/clip/{key:[0-9]{1,18}}{slash:/?}", show),
)
