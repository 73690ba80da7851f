"""Routes of notifications: what users are told."""

from aiohttp import web

from presets_store.api.answers import reply, reply_list
from presets_store.api.documentation import Operation
from presets_store.api.keys import SERVICES, caller_of, key_of, query_of
from presets_store.protocol.fleet.messages import CreateNotification, NotificationQuery, UpdateNotification
from presets_store.protocol.parsing import parse_body
from presets_store.protocol.telemetry import NotificationRecord
from presets_store.services.errors import InvalidInput, NotFound
from presets_store.services.fleet.notifications import NotificationsService


def _notifications(request: web.Request) -> NotificationsService:
    return request.app[SERVICES].telemetry.notifications


@Operation("Notify a user, or all who may see a device", body=CreateNotification, writes=True,
           errors=(NotFound, InvalidInput))  # fmt: skip
async def create(request: web.Request) -> web.Response:
    """Without `userID` and `deviceID`: the caller himself."""
    body = parse_body(CreateNotification, await request.read())
    await _notifications(request).create(caller_of(request), body)
    return reply(None)


@Operation("List notifications", query=NotificationQuery, answer=list[NotificationRecord])
async def find(request: web.Request) -> web.Response:
    """The caller's own and those for all, newest first, at most 200; archived ones are left out."""
    query = parse_body(NotificationQuery, query_of(request))
    return await reply_list(await _notifications(request).find(caller_of(request), query))


@Operation("Show a notification", answer=NotificationRecord, errors=(NotFound,))
async def show(request: web.Request) -> web.Response:
    return reply(await _notifications(request).get(caller_of(request), key_of(request)))


@Operation("Change a notification", body=UpdateNotification, writes=True, errors=(NotFound,))
async def update(request: web.Request) -> web.Response:
    """What the body gives; all other members are read and ignored."""
    body = parse_body(UpdateNotification, await request.read())
    await _notifications(request).update(caller_of(request), key_of(request), body)
    return reply(None)


@Operation("Remove a notification", writes=True, errors=(NotFound,))
async def delete(request: web.Request) -> web.Response:
    await _notifications(request).delete(caller_of(request), key_of(request))
    return reply(None)


ROUTES = (
    web.route("POST", "/v1/notification{slash:/?}", create),
    web.route("GET", "/v1/notification/list{slash:/?}", find),
    web.route("GET", "/v1/notification/{key:[0-9]{1,18}}{slash:/?}", show),
    web.route("PUT", "/v1/notification/{key:[0-9]{1,18}}{slash:/?}", update),
    web.route("DELETE", "/v1/notification/{key:[0-9]{1,18}}{slash:/?}", delete),
)
