"""Routes of streams: where devices stream to, and where that can be seen."""

from typing import Final

from aiohttp import web

from presets_store.api.answers import reply, reply_list
from presets_store.api.documentation import NAMED_DEVICE, Operation
from presets_store.api.keys import SERVICES, caller_of, key_of, query_of
from presets_store.protocol.errors import UnknownEventType
from presets_store.protocol.fields import Moment, Name, Text
from presets_store.protocol.fleet.patching import read_patch
from presets_store.protocol.fleet.streams import CreateStream, StreamListQuery, StreamPath
from presets_store.protocol.parsing import parse_body, parse_body_list
from presets_store.protocol.system import PatchOperation, StreamRecord
from presets_store.services.errors import NotFound
from presets_store.services.fleet.streams import StreamsService

_PATCHABLE: Final = {
    "stream_name": Name,
    "stream_description": Text,
    "publish_url": Text,
    "read_url": Text,
    "last_activity_date": Moment,
}
_OF_DEVICE = {"key": "The device's key."}


def _streams(request: web.Request) -> StreamsService:
    return request.app[SERVICES].telemetry.streams


@Operation("Tell of a stream", body=CreateStream, answer=StreamRecord, writes=True,
           errors=(*NAMED_DEVICE, UnknownEventType))  # fmt: skip
async def create(request: web.Request) -> web.Response:
    """Of each device the 1000 that were active last are kept."""
    return reply(await _streams(request).create(caller_of(request), parse_body(CreateStream, await request.read())))


@Operation("Show a stream", answer=StreamRecord, errors=(NotFound,))
async def show(request: web.Request) -> web.Response:
    return reply(await _streams(request).get(caller_of(request), key_of(request)))


@Operation("Change a stream", body=StreamRecord, writes=True, errors=(NotFound,))
async def update(request: web.Request) -> web.Response:
    """What the body gives; its key, device and creation are read and ignored."""
    body = parse_body(StreamRecord, await request.read())
    await _streams(request).update(caller_of(request), key_of(request), body)
    return reply(None)


@Operation("Change single members of a stream", body=list[PatchOperation], writes=True, errors=(NotFound,))
async def patch(request: web.Request) -> web.Response:
    """`streamName`, `streamDescription`, `publishURL`, `readURL`, `lastActivityDate`."""
    changes = read_patch(parse_body_list(PatchOperation, await request.read()), _PATCHABLE)
    await _streams(request).patch(caller_of(request), key_of(request), changes)
    return reply(None)


@Operation("Forget a stream", writes=True, errors=(NotFound,))
async def delete(request: web.Request) -> web.Response:
    """What streams goes on: its event ends it."""
    await _streams(request).delete(caller_of(request), key_of(request))
    return reply(None)


@Operation("Show the last active stream of a device", answer=StreamRecord, variables=_OF_DEVICE, errors=(NotFound,))
async def most_recent(request: web.Request) -> web.Response:
    return reply(await _streams(request).newest(caller_of(request), key_of(request)))


@Operation("List the streams of a device", query=StreamListQuery, answer=list[StreamRecord], variables=_OF_DEVICE,
           errors=(NotFound,))  # fmt: skip
async def find(request: web.Request) -> web.Response:
    """The last active first. `activeonly`: those with activity in the last five minutes, or whose event goes on."""
    query = parse_body(StreamListQuery, query_of(request))
    streams = await _streams(request).of_device(caller_of(request), key_of(request), active_only=query.activeonly)
    return await reply_list(streams)


@Operation("Find a stream of a device by its path", body=StreamPath, answer=StreamRecord, variables=_OF_DEVICE,
           errors=(NotFound,))  # fmt: skip
async def at_path(request: web.Request) -> web.Response:
    """Of several the last active one."""
    body = parse_body(StreamPath, await request.read())
    return reply(await _streams(request).newest(caller_of(request), key_of(request), body.value))


ROUTES = (
    web.route("POST", "/v1/stream{slash:/?}", create),
    web.route("GET", "/v1/stream/{key:[0-9]{1,18}}{slash:/?}", show),
    web.route("PUT", "/v1/stream/{key:[0-9]{1,18}}{slash:/?}", update),
    web.route("PATCH", "/v1/stream/{key:[0-9]{1,18}}{slash:/?}", patch),
    web.route("DELETE", "/v1/stream/{key:[0-9]{1,18}}{slash:/?}", delete),
    web.route("GET", "/v1/device/{key:[0-9]{1,18}}/stream/mostrecent{slash:/?}", most_recent),
    web.route("GET", "/v1/device/{key:[0-9]{1,18}}/stream/list{slash:/?}", find),
    web.route("POST", "/v1/device/{key:[0-9]{1,18}}/stream/path{slash:/?}", at_path),
)
