"""Pictures of a camera for people: a snapshot, moving pictures, HLS streams, and links for browsers."""

import asyncio
import math
from typing import Annotated, Protocol

from aiohttp import HttpVersion11, web
from pydantic import Field

from agent.viewing.errors import CameraSilent, TooManyViewers
from agent.viewing.screen import BOUNDARY, JPEG, MULTIPART, Screen
from agent.viewing.viewers import Look, Viewers, Viewing
from presets_store.api.answers import reply
from presets_store.api.documentation import Access, Operation
from presets_store.api.keys import CLOCK, LINK_SECONDS, LINKS, SERVICES, caller_of, query_of
from presets_store.api.links import LONGEST
from presets_store.clock import micros
from presets_store.protocol.base import WireModel
from presets_store.protocol.fields import Moment, Name, NotNegative, Text
from presets_store.protocol.parsing import parse_body
from presets_store.rules.permissions import Permission
from presets_store.rules.targeting import CameraUnknown

FIRST_WITHIN = 10.0
"""Seconds for the first picture: a camera may have to be opened."""

STALLED_SECONDS = 10.0
"""A viewer that does not take a picture for so long is let go."""

LOOK_EVERY = 1.0
"""Seconds between two looks at how a viewer does."""

_NO_STORE = {"Cache-Control": "no-store"}
_MOVING = {**_NO_STORE, "Content-Type": f"{MULTIPART}; boundary={BOUNDARY}", "X-Accel-Buffering": "no"}

CAMERA = {"camera": "The id of the camera, its name or its key."}

VIEWING = web.AppKey("viewing", Viewing)


class Address(Protocol):
    """Where this API is reached by TCP."""

    url: str


ADDRESS: web.AppKey[Address] = web.AppKey("address", Address)


class SnapshotQuery(WireModel):
    """Query of a snapshot. `width`: at most so many pixels; 0: as the camera gives it."""

    width: Annotated[int, Field(ge=0, le=16384)] = 0


class MovingQuery(SnapshotQuery):
    """Query of moving pictures. `fps`: at most so many a second; 0: all."""

    fps: Annotated[NotNegative, Field(le=1000)] = 0.0


class AskLink(WireModel):
    """Body of `POST /v1/camera/{camera}/viewlink` (ours)."""

    lifetime_seconds: Annotated[int, Field(ge=1, le=LONGEST)] = 3600


class ViewLink(WireModel):
    """Answer of `POST /v1/camera/{camera}/viewlink` (ours).

    `mjpeg` and `snapshot` are paths with the token; `?token=` and it open the camera's HLS streams too. `address` is
    where the device itself serves them.
    """

    mjpeg: Text
    snapshot: Text
    token: Name
    address: Text
    expires_date: Moment


@Operation(
    "A picture of a camera, now",
    query=SnapshotQuery,
    media=(JPEG,),
    access=Access.LINK,
    variables=CAMERA,
    errors=(CameraUnknown, CameraSilent, TooManyViewers),
)
async def snapshot(request: web.Request) -> web.Response:
    """Captured after the request. A camera that is closed is opened for it."""
    query = parse_body(SnapshotQuery, query_of(request))
    picture = await (await viewers_of(request)).snapshot(query.width, FIRST_WITHIN)
    return web.Response(body=picture.jpeg, content_type=JPEG, headers=_NO_STORE)


@Operation(
    "Moving pictures of a camera",
    query=MovingQuery,
    media=(MULTIPART,),
    access=Access.LINK,
    variables=CAMERA,
    errors=(CameraUnknown, CameraSilent, TooManyViewers),
)
async def mjpeg(request: web.Request) -> web.StreamResponse:
    """JPEGs one after the other, as an `<img>` shows them.

    Whoever takes them too slowly misses some. When the camera is lost the last one stays until there is another.
    """
    query = parse_body(MovingQuery, query_of(request))
    viewers, screen = await viewers_of(request), Screen()
    watching = asyncio.create_task(viewers.watch(Look(query.width, query.fps), screen.show))
    try:
        await asyncio.wait((watching, screen.first), timeout=FIRST_WITHIN, return_when=asyncio.FIRST_COMPLETED)
        if watching.done():
            watching.result()  # it was refused
        if not screen.first.done():
            raise viewers.silence(FIRST_WITHIN)
        return await _show(request, screen, watching)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def _show(request: web.Request, screen: Screen, watching: "asyncio.Task[None]") -> web.StreamResponse:
    """Until there is nothing more to see, the link's time is over, or the viewer takes nothing any more."""
    response = web.StreamResponse(headers=_MOVING)
    response.force_close()
    if request.version >= HttpVersion11:
        response.enable_chunked_encoding()
    await response.prepare(request)
    await response.write(b"")  # the headers
    if request.transport is not None:
        screen.switch_on(request.transport, chunked=response.chunked)
    loop = asyncio.get_running_loop()
    ends = loop.time() + request.get(LINK_SECONDS, math.inf)
    while not watching.done() and screen.wait() < STALLED_SECONDS and loop.time() < ends:
        await asyncio.wait((watching,), timeout=LOOK_EVERY)
    if request.transport is not None and request.transport.get_write_buffer_size():
        request.transport.abort()  # it might never take the end
    return response


@Operation("Make a link to a camera", body=AskLink, answer=ViewLink, variables=CAMERA, errors=(CameraUnknown,))
async def view_link(request: web.Request) -> web.Response:
    """Whoever has it sees the camera, and can do nothing else. It ends after its time, and with the device's agent."""
    body = parse_body(AskLink, await request.read())
    camera_id = (await viewers_of(request)).camera_id
    token = request.app[LINKS].token(camera_id, body.lifetime_seconds)
    link = ViewLink(
        mjpeg=f"/v1/camera/{camera_id}/mjpeg?token={token}",
        snapshot=f"/v1/camera/{camera_id}/snapshot?token={token}",
        token=token,
        address=request.app[ADDRESS].url,
        expires_date=micros(request.app[CLOCK].now() + body.lifetime_seconds),
    )
    return reply(link)


async def viewers_of(request: web.Request) -> Viewers:
    """Of the camera in the path, for who may look at this device and who has a link to it.

    Raises CameraUnknown, Forbidden.
    """
    if LINK_SECONDS not in request:
        services = request.app[SERVICES]
        await services.devices.require(caller_of(request), Permission.READ, services.own_device.key)
    return await request.app[VIEWING].of(request.match_info["camera"])


ROUTES = (
    web.get("/v1/camera/{camera}/snapshot{slash:/?}", snapshot, allow_head=False),
    web.get("/v1/camera/{camera}/mjpeg{slash:/?}", mjpeg, allow_head=False),
    web.route("POST", "/v1/camera/{camera}/viewlink{slash:/?}", view_link),
)
