"""Routes of access keys, for administrators."""

from aiohttp import web

from presets_store.api.answers import reply
from presets_store.api.documentation import Operation
from presets_store.api.keys import SERVICES, caller_of, key_of
from presets_store.protocol.keys import ApiKeyRecord, CreateApiKey, DescribeApiKey
from presets_store.protocol.parsing import parse_body
from presets_store.services.errors import InvalidInput, KeyRevoked, NotFound
from presets_store.services.people.keys import KeysService, NewKey


def _keys(request: web.Request) -> KeysService:
    return request.app[SERVICES].keys


async def _shown_once(request: web.Request, new: NewKey) -> web.Response:
    record = await _keys(request).get(caller_of(request), new.key)
    return reply(record.model_copy(update={"secret_key": new.secret}))


@Operation(
    "Make an access key",
    body=CreateApiKey,
    answer=ApiKeyRecord,
    errors=(InvalidInput, NotFound),
)
async def create(request: web.Request) -> web.Response:
    """The answer is the only place in which `secretKey` is ever shown.

    Whose keys are whose, `GET /v1/user/{key}/apikey/list` tells.
    """
    caller, body = caller_of(request), parse_body(CreateApiKey, await request.read())
    return await _shown_once(request, await _keys(request).create(caller, body.api_key_description, body.user_id))


@Operation("List the access keys", answer=list[ApiKeyRecord])
async def list_all(request: web.Request) -> web.Response:
    """Revoked ones too; without their secrets."""
    return reply(await _keys(request).list(caller_of(request)))


@Operation("Show an access key", answer=ApiKeyRecord, errors=(NotFound,))
async def show(request: web.Request) -> web.Response:
    """Without its secret."""
    return reply(await _keys(request).get(caller_of(request), key_of(request)))


@Operation("Describe an access key", body=DescribeApiKey, writes=True, errors=(NotFound,))
async def describe(request: web.Request) -> web.Response:
    """Nothing else of a key can be changed."""
    caller, body = caller_of(request), parse_body(DescribeApiKey, await request.read())
    await _keys(request).describe(caller, key_of(request), body.api_key_description)
    return reply(None)


@Operation("Revoke an access key", writes=True, errors=(NotFound,))
async def revoke(request: web.Request) -> web.Response:
    """At once and for good; also the last one. The key stays in the list."""
    await _keys(request).revoke(caller_of(request), key_of(request))
    return reply(None)


@Operation(
    "Replace an access key",
    answer=ApiKeyRecord,
    errors=(NotFound, KeyRevoked, InvalidInput),
)
async def rotate(request: web.Request) -> web.Response:
    """Answers a new pair, with its secret; the old one is revoked in the same moment."""
    return await _shown_once(request, await _keys(request).rotate(caller_of(request), key_of(request)))


ROUTES = (
    web.route("POST", "/v1/apikey{slash:/?}", create),
    web.route("GET", "/v1/apikey/list{slash:/?}", list_all),
    web.route("GET", "/v1/apikey/{key:[0-9]{1,18}}{slash:/?}", show),
    web.route("PUT", "/v1/apikey/{key:[0-9]{1,18}}{slash:/?}", describe),
    web.route("DELETE", "/v1/apikey/{key:[0-9]{1,18}}{slash:/?}", revoke),
    web.route("POST", "/v1/apikey/{key:[0-9]{1,18}}/rotate{slash:/?}", rotate),
)
