"""Routes of devices and their cameras."""

from aiohttp import web

from presets_store.api.answers import reply
from presets_store.api.keys import SERVICES, caller_of, key_of
from presets_store.protocol.agents import RegisterAgent
from presets_store.protocol.cameras import UpdateCamera
from presets_store.protocol.devices import DeviceName, DeviceRecord
from presets_store.protocol.parsing import parse_body, parse_body_list


async def create(request: web.Request) -> web.Response:
    body = parse_body(DeviceRecord, await request.read())
    return reply(await request.app[SERVICES].devices.create(caller_of(request), body))


async def list_all(request: web.Request) -> web.Response:
    return reply(await request.app[SERVICES].devices.list())


async def show(request: web.Request) -> web.Response:
    return reply(await request.app[SERVICES].devices.get(key_of(request)))


async def named(request: web.Request) -> web.Response:
    return reply(await request.app[SERVICES].devices.named(parse_body(DeviceName, await request.read())))


async def ready(request: web.Request) -> web.Response:
    body = parse_body(RegisterAgent, await request.read())
    return reply(await request.app[SERVICES].devices.ready(caller_of(request), body))


async def cameras(request: web.Request) -> web.Response:
    return reply(await request.app[SERVICES].cameras.of_device(key_of(request)))


async def rename_cameras(request: web.Request) -> web.Response:
    body = parse_body_list(UpdateCamera, await request.read())
    return reply(await request.app[SERVICES].cameras.rename(caller_of(request), key_of(request), body))


ROUTES = (
    web.route("POST", "/v1/device{slash:/?}", create),
    web.route("GET", "/v1/device/list{slash:/?}", list_all),
    web.route("POST", "/v1/device/name{slash:/?}", named),
    web.route("POST", "/v1/device/ready{slash:/?}", ready),
    web.route("GET", "/v1/device/{key:[0-9]{1,18}}{slash:/?}", show),
    web.route("GET", "/v1/device/{key:[0-9]{1,18}}/cameras{slash:/?}", cameras),
    web.route("PUT", "/v1/device/{key:[0-9]{1,18}}/cameras{slash:/?}", rename_cameras),
)
