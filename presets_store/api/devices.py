"""Routes of devices and their cameras."""

from typing import Final, get_type_hints

from aiohttp import web

from presets_store.api.answers import reply, reply_list
from presets_store.api.documentation import NAMED_DEVICE, Operation
from presets_store.api.errors import QueryNotOffered
from presets_store.api.fleet.pages import reply_page
from presets_store.api.keys import SERVICES, caller_of, header_of, key_of, query_of
from presets_store.protocol.agents import RegisterAgent
from presets_store.protocol.cameras import CameraRecord, UpdateCamera
from presets_store.protocol.devices import DeviceName, DeviceRecord
from presets_store.protocol.fleet.devices import DeviceListQuery, HealthRowQuery
from presets_store.protocol.fleet.patching import read_patch
from presets_store.protocol.parsing import parse_body, parse_body_list
from presets_store.protocol.presets import EventIdAnswer
from presets_store.protocol.system import PatchOperation
from presets_store.protocol.telemetry import DeviceHealthRow
from presets_store.services.devices import WRITTEN_FIELDS
from presets_store.services.errors import InvalidInput, NotFound, SerialTaken

_TYPES: Final = get_type_hints(DeviceRecord, include_extras=True)
_PATCHABLE: Final = {name: _TYPES[name] for name in sorted(WRITTEN_FIELDS)}


@Operation("Create a device", body=DeviceRecord, answer=DeviceRecord, writes=True, errors=(InvalidInput, SerialTaken))
async def create(request: web.Request) -> web.Response:
    """`serialNumber` is needed; a device is known by it."""
    body = parse_body(DeviceRecord, await request.read())
    return reply(await request.app[SERVICES].devices.create(caller_of(request), body))


@Operation("List the devices", query=DeviceListQuery, answer=list[DeviceRecord], errors=(QueryNotOffered, NotFound))
async def list_kept(request: web.Request) -> web.Response:
    """Those that are not archived. Devices are not shared: `shared` true, and a `userid`, are answered with 501.

    10,000 at most; when there may be more, `Link` tells the address of the next page.
    """
    return await _listed(request, archived=False)


@Operation("List all devices", query=DeviceListQuery, answer=list[DeviceRecord], errors=(QueryNotOffered, NotFound))
async def list_all(request: web.Request) -> web.Response:
    """The archived ones too."""
    return await _listed(request, archived=True)


async def _listed(request: web.Request, *, archived: bool) -> web.Response:
    query = parse_body(DeviceListQuery, query_of(request))
    if query.shared:
        raise QueryNotOffered(what="shared devices")
    if query.userid:
        raise QueryNotOffered(what="lists of what another user sees")
    service = request.app[SERVICES].devices
    return await reply_page(
        request, await service.list(caller_of(request), query.orderby, query.after, archived=archived)
    )


@Operation("List the health of the devices", query=HealthRowQuery, answer=list[DeviceHealthRow])
async def health_rows(request: web.Request) -> web.Response:
    """One row for each device, from what it said last; `online`: only those that were heard from of late."""
    query = parse_body(HealthRowQuery, query_of(request))
    health = request.app[SERVICES].fleet.health
    return await reply_list(await health.rows(caller_of(request), online_only=query.status == "online"))


@Operation("Show a device", answer=DeviceRecord, errors=(NotFound,))
async def show(request: web.Request) -> web.Response:
    return reply(await request.app[SERVICES].devices.get(caller_of(request), key_of(request)))


@Operation("Find a device by serial number or name", body=DeviceName, answer=DeviceRecord, errors=NAMED_DEVICE)
async def named(request: web.Request) -> web.Response:
    body = parse_body(DeviceName, await request.read())
    return reply(await request.app[SERVICES].devices.named(caller_of(request), body))


@Operation("Change a device", body=DeviceRecord, writes=True, errors=(NotFound, InvalidInput, SerialTaken))
async def update(request: web.Request) -> web.Response:
    """What the body gives. Start-up bindings have routes of their own; here they may only be sent back unchanged."""
    body = parse_body(DeviceRecord, await request.read())
    await request.app[SERVICES].devices.update(caller_of(request), key_of(request), body)
    return reply(None)


