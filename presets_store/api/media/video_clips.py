"""Routes of video clips."""

from aiohttp import web

from presets_store.api.answers import reply, reply_large, reply_list, reply_text
from presets_store.api.documentation import NAMED_DEVICE, Operation
from presets_store.api.fleet.pages import reply_dated_page
from presets_store.api.keys import SERVICES, caller_of, key_of, query_of
from presets_store.protocol.clips import CreateVideoClip, VideoClipRecord, VideoClipWithNames
from presets_store.protocol.filters import (
    DeviceEpochRange,
    DevicesEpochAndCountFilter,
    DevicesTagFilter,
    VideoClipEpochAndCountFilter,
)
from presets_store.protocol.fleet.pages import DatedPageQuery
from presets_store.protocol.media.tags import MinutesQuery, TaggedVideoClips
from presets_store.protocol.parsing import parse_body, parse_body_list
from presets_store.protocol.system import PatchOperation
from presets_store.services.errors import InvalidInput, NotFound
from presets_store.services.media.errors import FileKept, RecordingHeld, StoreFailed

PATCHED = '"Patch applied successfully."'
SERIAL = {"serial": "The serial number of the device, with or without its blanks."}


class ListQuery(DatedPageQuery):
    """Query of a list. `alldevices`: of all devices in reach, whatever the body names."""

    alldevices: bool = False


@Operation(
    "Tell of a clip",
    identifier="postVideoclipBySerial",
    body=VideoClipRecord,
    answer=VideoClipRecord,
    writes=True,
    variables=SERIAL,
    errors=(*NAMED_DEVICE, InvalidInput),
)
async def tell(request: web.Request) -> web.Response:
    """By its device, or for it. A clip with a `localFilePath` that was told of before is answered as it is."""
    body = parse_body(VideoClipRecord, await request.read())
    (told,) = await request.app[SERVICES].media.video_clips.tell(
        caller_of(request), request.match_info["serial"], [body]
    )
    return reply(told)


@Operation(
    "Tell of clips",
    body=list[VideoClipRecord],
    answer=list[VideoClipRecord],
    writes=True,
    variables=SERIAL,
    errors=(*NAMED_DEVICE, InvalidInput),
)
async def tell_list(request: web.Request) -> web.Response:
    """All or none of them are taken."""
    bodies = parse_body_list(VideoClipRecord, await request.read())
    return await reply_list(
        await request.app[SERVICES].media.video_clips.tell(caller_of(request), request.match_info["serial"], bodies)
    )


@Operation(
    "Create a clip", body=CreateVideoClip, answer=VideoClipRecord, writes=True, errors=(*NAMED_DEVICE, InvalidInput)
)
async def create(request: web.Request) -> web.Response:
    """For people and services; devices tell of theirs under their serial number."""
    body = parse_body(CreateVideoClip, await request.read())
    return reply(await request.app[SERVICES].media.video_clips.create(caller_of(request), body))


@Operation("Show a clip", answer=VideoClipRecord, errors=(NotFound,))
async def show(request: web.Request) -> web.Response:
    """Also one whose file is gone: its status says so."""
    return reply(await request.app[SERVICES].media.video_clips.get(caller_of(request), key_of(request)))


@Operation("Change a clip", body=VideoClipRecord, writes=True, errors=(NotFound, InvalidInput))
async def update(request: web.Request) -> web.Response:
    """What the body gives. What the file of a device's own recording says may only be sent back unchanged."""
    body = parse_body(VideoClipRecord, await request.read())
    await request.app[SERVICES].media.video_clips.update(caller_of(request), key_of(request), body)
    return reply(None)


@Operation(
    "Change a clip's file or status",
    body=list[PatchOperation],
    media=("application/json",),
    errors=(NotFound, InvalidInput),
    writes=True,
)
async def patch(request: web.Request) -> web.Response:
    """`fieldName` is `fileID` or `videoClipStatus`, in any case; the file must be one of the clip's device."""
    operations = parse_body_list(PatchOperation, await request.read())
    await request.app[SERVICES].media.video_clips.patch(caller_of(request), key_of(request), operations)
    return reply_text(PATCHED)


