"""Routes of device groups and their members."""

from aiohttp import web

from presets_store.api.answers import reply, reply_list
from presets_store.api.documentation import Operation
from presets_store.api.keys import SERVICES, caller_of, key_of
from presets_store.protocol.devices import DeviceRecord
from presets_store.protocol.fleet.groups import CollectionItemRecord
from presets_store.protocol.parsing import parse_body
from presets_store.protocol.system import CollectionRecord, ValueBody
from presets_store.services.errors import GroupInUse, GroupNameTaken, InvalidInput, NotFound
from presets_store.services.fleet.groups import GroupsService


def _groups(request: web.Request) -> GroupsService:
    return request.app[SERVICES].fleet.groups


async def _value(request: web.Request) -> ValueBody:
    return parse_body(ValueBody, await request.read())


@Operation(
    "Create a device group",
    body=ValueBody,
    answer=CollectionRecord,
    writes=True,
    errors=(InvalidInput, GroupNameTaken),
)
async def create(request: web.Request) -> web.Response:
    """`value` is its name. Names are unique."""
    return reply(await _groups(request).create(caller_of(request), await _value(request)))


@Operation("Find a device group by its name", body=ValueBody, answer=CollectionRecord, errors=(NotFound,))
async def named(request: web.Request) -> web.Response:
    """`value` is its name."""
    return reply(await _groups(request).named(caller_of(request), await _value(request)))


@Operation(
    "Find a device group by its name, by GET",
    body=ValueBody,
    answer=CollectionRecord,
    errors=(NotFound,),
    identifier="getDevicegroupNamed",
)
async def named_by_get(request: web.Request) -> web.Response:
    """As `POST /v1/devicegroup/name`, for clients that send a body with GET."""
    return reply(await _groups(request).named(caller_of(request), await _value(request)))


@Operation("List the device groups", answer=list[CollectionRecord])
async def list_all(request: web.Request) -> web.Response:
    return await reply_list(await _groups(request).list(caller_of(request)))


@Operation("Show a device group", answer=CollectionRecord, errors=(NotFound,))
async def show(request: web.Request) -> web.Response:
    return reply(await _groups(request).get(caller_of(request), key_of(request)))


@Operation("Rename a device group", body=ValueBody, writes=True, errors=(NotFound, InvalidInput, GroupNameTaken))
async def rename(request: web.Request) -> web.Response:
    await _groups(request).rename(caller_of(request), key_of(request), await _value(request))
    return reply(None)


@Operation("Delete a device group", writes=True, errors=(NotFound, GroupInUse))
async def delete(request: web.Request) -> web.Response:
    """Its devices stay. A group that presets target, or to which users are scoped, stays too."""
    await _groups(request).delete(caller_of(request), key_of(request))
    return reply(None)


@Operation("List a device group's devices", answer=list[DeviceRecord], errors=(NotFound,))
async def devices(request: web.Request) -> web.Response:
    return await reply_list(await _groups(request).devices(caller_of(request), key_of(request)))


@Operation("List the places of a device group's devices", answer=list[CollectionItemRecord], errors=(NotFound,))
async def items(request: web.Request) -> web.Response:
    """A device's place has a key of its own, by which it is removed."""
    return await reply_list(await _groups(request).items(caller_of(request), key_of(request)))


@Operation("Add a device to a device group", writes=True, variables={"device": "The device's key."}, errors=(NotFound,))
async def add(request: web.Request) -> web.Response:
    """A repeat is harmless."""
    await _groups(request).add(caller_of(request), key_of(request), key_of(request, "device"))
    return reply(None)


@Operation(
    "Remove a device from a device group",
    writes=True,
    variables={"key": "The key of the device's place, as the group's item list shows it."},
    errors=(NotFound,),
)
async def remove_item(request: web.Request) -> web.Response:
    await _groups(request).remove_item(caller_of(request), key_of(request))
    return reply(None)


ROUTES = (
    web.route("POST", "/v1/devicegroup{slash:/?}", create),
    web.route("GET", "/v1/devicegroup{slash:/?}", named_by_get),
    web.route("POST", "/v1/devicegroup/name{slash:/?}", named),
    web.route("GET", "/v1/devicegroup/list{slash:/?}", list_all),
    web.route("GET", "/v1/devicegroup/{key:[0-9]{1,18}}{slash:/?}", show),
    web.route("PUT", "/v1/devicegroup/{key:[0-9]{1,18}}{slash:/?}", rename),
    web.route("DELETE", "/v1/devicegroup/{key:[0-9]{1,18}}{slash:/?}", delete),
    web.route("GET", "/v1/devicegroup/{key:[0-9]{1,18}}/device/list{slash:/?}", devices),
    web.route("GET", "/v1/devicegroup/{key:[0-9]{1,18}}/item/list{slash:/?}", items),
    web.route("POST", "/v1/devicegroup/{key:[0-9]{1,18}}/device/{device:[0-9]{1,18}}{slash:/?}", add),
    web.route("DELETE", "/v1/collectionitem/{key:[0-9]{1,18}}{slash:/?}", remove_item),
)
