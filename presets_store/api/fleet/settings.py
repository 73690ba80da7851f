"""Routes of settings: those that people note of a device, and each user's own."""

from aiohttp import web

from presets_store.api.answers import reply, reply_list
from presets_store.api.documentation import Operation
from presets_store.api.keys import SERVICES, caller_of, key_of, query_of
from presets_store.protocol.fleet.settings import PutSettingQuery, SettingQuery
from presets_store.protocol.parsing import parse_body
from presets_store.protocol.system import DeviceSettingRecord, NameValuePair, UserSettingRecord
from presets_store.services.errors import InvalidInput, NotFound
from presets_store.services.fleet.settings import DeviceSettingsService, TooManySettings, UserSettingsService

_OF_DEVICE = {"key": "The device's key."}


def _of_devices(request: web.Request) -> DeviceSettingsService:
    return request.app[SERVICES].telemetry.device_settings


def _of_users(request: web.Request) -> UserSettingsService:
    return request.app[SERVICES].telemetry.user_settings


def _name(request: web.Request) -> str:
    return parse_body(SettingQuery, query_of(request)).name


@Operation("Show a setting of a device", query=SettingQuery, answer=DeviceSettingRecord, variables=_OF_DEVICE,
           errors=(NotFound,))  # fmt: skip
async def show(request: web.Request) -> web.Response:
    name = _name(request)
    return reply(await _of_devices(request).get(caller_of(request), key_of(request), name))


@Operation("Set a setting of a device", body=NameValuePair, query=PutSettingQuery, writes=True, variables=_OF_DEVICE,
           errors=(NotFound, TooManySettings))  # fmt: skip
async def put(request: web.Request) -> web.Response:
    """`local`: the device is told too, by an event of the type `Device_Update_setting`."""
    query, body = parse_body(PutSettingQuery, query_of(request)), parse_body(NameValuePair, await request.read())
    await _of_devices(request).put(caller_of(request), key_of(request), body, local=query.local)
    return reply(None)


@Operation("Remove a setting of a device", query=SettingQuery, writes=True, variables=_OF_DEVICE, errors=(NotFound,))
async def delete(request: web.Request) -> web.Response:
    """What the device itself took stays there."""
    name = _name(request)
    await _of_devices(request).delete(caller_of(request), key_of(request), name)
    return reply(None)


@Operation("List the settings of a device", answer=list[DeviceSettingRecord], variables=_OF_DEVICE, errors=(NotFound,))
async def find(request: web.Request) -> web.Response:
    return await reply_list(await _of_devices(request).list(caller_of(request), key_of(request)))


@Operation(
    "Show a setting of the caller", query=SettingQuery, answer=UserSettingRecord, errors=(NotFound, InvalidInput)
)
async def show_own(request: web.Request) -> web.Response:
    name = _name(request)
    return reply(await _of_users(request).get(caller_of(request), name))


@Operation("Set a setting of the caller", body=NameValuePair, writes=True, errors=(InvalidInput, TooManySettings))
async def put_own(request: web.Request) -> web.Response:
    await _of_users(request).put(caller_of(request), parse_body(NameValuePair, await request.read()))
    return reply(None)


@Operation("Remove a setting of the caller", query=SettingQuery, writes=True, errors=(NotFound, InvalidInput))
async def delete_own(request: web.Request) -> web.Response:
    name = _name(request)
    await _of_users(request).delete(caller_of(request), name)
    return reply(None)


@Operation("List the settings of the caller", answer=list[UserSettingRecord], errors=(InvalidInput,))
async def find_own(request: web.Request) -> web.Response:
    return await reply_list(await _of_users(request).list(caller_of(request)))


ROUTES = (
    web.route("GET", "/v1/devicesetting/device/{key:[0-9]{1,18}}{slash:/?}", show),
    web.route("PUT", "/v1/devicesetting/device/{key:[0-9]{1,18}}{slash:/?}", put),
    web.route("DELETE", "/v1/devicesetting/device/{key:[0-9]{1,18}}{slash:/?}", delete),
    web.route("GET", "/v1/devicesetting/device/{key:[0-9]{1,18}}/list{slash:/?}", find),
    web.route("GET", "/v1/usersetting{slash:/?}", show_own),
    web.route("PUT", "/v1/usersetting{slash:/?}", put_own),
    web.route("DELETE", "/v1/usersetting{slash:/?}", delete_own),
    web.route("GET", "/v1/usersetting/list{slash:/?}", find_own),
)
