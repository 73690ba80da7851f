"""Routes of devices and their cameras."""

from aiohttp import web

from presets_store.api.answers import reply
from presets_store.api.documentation import NAMED_DEVICE, Operation
from presets_store.api.keys import SERVICES, caller_of, header_of, key_of
from presets_store.protocol.agents import RegisterAgent
from presets_store.protocol.cameras import CameraRecord, UpdateCamera
from presets_store.protocol.devices import DeviceName, DeviceRecord
from presets_store.protocol.parsing import parse_body, parse_body_list
from presets_store.services.errors import InvalidInput, NotFound, SerialTaken


@Operation("Create a device", body=DeviceRecord, answer=DeviceRecord, writes=True, errors=(InvalidInput, SerialTaken))
async def create(request: web.Request) -> web.Response:
    """`serialNumber` is needed; a device is known by it."""
    body = parse_body(DeviceRecord, await request.read())
    return reply(await request.app[SERVICES].devices.create(caller_of(request), body))


@Operation("List the devices", answer=list[DeviceRecord])
async def list_all(request: web.Request) -> web.Response:
    return reply(await request.app[SERVICES].devices.list())


@Operation("Show a device", answer=DeviceRecord, errors=(NotFound,))
async def show(request: web.Request) -> web.Response:
    return reply(await request.app[SERVICES].devices.get(key_of(request)))


@Operation("Find a device by serial number or name", body=DeviceName, answer=DeviceRecord, errors=NAMED_DEVICE)
async def named(request: web.Request) -> web.Response:
    return reply(await request.app[SERVICES].devices.named(parse_body(DeviceName, await request.read())))


@Operation("Change a device", body=DeviceRecord, writes=True, errors=(NotFound, InvalidInput, SerialTaken))
async def update(request: web.Request) -> web.Response:
    """What the body gives. Start-up bindings have routes of their own; here they may only be sent back unchanged."""
    body = parse_body(DeviceRecord, await request.read())
    await request.app[SERVICES].devices.update(caller_of(request), key_of(request), body)
    return reply(None)


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
    return reply(await request.app[SERVICES].cameras.of_device(key_of(request)))


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
    web.route("GET", "/v1/device/list{slash:/?}", list_all),
    web.route("POST", "/v1/device/name{slash:/?}", named),
    web.route("POST", "/v1/device/ready{slash:/?}", ready),
    web.route("GET", "/v1/device/{key:[0-9]{1,18}}{slash:/?}", show),
    web.route("PUT", "/v1/device/{key:[0-9]{1,18}}{slash:/?}", update),
    web.route("GET", "/v1/device/{key:[0-9]{1,18}}/cameras{slash:/?}", cameras),
    web.route("PUT", "/v1/device/{key:[0-9]{1,18}}/cameras{slash:/?}", rename_cameras),
)
