"""Routes of tokens for media servers, and the one that a media server asks."""

from aiohttp import web

from presets_store.api.answers import reply
from presets_store.api.documentation import Access, Operation
from presets_store.api.keys import FAILURES, SERVICES, caller_of
from presets_store.api.people.limits import Tried
from presets_store.api.people.peers import address_of
from presets_store.protocol.media.tokens import MediaPath, MediaRequest, MediaToken, SrtCredential
from presets_store.protocol.parsing import parse_body
from presets_store.services.media.errors import MediaRefused, MediaTokenMissing
from presets_store.services.media.tokens import MediaAction


@Operation("Make a token to publish", body=MediaPath, answer=MediaToken)
async def publish_token(request: web.Request) -> web.Response:
    """For one path, for 5 minutes: until then a connection can be made, which then goes on."""
    return await _token(request, MediaAction.PUBLISH)


@Operation("Make a token to read", body=MediaPath, answer=MediaToken)
async def read_token(request: web.Request) -> web.Response:
    """For one path, for 5 minutes."""
    return await _token(request, MediaAction.READ)


@Operation("Make a user and password to publish by SRT", body=MediaPath, answer=SrtCredential)
async def srt_credential(request: web.Request) -> web.Response:
    """A token to publish, in the form that a stream id takes: `publish:<streamPath>:<user>:<password>`."""
    body = parse_body(MediaPath, await request.read())
    return reply(await request.app[SERVICES].media.tokens.srt_credential(caller_of(request), body.stream_path))


@Operation(
    "Whether a media server may let somebody in",
    body=MediaRequest,
    access=Access.TOKEN,
    errors=(MediaTokenMissing, MediaRefused),
)
async def authorise(request: web.Request) -> web.Response:
    """200 when the token allows the action on the path; 401 when there is none, 403 when it does not."""
    body = parse_body(MediaRequest, await request.read())
    # One address asks for all of a media server's clients, who must not lock out each other.
    with request.app[FAILURES].guess(address_of(request), (MediaRefused,), (Tried.MEDIA, body.ip)):
        request.app[SERVICES].media.tokens.check(body)
    return reply(None)


async def _token(request: web.Request, action: MediaAction) -> web.Response:
    body = parse_body(MediaPath, await request.read())
    return reply(await request.app[SERVICES].media.tokens.token(caller_of(request), action, body.stream_path))


ROUTES = (
    web.route("POST", "/v1/token/mediarouter/publish{slash:/?}", publish_token),
    web.route("POST", "/v1/token/mediarouter/read{slash:/?}", read_token),
    web.route("POST", "/v1/srt/publish-credential{slash:/?}", srt_credential),
    web.route("POST", "/v1/mediarouter/auth{slash:/?}", authorise),
)
