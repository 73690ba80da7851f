"""Routes of health records: what devices say of themselves."""

import asyncio

from aiohttp import web

from presets_store.api.answers import reply, reply_text
from presets_store.api.documentation import NAMED_DEVICE, Operation
from presets_store.api.fleet.pages import reply_dated_page
from presets_store.api.keys import SERVICES, caller_of, key_of, query_of
from presets_store.protocol.fleet.health import (
    Chart,
    ChartQuery,
    CreateHealth,
    HealthAnswer,
    HealthQuery,
    UpdateHealth,
)
from presets_store.protocol.fleet.pages import DatedPageQuery
from presets_store.protocol.parsing import parse_body
from presets_store.protocol.telemetry import DeviceHealthRecord
from presets_store.services.answers import encode
from presets_store.services.errors import InvalidInput, NotFound
from presets_store.services.fleet.health_records import HealthRecordsService

_OF_DEVICE = {"key": "The device's key."}


def _health(request: web.Request) -> HealthRecordsService:
    return request.app[SERVICES].telemetry.health


@Operation("Tell of a device's health", body=CreateHealth, answer=HealthAnswer, writes=True, errors=NAMED_DEVICE)
async def create(request: web.Request) -> web.Response:
    """Its date is `time.datetime` in `healthJSON` (milliseconds since 1970), else now."""
    return reply(await _health(request).create(caller_of(request), parse_body(CreateHealth, await request.read())))


@Operation(
    "Replace the newest health record of a device",
    body=CreateHealth,
    answer=HealthAnswer,
    writes=True,
    errors=NAMED_DEVICE,
)
async def update_latest(request: web.Request) -> web.Response:
    """Without one, a new one is made."""
    body = parse_body(CreateHealth, await request.read())
    return reply(await _health(request).update_latest(caller_of(request), body))


@Operation(
    "Replace a health record",
    body=UpdateHealth,
    answer=HealthAnswer,
    writes=True,
    errors=(*NAMED_DEVICE, NotFound, InvalidInput),
)
async def update(request: web.Request) -> web.Response:
    """A device that the body names must be the record's."""
    body = parse_body(UpdateHealth, await request.read())
    return reply(await _health(request).update(caller_of(request), key_of(request), body))


@Operation("Show a health record", answer=DeviceHealthRecord, errors=(NotFound,))
async def show(request: web.Request) -> web.Response:
    return reply(await _health(request).get(caller_of(request), key_of(request)))


@Operation("Show the newest health record of a device", answer=DeviceHealthRecord, variables=_OF_DEVICE,
           errors=(NotFound,))  # fmt: skip
async def latest(request: web.Request) -> web.Response:
    return reply(await _health(request).latest(caller_of(request), key_of(request)))


@Operation("List the health records of a device", body=HealthQuery, query=DatedPageQuery,
           answer=list[DeviceHealthRecord], errors=(NotFound,))  # fmt: skip
async def find(request: web.Request) -> web.Response:
    """The newest first, at most 5000, and at most 16 MiB of `healthJSON`.

    When there may be more, `Link` tells the address of the next page, for the same body.
    """
    body = parse_body(HealthQuery, await request.read())
    after = parse_body(DatedPageQuery, query_of(request)).place
    return await reply_dated_page(request, await _health(request).find(caller_of(request), body, after))


@Operation("Draw a device's health over time", body=ChartQuery, answer=Chart, variables=_OF_DEVICE, errors=(NotFound,))
async def chart(request: web.Request) -> web.Response:
    """Numbers, and texts that are numbers. Of many records an even choice is drawn: `count`, else 500, at most 1000."""
    body = parse_body(ChartQuery, await request.read())
    drawn = await _health(request).chart(caller_of(request), key_of(request), body)
    return reply_text(await asyncio.to_thread(encode, drawn))


ROUTES = (
    web.route("POST", "/v1/devicehealth{slash:/?}", create),
    web.route("POST", "/v1/devicehealth/updatelatest{slash:/?}", update_latest),
    web.route("POST", "/v1/devicehealth/list{slash:/?}", find),
    web.route("GET", "/v1/devicehealth/getlatest/{key:[0-9]{1,18}}{slash:/?}", latest),
    web.route("GET", "/v1/devicehealth/{key:[0-9]{1,18}}{slash:/?}", show),
    web.route("PUT", "/v1/devicehealth/{key:[0-9]{1,18}}{slash:/?}", update),
    web.route("POST", "/v1/device/{key:[0-9]{1,18}}/health/linechart{slash:/?}", chart),
)
