"""Routes of clips (ours)."""

from aiohttp import web

from presets_store.api.answers import reply, reply_list
from presets_store.api.documentation import Operation
from presets_store.api.keys import SERVICES, caller_of, key_of, query_of
from presets_store.protocol.clips import ClipQuery, ClipRecord, KeepClip
from presets_store.protocol.parsing import parse_body
from presets_store.services.errors import ClipGone, NotFound

_SHORT_NAMES = {"device": "deviceID", "event": "eventID"}


@Operation("List clips", query=ClipQuery, answer=list[ClipRecord])
async def find(request: web.Request) -> web.Response:
    """`device` and `event` are read as `deviceID` and `eventID`."""
    named = {_SHORT_NAMES.get(name, name): value for name, value in query_of(request).items()}
    query = parse_body(ClipQuery, named)
    return await reply_list(await request.app[SERVICES].clips.find(caller_of(request), query))


@Operation("Show a clip", answer=ClipRecord, errors=(NotFound,))
async def show(request: web.Request) -> web.Response:
    return reply(await request.app[SERVICES].clips.get(caller_of(request), key_of(request)))


@Operation("Protect a clip", body=KeepClip, answer=ClipRecord, writes=True, errors=(NotFound, ClipGone))
async def keep(request: web.Request) -> web.Response:
    """`protected` says whether its device may remove it to make room. Nothing else of a clip can be changed."""
    body = parse_body(KeepClip, await request.read())
    return reply(await request.app[SERVICES].clips.keep(caller_of(request), key_of(request), body))


ROUTES = (
    web.route("GET", "/v1/clip/list{slash:/?}", find),
    web.route("GET", "/v1/clip/{key:[0-9]{1,18}}{slash:/?}", show),
    web.route("PUT", "/v1/clip/{key:[0-9]{1,18}}{slash:/?}", keep),
)
