"""Channels of notification: where users are told of what their scripts see."""

from aiohttp import web

from presets_store.api.answers import reply
from presets_store.api.documentation import Operation
from presets_store.api.keys import SERVICES, caller_of, key_of, query_of
from presets_store.protocol.parsing import parse_body
from presets_store.protocol.scripts.channels import (
    ChannelPage,
    ChannelRecord,
    ChannelsQuery,
    ChannelTest,
    CreateChannel,
    UpdateChannel,
)
from presets_store.rules.scripts.errors import BadScript
from presets_store.services.errors import InvalidInput, NotFound
from presets_store.services.scripts.channels import ChannelsService
from presets_store.services.scripts.errors import ChannelMirrored, ChannelUnderTest, TooManyChannels


def _channels(request: web.Request) -> ChannelsService:
    return request.app[SERVICES].scripts.channels


@Operation(
    "Create a notification channel",
    body=CreateChannel,
    answer=ChannelRecord,
    errors=(InvalidInput, BadScript, TooManyChannels),
)
async def create(request: web.Request) -> web.Response:
    """Its URL is never shown again. One that no service understands is refused; nobody is asked for that."""
    body = parse_body(CreateChannel, await request.read())
    return reply(await _channels(request).create(caller_of(request), body))


@Operation("List the notification channels", query=ChannelsQuery, answer=ChannelPage)
async def list_all(request: web.Request) -> web.Response:
    """One's own; for administrators of all devices those of everyone."""
    query = parse_body(ChannelsQuery, query_of(request))
    return reply(await _channels(request).list(caller_of(request), query, request.path))


@Operation("Show a notification channel", answer=ChannelRecord, errors=(NotFound,))
async def show(request: web.Request) -> web.Response:
    return reply(await _channels(request).get(caller_of(request), key_of(request)))


@Operation(
    "Change a notification channel",
    body=UpdateChannel,
    answer=ChannelRecord,
    errors=(InvalidInput, BadScript, NotFound, ChannelMirrored),
)
async def update(request: web.Request) -> web.Response:
    """What the body gives. The channel stays with its user."""
    body = parse_body(UpdateChannel, await request.read())
    return reply(await _channels(request).update(caller_of(request), key_of(request), body))


@Operation("Delete a notification channel", writes=True, status=204, errors=(NotFound, ChannelMirrored))
async def delete(request: web.Request) -> web.Response:
    """What still waits there is told nobody."""
    await _channels(request).delete(caller_of(request), key_of(request))
    return web.Response(status=204)


@Operation("Test a notification channel", answer=ChannelTest, errors=(NotFound, ChannelUnderTest))
async def test(request: web.Request) -> web.Response:
    """Sends a text there, whatever the channel's hours and status, and tells what became of it. It is tried once."""
    return reply(await _channels(request).test(caller_of(request), key_of(request)))


ROUTES = (
    web.route("POST", "/api/v1/channels{slash:/?}", create),
    web.route("GET", "/api/v1/channels{slash:/?}", list_all),
    web.route("GET", "/api/v1/channels/{key:[0-9]{1,18}}{slash:/?}", show),
    web.route("PUT", "/api/v1/channels/{key:[0-9]{1,18}}{slash:/?}", update),
    web.route("DELETE", "/api/v1/channels/{key:[0-9]{1,18}}{slash:/?}", delete),
    web.route("POST", "/api/v1/channels/{key:[0-9]{1,18}}/test{slash:/?}", test),
)
