"""Routes of devices that mirror the scripts of their hub. Ours beside the contract."""

import asyncio
import hashlib
from typing import Final

from aiohttp import web

from presets_store.api.answers import reply, reply_text
from presets_store.api.documentation import Operation
from presets_store.api.keys import SERVICES, caller_of, header_of, key_of
from presets_store.protocol.cameras import CameraRecord
from presets_store.protocol.parsing import parse_body_list
from presets_store.protocol.scripts.mirroring import (
    MOST_CAMERAS,
    MOST_TOLD,
    DeclaredCamera,
    DeviceScripts,
    FiredTrigger,
)
from presets_store.services.answers import encode
from presets_store.services.errors import InvalidInput, NotFound

_DEVICE: Final = {"key": "The device's key."}


@Operation(
    "Fetch the scripts of a device",
    answer=DeviceScripts,
    headers=("If-None-Match",),
    variables=_DEVICE,
    errors=(NotFound,),
)
async def fetch(request: web.Request) -> web.Response:
    """For the device itself: the scripts that may fire there, and what they need there, so that it goes on alone.

    `ETag` names this version of them: sent back as `If-None-Match` it is answered with 304 while they are the same.
    """
    known = header_of(request, "If-None-Match")
    given = await request.app[SERVICES].scripts.mirroring.for_device(caller_of(request), key_of(request))
    text = await asyncio.to_thread(encode, given)
    version = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    if known.removeprefix("W/") == version:  # a proxy that compresses says so
        return web.Response(status=304, headers={"ETag": version})
    response = reply_text(text)
    response.headers["ETag"] = version
    return response


@Operation(
    "Tell which scripts fired on a device",
    body=list[FiredTrigger],
    writes=True,
    variables=_DEVICE,
    errors=(NotFound,),
)
async def fired(request: web.Request) -> web.Response:
    """For the device itself: what it saw or was told, and which of its hub's scripts fired at that, oldest first.

    A trigger is known by its UUID; a repeat changes nothing. Users whom the device has told are not told again.
    """
    told = parse_body_list(FiredTrigger, await request.read(), max_items=MOST_TOLD)
    await request.app[SERVICES].scripts.firing.take(caller_of(request), key_of(request), told)
    return reply(None)


@Operation(
    "Tell which cameras a device has",
    body=list[DeclaredCamera],
    answer=list[CameraRecord],
    writes=True,
    variables=_DEVICE,
    errors=(NotFound, InvalidInput),
)
async def declare(request: web.Request) -> web.Response:
    """For the device itself: all of its cameras. One that is known by its `cameraID` keeps its key and the name that it
    was given here; one that is missing is forgotten, with the analytic cases on it.
    """
    wanted = parse_body_list(DeclaredCamera, await request.read(), max_items=MOST_CAMERAS)
    return reply(await request.app[SERVICES].cameras.told(caller_of(request), key_of(request), wanted))


ROUTES = (
    web.route("GET", "/v1/device/{key:[0-9]{1,18}}/scripts{slash:/?}", fetch),
    web.route("POST", "/v1/device/{key:[0-9]{1,18}}/scripts/fired{slash:/?}", fired),
    web.route("POST", "/v1/device/{key:[0-9]{1,18}}/cameras{slash:/?}", declare),
)
