"""The access keys of whoever signs: how a device changes from one to the next."""

from aiohttp import web

from presets_store.api.answers import reply
from presets_store.api.documentation import Operation
from presets_store.api.keys import SERVICES, caller_of
from presets_store.protocol.keys import ApiKeyRecord, RevokedKeys
from presets_store.services.errors import InvalidInput
from presets_store.services.people.errors import KeyMissing, TooManyKeys


@Operation("Make a further access key for oneself", answer=ApiKeyRecord, errors=(InvalidInput, KeyMissing, TooManyKeys))
async def create(request: web.Request) -> web.Response:
    """For who signs with an access key and has the permission `report`; the key that signs stays as it is.

    The answer is the only place in which `secretKey` is ever shown. Two keys may be active: if the answer got lost,
    `DELETE /v1/apikey/own/others` takes the key away that nobody knows.
    """
    return reply(await request.app[SERVICES].people.own_keys.create(caller_of(request)))


@Operation("Revoke one's other access keys", answer=RevokedKeys, writes=True, errors=(KeyMissing,))
async def revoke_others(request: web.Request) -> web.Response:
    """All of the same user but the one that signs; a repeat is harmless."""
    return reply(await request.app[SERVICES].people.own_keys.revoke_others(caller_of(request)))


ROUTES = (
    web.route("POST", "/v1/apikey/own{slash:/?}", create),
    web.route("DELETE", "/v1/apikey/own/others{slash:/?}", revoke_others),
)
