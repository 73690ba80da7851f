"""`GET /v1/live`: changes as server-sent events."""

import asyncio
import json

from aiohttp import web

from presets_store.api.documentation import Operation
from presets_store.api.errors import TooManyListeners
from presets_store.api.keys import CLOCK, SERVICES, SETTINGS, caller_of
from presets_store.protocol.live import LiveMessage
from presets_store.services.devices import DevicesService
from presets_store.services.live import Subscription
from presets_store.services.wakeups import signalled

STALLED_SECONDS = 60.0
"""A listener that takes no byte for so long is let go."""

_HEADERS = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_ALIVE = b": alive\n\n"


@Operation(
    "Follow changes as they happen",
    answer=LiveMessage,
    content_type="text/event-stream",
    errors=(TooManyListeners,),
)
async def live(request: web.Request) -> web.StreamResponse:
    """Of the devices in the caller's reach, until the listener goes, its access key is revoked, or the server stops.

    A comment line now and then shows that the line is up.
    """
    services, clock, pause = request.app[SERVICES], request.app[CLOCK], request.app[SETTINGS].heartbeat
    if services.live.full:
        raise TooManyListeners
    response = web.StreamResponse(headers=_HEADERS)
    with services.live.listening(caller_of(request)) as subscription:
        try:
            await response.prepare(request)
            await _write(response, _ALIVE)
            while not subscription.closed:
                await _send_all(response, subscription, services.devices)
                if not await signalled(subscription.ready, clock, pause):
                    await _write(response, _ALIVE)
        except (ConnectionResetError, TimeoutError):
            request.protocol.force_close()
    return response


async def _send_all(response: web.StreamResponse, subscription: Subscription, devices: DevicesService) -> None:
    while (message := subscription.take()) is not None:
        dropped = subscription.take_dropped()
        if dropped:
            await _write(response, f"event: lagged\ndata: {json.dumps({'dropped': dropped})}\n\n".encode())
        if message.is_for(subscription.caller.principal.user_key) and await devices.reaches(
            subscription.caller, message.device_id
        ):
            await _write(response, message.server_sent())


async def _write(response: web.StreamResponse, data: bytes) -> None:
    async with asyncio.timeout(STALLED_SECONDS):
        await response.write(data)


ROUTES = (web.get("/v1/live{slash:/?}", live, allow_head=False),)
