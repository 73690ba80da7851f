"""The files of a camera's HLS streams."""

import asyncio
import re
from pathlib import Path

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.web_request import BaseRequest

from agent.api.preview import CAMERA, viewers_of
from agent.viewing.errors import StreamUnknown
from presets_store.api.authentication import LINK_TOKEN
from presets_store.api.documentation import Access, Operation
from presets_store.rules.targeting import CameraUnknown

HLS_FOLDER = web.AppKey("hls_folder", Path)

PLAYLIST = ".m3u8"
TYPES = {
    PLAYLIST: "application/vnd.apple.mpegurl",
    ".ts": "video/mp2t",
    ".m4s": "video/iso.segment",
    ".mp4": "video/mp4",
}

TAKEN_WITHIN = 60.0
"""Seconds within which a viewer must have taken a file: a stream keeps none for so long."""

_NO_STORE = {"Cache-Control": "no-store"}
_NAME = "[A-Za-z0-9_-]{1,64}"
_FILE = _NAME + r"\.(?:m3u8|ts|m4s|mp4)"
_ADDRESS = re.compile(r"^(?!#)(\S+)$|(?<=URI=\")([^\"]+)(?=\")", re.MULTILINE)


@Operation(
    "A file of an HLS stream",
    media=tuple(TYPES.values()),
    access=Access.LINK,
    variables=CAMERA,
    errors=(CameraUnknown, StreamUnknown),
)
async def file(request: web.Request) -> web.StreamResponse:
    """`index.m3u8` is the one to open. By a link, the addresses in it have the link's token."""
    camera_id = (await viewers_of(request)).camera_id
    name, wanted = request.match_info["name"], request.match_info["file"]
    path = request.app[HLS_FOLDER] / camera_id / name / wanted
    if not await asyncio.to_thread(path.is_file):
        raise StreamUnknown(camera=camera_id, name=name, file=wanted)
    kind = TYPES[path.suffix]
    if path.suffix != PLAYLIST:
        return _Piece(path, headers={**_NO_STORE, "Content-Type": kind})
    try:
        text = await asyncio.to_thread(path.read_text, encoding="utf-8")
    except OSError:  # the stream has ended since
        raise StreamUnknown(camera=camera_id, name=name, file=wanted) from None
    body = linked(text, request.query.get(LINK_TOKEN, "")).encode()
    return web.Response(body=body, content_type=kind, headers=_NO_STORE)


class _Piece(web.FileResponse):
    """A file that is sent in time or not at all: who takes nothing must not hold it, and a connection, for ever."""

    async def prepare(self, request: BaseRequest) -> AbstractStreamWriter | None:
        try:
            async with asyncio.timeout(TAKEN_WITHIN):
                return await super().prepare(request)
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
            raise ConnectionResetError("the viewer takes nothing") from None


def linked(playlist: str, token: str) -> str:
    """The playlist with the token behind each address in it; as it is without one."""
    return _ADDRESS.sub(lambda address: f"{address[0]}?{LINK_TOKEN}={token}", playlist) if token else playlist


ROUTES = (web.get(f"/v1/camera/{{camera}}/hls/{{name:{_NAME}}}/{{file:{_FILE}}}", file, allow_head=False),)
