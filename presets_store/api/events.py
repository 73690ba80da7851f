"""Routes of events."""

from aiohttp import web

from presets_store.api.answers import reply, reply_list
from presets_store.api.keys import SERVICES, SETTINGS, caller_of, header_of, key_of
from presets_store.protocol.events import (
    CreateEvent,
    DequeueEvent,
    EventRecordUpload,
    PendingQuery,
    ProgressUpdate,
    StatusUpdate,
    UpdateEvent,
)
from presets_store.protocol.filters import DateAndCountFilter
from presets_store.protocol.parsing import parse_body
from presets_store.services.events import EventsService


def _events(request: web.Request) -> EventsService:
    return request.app[SERVICES].events


async def create(request: web.Request) -> web.Response:
    body = parse_body(CreateEvent, await request.read())
    return reply(await _events(request).create(caller_of(request), body))


async def show(request: web.Request) -> web.Response:
    return reply(await _events(request).get(key_of(request)))


async def update(request: web.Request) -> web.Response:
    body = parse_body(UpdateEvent, await request.read())
    token, boot_id = header_of(request, "X-Checkout-Token"), header_of(request, "X-Boot-ID")
    await _events(request).update(caller_of(request), key_of(request), body, token=token, boot_id=boot_id)
    return reply(None)


async def progress(request: web.Request) -> web.Response:
    body = parse_body(ProgressUpdate, await request.read())
    token = header_of(request, "X-Checkout-Token")
    await _events(request).progress(caller_of(request), key_of(request), body, token=token)
    return reply(None)


async def set_status(request: web.Request) -> web.Response:
    body = parse_body(StatusUpdate, await request.read())
    await _events(request).set_status(caller_of(request), body)
    return reply(None)


async def find(request: web.Request) -> web.Response:
    body = parse_body(DateAndCountFilter, await request.read())
    return await reply_list(await _events(request).find(body))


async def dequeue(request: web.Request) -> web.Response:
    body = parse_body(DequeueEvent, await request.read())
    return reply(await _events(request).dequeue(caller_of(request), body))


async def pending(request: web.Request) -> web.Response:
    return reply(await _events(request).first_pending(parse_body(PendingQuery, await request.read())))


async def long_poll(request: web.Request) -> web.Response:
    query = parse_body(PendingQuery, await request.read())
    hold = request.app[SETTINGS].long_poll_hold
    return reply(await _events(request).wait_for_pending(query, hold))


async def clear_pending(request: web.Request) -> web.Response:
    return await reply_list(await _events(request).clear_pending(caller_of(request), key_of(request)))


async def end(request: web.Request) -> web.Response:
    return reply(await _events(request).end(caller_of(request), key_of(request)))


async def record(request: web.Request) -> web.Response:
    body = parse_body(EventRecordUpload, await request.read())
    return reply(await _events(request).record(caller_of(request), body))


ROUTES = (
    web.route("POST", "/v1/event{slash:/?}", create),
    web.route("POST", "/v1/event/dequeue{slash:/?}", dequeue),
    web.route("POST", "/v1/event/list{slash:/?}", find),
    web.route("POST", "/v1/event/list/pending{slash:/?}", pending),
    web.route("POST", "/v1/event/list/pending/longpoll{slash:/?}", long_poll),
    web.route("DELETE", "/v1/event/list/pending/{key:[0-9]{1,18}}{slash:/?}", clear_pending),
    web.route("POST", "/v1/event/endprocess/{key:[0-9]{1,18}}{slash:/?}", end),
    web.route("POST", "/v1/event/record{slash:/?}", record),
    web.route("PATCH", "/v1/event/status{slash:/?}", set_status),
    web.route("GET", "/v1/event/{key:[0-9]{1,18}}{slash:/?}", show),
    web.route("PUT", "/v1/event/{key:[0-9]{1,18}}{slash:/?}", update),
    web.route("PATCH", "/v1/event/{key:[0-9]{1,18}}/progress{slash:/?}", progress),
)
