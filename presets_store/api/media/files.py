"""Routes of files: announced, sent to a signed address, fetched from another."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import quote

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.web_request import BaseRequest

from presets_store.api.answers import reply
from presets_store.api.documentation import NAMED_DEVICE, Access, Operation
from presets_store.api.keys import SERVICES, caller_of, key_of
from presets_store.protocol.clips import FileRecord, SignedUrlWithId
from presets_store.protocol.events import DeviceReference
from presets_store.protocol.media.files import CreateFile
from presets_store.protocol.parsing import parse_body
from presets_store.services.errors import NotFound
from presets_store.services.media.addresses import TOKEN
from presets_store.services.media.errors import (
    AddressRefused,
    AddressUnknown,
    BytesDiffer,
    FileGone,
    FileKept,
    FileTooLarge,
    NoRoom,
    NotUploaded,
    OffsetDiffers,
    RangeUnusable,
    RecordingHeld,
    StoreFailed,
    Superseded,
    TooManyTransfers,
    UploadsOff,
)
from presets_store.services.media.files import Download, Part

BYTES = "application/octet-stream"

STALLED_SECONDS = 30.0
"""A sender that sends nothing for so long is let go."""

SLOWEST = 10_000
"""Bytes a second below which a receiver is let go, after a minute."""

_PIECE = 256 * 1024
_ANNOUNCED = (*NAMED_DEVICE, UploadsOff, FileTooLarge, AddressUnknown, StoreFailed)
_HEADERS = {
    "Content-Type": BYTES,
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "private, no-store",
}


@Operation("Announce a file", body=CreateFile, answer=FileRecord, writes=True, errors=_ANNOUNCED)
async def announce(request: web.Request) -> web.Response:
    """`fileLocation` is where its bytes are to be PUT, within the hour; then tell that it was sent.

    One that never comes is forgotten after a day.
    """
    body = parse_body(CreateFile, await request.read())
    return reply(await request.app[SERVICES].media.files.announce(caller_of(request), body))


@Operation("Announce a temporary file", body=CreateFile, answer=SignedUrlWithId, writes=True, errors=_ANNOUNCED)
async def announce_temporary(request: web.Request) -> web.Response:
    """It is removed after a day, and has no key."""
    body = parse_body(CreateFile, await request.read())
    return reply(await request.app[SERVICES].media.files.announce_temporary(caller_of(request), body))


@Operation(
    "Tell that a file was sent",
    body=DeviceReference,
    writes=True,
    errors=(NotFound, FileGone, NotUploaded, BytesDiffer, StoreFailed),
)
async def uploaded(request: web.Request) -> web.Response:
    """From then on it can be fetched. What the body says is not needed."""
    await request.app[SERVICES].media.files.uploaded(caller_of(request), key_of(request))
    return reply(None)


@Operation("Show a file", answer=FileRecord, errors=(NotFound, FileGone, AddressUnknown, StoreFailed))
async def show(request: web.Request) -> web.Response:
    """`fileLocation` is where its bytes can be fetched, for an hour; empty until they are here."""
    return reply(await request.app[SERVICES].media.files.get(caller_of(request), key_of(request)))


@Operation(
    "Remove a file",
    writes=True,
    variables={"device": "The key of the file's device."},
    errors=(NotFound, FileGone, FileKept, RecordingHeld, StoreFailed),
)
async def remove(request: web.Request) -> web.Response:
    """Its record and its bytes. A recording of this device goes with all that lies beside it."""
    await request.app[SERVICES].media.files.remove(caller_of(request), key_of(request, "device"), key_of(request))
    return reply(None)


@Operation(
    "Send a file to its address",
    access=Access.ADDRESS,
    variables={"guid": "Part of the address."},
    headers=("Content-Range",),
    errors=(
        AddressRefused, FileTooLarge, RangeUnusable, OffsetDiffers, Superseded, BytesDiffer, NoRoom, StoreFailed,
        TooManyTransfers,
    ),
)  # fmt: skip
async def receive(request: web.Request) -> web.Response:
    """The raw bytes: as many as were announced, with the SHA-256 that was announced. A repeat is harmless.

    With `Content-Range: bytes <first>-<last>/<size>` the rest of what an earlier request began: from the byte that HEAD
    answers as `Upload-Offset` to the last one.
    """
    files, guid = request.app[SERVICES].media.files, request.match_info["guid"]
    part = Part(request.content_length, request.headers.get("Content-Range", ""))
    await files.receive(guid, request.query.get(TOKEN, ""), part, _pieces(request))
    return reply(None)


@Operation(
    "Ask how much of a file was sent",
    access=Access.ADDRESS,
    variables={"guid": "Part of the address."},
    errors=(AddressRefused, FileGone, StoreFailed),
)
async def ask(request: web.Request) -> web.StreamResponse:
    """At the address to send it to: `Upload-Offset` is how many of its bytes are here, `Upload-Length` how many it has.
    What is still being sent of it is ended. At the address to fetch it from: what GET answers, without the bytes.
    """
    files, guid, token = request.app[SERVICES].media.files, request.match_info["guid"], request.query.get(TOKEN, "")
    if not files.is_for_upload(guid, token):
        return await send(request)
    here, size = await files.received(guid, token)
    return web.Response(headers={"Upload-Offset": str(here), "Upload-Length": str(size), **_HEADERS})


@Operation(
    "Fetch a file from its address",
    media=(BYTES,),
    ranges=True,
    access=Access.ADDRESS,
    variables={"guid": "Part of the address."},
    errors=(AddressRefused, FileGone, StoreFailed),
)
async def send(request: web.Request) -> web.StreamResponse:
    """To be kept, whatever is in it: never shown or run in place. `Range` is understood."""
    files, guid = request.app[SERVICES].media.files, request.match_info["guid"]
    return _Bytes(await files.open(guid, request.query.get(TOKEN, "")))


class _Bytes(web.FileResponse):
    """A file that is taken at some speed or let go: who takes nothing must not hold a connection for ever."""

    def __init__(self, download: Download) -> None:
        name = download.filename.replace("\\", "/").rpartition("/")[2]
        kept = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
        super().__init__(download.path, headers={**_HEADERS, **kept})
        self._within = 60.0 + download.size / SLOWEST

    async def prepare(self, request: BaseRequest) -> AbstractStreamWriter | None:
        try:
            async with asyncio.timeout(self._within):
                return await super().prepare(request)
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
            raise ConnectionResetError("the receiver takes nothing") from None


async def _pieces(request: web.Request) -> AsyncIterator[bytes]:
    """The body as it comes."""
    while not request.content.at_eof():
        try:
            async with asyncio.timeout(STALLED_SECONDS):
                piece = await request.content.read(_PIECE)
        except TimeoutError:
            raise web.HTTPRequestTimeout from None
        if piece:
            yield piece


_KEY = "{key:[0-9]{1,18}}{slash:/?}"
_CONTENT = "/v1/file/content/{guid:[0-9a-f-]{36}}{slash:/?}"

ROUTES = (
    web.route("POST", "/v1/file{slash:/?}", announce),
    web.route("POST", "/v1/file/temp{slash:/?}", announce_temporary),
    web.route("POST", f"/v1/file/success/{_KEY}", uploaded),
    web.get(f"/v1/file/{_KEY}", show),
    web.route("DELETE", f"/v1/device/{{device:[0-9]{{1,18}}}}/file/{_KEY}", remove),
    web.route("PUT", _CONTENT, receive),
    web.head(_CONTENT, ask),
    web.get(_CONTENT, send, allow_head=False),
)
