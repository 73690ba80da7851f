"""Routes that only an agent has."""

from aiohttp import web

from agent.api import camera_secrets, hls, preview, setting_up, upstream_keys
from agent.api.status import StatusReader, StatusRecord
from agent.startup.sealkey import SealKey
from agent.startup.starting import Starting
from presets_store.api.answers import reply
from presets_store.api.documentation import Operation
from presets_store.api.keys import caller_of
from presets_store.protocol.base import WireModel
from presets_store.protocol.fields import Int, Name
from presets_store.rules.permissions import Permission

STATUS = web.AppKey("status", StatusReader)
STARTING = web.AppKey("starting", Starting)
SEAL_KEY = web.AppKey("seal_key", SealKey)


class SealKeyRecord(WireModel):
    """Answer of `POST /v1/sealkey/rotate` (ours): the new key's id and how many values were sealed anew with it."""

    key_id: Name
    resealed: Int


@Operation("What the device does, and why", answer=StatusRecord)
async def status(request: web.Request) -> web.Response:
    return reply(await request.app[STATUS].read(caller_of(request), request.app[STARTING].started))


@Operation("Replace the seal key", answer=SealKeyRecord)
async def rotate_seal_key(request: web.Request) -> web.Response:
    caller_of(request).principal.require_everywhere(Permission.ADMINISTER)
    key_id, resealed = await request.app[SEAL_KEY].rotate()
    return reply(SealKeyRecord(key_id=key_id, resealed=resealed))


ROUTES = (
    *preview.ROUTES,
    *hls.ROUTES,
    *camera_secrets.ROUTES,
    *upstream_keys.ROUTES,
    *setting_up.ROUTES,
    web.route("GET", "/v1/status{slash:/?}", status),
    web.route("POST", "/v1/sealkey/rotate{slash:/?}", rotate_seal_key),
)
