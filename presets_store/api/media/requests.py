"""Routes that ask a device to work on its media."""

from aiohttp import web

from presets_store.api.answers import reply
from presets_store.api.documentation import NAMED_DEVICE, Operation
from presets_store.api.keys import SERVICES, caller_of, query_of
from presets_store.protocol.events import DeviceReference, EventRecord
from presets_store.protocol.item_types import ItemType
from presets_store.protocol.media.requests import (
    Concatenate,
    ConcatenateQuery,
    UploadAudioClips,
    UploadImages,
    UploadVideoClips,
)
from presets_store.protocol.parsing import parse_body
from presets_store.services.errors import InvalidInput

_ERRORS = (*NAMED_DEVICE, InvalidInput)


@Operation("Ask a device for clips", body=UploadVideoClips, writes=True, errors=_ERRORS)
async def upload_video_clips(request: web.Request) -> web.Response:
    """Queues a `Transfer_Transfer_file` for each that was not sent yet; all must be the device's."""
    body = parse_body(UploadVideoClips, await request.read())
    return await _upload(request, body, ItemType.VIDEO_CLIP, body.video_clips)


@Operation("Ask a device for images", body=UploadImages, writes=True, errors=_ERRORS)
async def upload_images(request: web.Request) -> web.Response:
    """As for clips."""
    body = parse_body(UploadImages, await request.read())
    return await _upload(request, body, ItemType.IMAGE, body.image_id_list)


@Operation("Ask a device for audio clips", body=UploadAudioClips, writes=True, errors=_ERRORS)
async def upload_audio_clips(request: web.Request) -> web.Response:
    """As for clips."""
    body = parse_body(UploadAudioClips, await request.read())
    return await _upload(request, body, ItemType.AUDIO_CLIP, body.audio_clip_id_list)


@Operation(
    "Ask a device for one clip of several",
    body=Concatenate,
    query=ConcatenateQuery,
    answer=EventRecord,
    writes=True,
    errors=_ERRORS,
)
async def concatenate_video_clips(request: web.Request) -> web.Response:
    """Queues a `Transcoding_Concatenate_files`: of the clips of a time, or of those that are named."""
    return await _concatenate(request, ItemType.VIDEO_CLIP)


@Operation(
    "Ask a device for one audio clip of several",
    body=Concatenate,
    query=ConcatenateQuery,
    answer=EventRecord,
    writes=True,
    errors=_ERRORS,
)
async def concatenate_audio_clips(request: web.Request) -> web.Response:
    """As for clips."""
    return await _concatenate(request, ItemType.AUDIO_CLIP)


async def _upload(request: web.Request, named: DeviceReference, kind: ItemType, keys: list[int]) -> web.Response:
    await request.app[SERVICES].media.requests.upload(caller_of(request), named, kind, keys)
    return reply(None)


async def _concatenate(request: web.Request, kind: ItemType) -> web.Response:
    query = parse_body(ConcatenateQuery, query_of(request))
    body = parse_body(Concatenate, await request.read())
    requests = request.app[SERVICES].media.requests
    return reply(await requests.concatenate(caller_of(request), kind, body, usevrs=query.usevrs))


ROUTES = (
    web.route("POST", "/v1/videoclip/upload{slash:/?}", upload_video_clips),
    web.route("POST", "/v1/image/upload{slash:/?}", upload_images),
    web.route("POST", "/v1/audioclip/upload{slash:/?}", upload_audio_clips),
    web.route("POST", "/v1/videoclip/concatenate{slash:/?}", concatenate_video_clips),
    web.route("POST", "/v1/audioclip/concatenate{slash:/?}", concatenate_audio_clips),
)