@Operation(
    "Change single members of a device",
    body=list[PatchOperation],
    writes=True,
    errors=(NotFound, InvalidInput, SerialTaken),
)
async def patch(request: web.Request) -> web.Response:
    """Members that `PUT` changes too."""
    changes = read_patch(parse_body_list(PatchOperation, await request.read()), _PATCHABLE)
    await request.app[SERVICES].devices.update(caller_of(request), key_of(request), DeviceRecord(**changes))
    return reply(None)


@Operation("Remove a device", writes=True, errors=(NotFound, InvalidInput))
async def remove(request: web.Request) -> web.Response:
    """Archives it: what it did stays, and `isArchived` false brings it back.

    It is not listed any more, runs no presets of its groups, what waits for it is cancelled, its own keys are refused.
    The device on which the store runs stays.
    """
    await request.app[SERVICES].devices.remove(caller_of(request), key_of(request))
    return reply(None)


@Operation(
    "Switch a device's analytics",
    answer=EventIdAnswer,
    writes=True,
    variables={"wanted": ("0", "1")},
    errors=(NotFound, InvalidInput),
)
async def run_analytics(request: web.Request) -> web.Response:
    """`EventID` is the event by which the device is told, 0 when it is so already."""
    wanted = request.match_info["wanted"]
    if wanted not in ("0", "1"):
        raise InvalidInput(reason="The last part of the path is 1 (on) or 0 (off).")
    return reply(await request.app[SERVICES].fleet.analytics.switch(caller_of(request), key_of(request), int(wanted)))


@Operation(
    "Tell that a device is ready",
    body=RegisterAgent,
    answer=DeviceRecord,
    writes=True,
    headers=("X-Boot-ID",),
    errors=NAMED_DEVICE,
)
async def ready(request: web.Request) -> web.Response:
    """Queues the event of its online start-up preset, once for each boot."""
    body, boot_id = parse_body(RegisterAgent, await request.read()), header_of(request, "X-Boot-ID")
    return reply(await request.app[SERVICES].devices.ready(caller_of(request), body, boot_id))


@Operation("List a device's cameras", answer=list[CameraRecord], errors=(NotFound,))
async def cameras(request: web.Request) -> web.Response:
    return reply(await request.app[SERVICES].cameras.of_device(caller_of(request), key_of(request)))


@Operation(
    "Name a device's cameras",
    body=list[UpdateCamera],
    answer=list[CameraRecord],
    writes=True,
    errors=(NotFound, InvalidInput),
)
async def rename_cameras(request: web.Request) -> web.Response:
    """Answers all cameras of the device."""
    body = parse_body_list(UpdateCamera, await request.read())
    return reply(await request.app[SERVICES].cameras.rename(caller_of(request), key_of(request), body))


ROUTES = (
    web.route("POST", "/v1/device{slash:/?}", create),
    web.route("GET", "/v1/device/list{slash:/?}", list_kept),
    web.route("GET", "/v1/device/list/all{slash:/?}", list_all),
    web.route("GET", "/v1/device/list/health{slash:/?}", health_rows),
    web.route("POST", "/v1/device/name{slash:/?}", named),
    web.route("POST", "/v1/device/ready{slash:/?}", ready),
    web.route("GET", "/v1/device/{key:[0-9]{1,18}}{slash:/?}", show),
    web.route("PUT", "/v1/device/{key:[0-9]{1,18}}{slash:/?}", update),
    web.route("PATCH", "/v1/device/{key:[0-9]{1,18}}{slash:/?}", patch),
    web.route("DELETE", "/v1/device/{key:[0-9]{1,18}}{slash:/?}", remove),
    web.route("POST", "/v1/device/{key:[0-9]{1,18}}/runanalytics/{wanted:[^/]+}{slash:/?}", run_analytics),
    web.route("GET", "/v1/device/{key:[0-9]{1,18}}/cameras{slash:/?}", cameras),
    web.route("PUT", "/v1/device/{key:[0-9]{1,18}}/cameras{slash:/?}", rename_cameras),
)
