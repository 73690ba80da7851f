"""Routes of presets."""

from aiohttp import web

from presets_store.api.answers import reply
from presets_store.api.keys import SERVICES, caller_of, key_of
from presets_store.protocol.parsing import parse_body
from presets_store.protocol.presets import CreateEventPreset, RunPreset


async def create(request: web.Request) -> web.Response:
    body = parse_body(CreateEventPreset, await request.read())
    return reply(await request.app[SERVICES].presets.create(caller_of(request), body))


async def show(request: web.Request) -> web.Response:
    return reply(await request.app[SERVICES].presets.get(key_of(request)))


async def of_device(request: web.Request) -> web.Response:
    return reply(await request.app[SERVICES].presets.of_device(key_of(request)))


async def run(request: web.Request) -> web.Response:
    body = parse_body(RunPreset, await request.read())
    return reply(await request.app[SERVICES].presets.run(caller_of(request), key_of(request), body))


ROUTES = (
    web.route("POST", "/v1/eventpreset{slash:/?}", create),
    web.route("GET", "/v1/eventpreset/{key:[0-9]{1,18}}{slash:/?}", show),
    web.route("GET", "/v1/eventpreset/list/device/{key:[0-9]{1,18}}{slash:/?}", of_device),
    web.route("POST", "/v1/eventpreset/run/{key:[0-9]{1,18}}{slash:/?}", run),
)