@Operation("Remove a clip", writes=True, errors=(NotFound, FileKept, RecordingHeld, StoreFailed))
async def remove(request: web.Request) -> web.Response:
    """And its file. A recording of this device goes with all that lies beside it."""
    await request.app[SERVICES].media.video_clips.remove(caller_of(request), key_of(request))
    return reply(None)


@Operation(
    "List clips",
    body=VideoClipEpochAndCountFilter,
    query=ListQuery,
    answer=list[VideoClipWithNames],
    errors=(NotFound,),
)
async def find(request: web.Request) -> web.Response:
    """Clips that began in the time asked for, with at least one of the tags asked for; `deviceID` 0: of all devices.

    Those whose file is gone for good are left out. At most 5000 come at once; when there may be more, `Link` tells
    the address of the next page, for the same body.
    """
    query = parse_body(ListQuery, query_of(request))
    body = parse_body(VideoClipEpochAndCountFilter, await request.read())
    service = request.app[SERVICES].media.video_clips
    page = await service.find(caller_of(request), body, query.place, all_devices=query.alldevices)
    return await reply_dated_page(request, page)


@Operation(
    "List clips of some devices",
    body=DevicesEpochAndCountFilter,
    query=DatedPageQuery,
    answer=list[VideoClipRecord],
    errors=(NotFound,),
)
async def find_of_devices(request: web.Request) -> web.Response:
    """An empty `deviceIDList` stands for all devices. Long lists come in pages, as those of one device."""
    after = parse_body(DatedPageQuery, query_of(request)).place
    body = parse_body(DevicesEpochAndCountFilter, await request.read())
    service = request.app[SERVICES].media.video_clips
    return await reply_dated_page(request, await service.find_of_devices(caller_of(request), body, after))


@Operation("List clips by tags", body=DevicesTagFilter, query=MinutesQuery, answer=TaggedVideoClips, errors=(NotFound,))
async def find_tagged(request: web.Request) -> web.Response:
    """With one of the tags, and one whose name has `searchText`; what is empty is open. Also which tags they have."""
    query = parse_body(MinutesQuery, query_of(request))
    body = parse_body(DevicesTagFilter, await request.read())
    service = request.app[SERVICES].media.video_clips
    return await reply_large(await service.find_tagged(caller_of(request), body, query.minutes))


@Operation(
    "List clips to take an extract from", body=DeviceEpochRange, answer=list[VideoClipRecord], errors=NAMED_DEVICE
)
async def find_extractable(request: web.Request) -> web.Response:
    """The device's clips with something of the time asked for, oldest first; an `endEpoch` of 0 is open."""
    body = parse_body(DeviceEpochRange, await request.read())
    return await reply_list(await request.app[SERVICES].media.video_clips.extractable(caller_of(request), body))


_KEY = "{key:[0-9]{1,18}}{slash:/?}"

ROUTES = (
    web.route("POST", "/v1/videoclip{slash:/?}", create),
    web.route("POST", "/v1/videoclip/list{slash:/?}", find),
    web.route("POST", "/v1/videoclip/devices/list{slash:/?}", find_of_devices),
    web.route("POST", "/v1/videoclip/devices/tag/list{slash:/?}", find_tagged),
    web.route("POST", "/v1/videoclip/extract/list{slash:/?}", find_extractable),
    web.route("POST", "/v1/videoclip/createlist/{serial:.+}", tell_list),
    web.get(f"/v1/videoclip/{_KEY}", show),
    web.route("PUT", f"/v1/videoclip/{_KEY}", update),
    web.route("PATCH", f"/v1/videoclip/{_KEY}", patch),
    web.route("DELETE", f"/v1/videoclip/{_KEY}", remove),
)

LAST_ROUTES = (web.route("POST", "/v1/videoclip/{serial:.+}", tell),)
"""After all others that begin like it: a word that is the name of a route is no serial number there."""
