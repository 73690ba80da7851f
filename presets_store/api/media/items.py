"""Routes of images and of audio clips, which are the same but for their bodies."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial, update_wrapper
from typing import Any, Final

from aiohttp import web

from presets_store.api.answers import reply, reply_large, reply_list, reply_text
from presets_store.api.documentation import NAMED_DEVICE, Operation
from presets_store.api.fleet.pages import reply_dated_page
from presets_store.api.keys import SERVICES, caller_of, key_of, query_of
from presets_store.api.media.video_clips import PATCHED, SERIAL, ListQuery
from presets_store.protocol.base import WireModel
from presets_store.protocol.clips import AudioClipRecord, ImageRecord, ImageWithNames
from presets_store.protocol.filters import DeviceEpochRange, DevicesEpochAndCountFilter, DevicesTagFilter
from presets_store.protocol.filters import ImageEpochAndCountFilter as ImageFilter
from presets_store.protocol.fleet.pages import DatedPageQuery
from presets_store.protocol.media.items import (
    AudioClipEpochAndCountFilter,
    AudioClipWithNames,
    CreateAudioClip,
    CreateImage,
)
from presets_store.protocol.media.tags import MinutesQuery, TaggedAudioClips, TaggedImages
from presets_store.protocol.parsing import parse_body, parse_body_list
from presets_store.protocol.system import PatchOperation
from presets_store.services.errors import InvalidInput, NotFound
from presets_store.services.media.errors import StoreFailed
from presets_store.services.media.items import ItemsService


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shapes:
    """The bodies of one kind. `path` is its part of the routes, `name` for people, `service` among those of media."""

    path: str
    name: str
    service: str
    record: Any
    records: Any
    create: Any
    named: Any
    tagged: type[WireModel]
    filter: Any

    def of(self, request: web.Request) -> ItemsService[Any, Any]:
        found: ItemsService[Any, Any] = getattr(request.app[SERVICES].media, self.service)
        return found


_IMAGES: Final = _Shapes(
    path="/v1/image",
    name="an image",
    service="images",
    record=ImageRecord,
    records=list[ImageRecord],
    create=CreateImage,
    named=list[ImageWithNames],
    tagged=TaggedImages,
    filter=ImageFilter,
)
_AUDIO_CLIPS: Final = _Shapes(
    path="/v1/audioclip",
    name="an audio clip",
    service="audio_clips",
    record=AudioClipRecord,
    records=list[AudioClipRecord],
    create=CreateAudioClip,
    named=list[AudioClipWithNames],
    tagged=TaggedAudioClips,
    filter=AudioClipEpochAndCountFilter,
)


async def tell(shapes: _Shapes, request: web.Request) -> web.Response:
    """By its device, or for it. A file that was told of before, begun at the same moment, is answered as it is."""
    body = parse_body(shapes.record, await request.read())
    (told,) = await shapes.of(request).tell(caller_of(request), request.match_info["serial"], [body])
    return reply(told)


async def tell_list(shapes: _Shapes, request: web.Request) -> web.Response:
    """All or none of them are taken."""
    bodies = parse_body_list(shapes.record, await request.read())
    return await reply_list(await shapes.of(request).tell(caller_of(request), request.match_info["serial"], bodies))


async def create(shapes: _Shapes, request: web.Request) -> web.Response:
    """For people and services; devices tell of theirs under their serial number."""
    body = parse_body(shapes.create, await request.read())
    return reply(await shapes.of(request).create(caller_of(request), body))


async def show(shapes: _Shapes, request: web.Request) -> web.Response:
    return reply(await shapes.of(request).get(caller_of(request), key_of(request)))


async def update(shapes: _Shapes, request: web.Request) -> web.Response:
    """What the body gives."""
    body = parse_body(shapes.record, await request.read())
    await shapes.of(request).update(caller_of(request), key_of(request), body)
    return reply(None)


async def patch(shapes: _Shapes, request: web.Request) -> web.Response:
    """`fieldName` is `fileID`, `imageStatus` or `audioClipStatus`, in any case; the file must be one of the device."""
    operations = parse_body_list(PatchOperation, await request.read())
    await shapes.of(request).patch(caller_of(request), key_of(request), operations)
    return reply_text(PATCHED)


async def remove(shapes: _Shapes, request: web.Request) -> web.Response:
    """And its file, if it was sent."""
    await shapes.of(request).remove(caller_of(request), key_of(request))
    return reply(None)


async def find(shapes: _Shapes, request: web.Request) -> web.Response:
    """What began in the time asked for, with at least one of the tags asked for; `deviceID` 0: of all devices.

    At most 5000 come at once; when there may be more, `Link` tells the address of the next page, for the same body.
    """
    query = parse_body(ListQuery, query_of(request))
    body = parse_body(shapes.filter, await request.read())
    page = await shapes.of(request).find(caller_of(request), body, query.place, all_devices=query.alldevices)
    return await reply_dated_page(request, page)


async def find_of_devices(shapes: _Shapes, request: web.Request) -> web.Response:
    """An empty `deviceIDList` stands for all devices. Long lists come in pages, as those of one device."""
    after = parse_body(DatedPageQuery, query_of(request)).place
    body = parse_body(DevicesEpochAndCountFilter, await request.read())
    return await reply_dated_page(request, await shapes.of(request).find_of_devices(caller_of(request), body, after))


async def find_tagged(shapes: _Shapes, request: web.Request) -> web.Response:
    """With one of the tags, and one whose name has `searchText`; what is empty is open. Also which tags they have."""
    query = parse_body(MinutesQuery, query_of(request))
    body = parse_body(DevicesTagFilter, await request.read())
    return await reply_large(await shapes.of(request).find_tagged(caller_of(request), body, query.minutes))


async def find_extractable(shapes: _Shapes, request: web.Request) -> web.Response:
    """The device's, with something of the time asked for, oldest first; an `endEpoch` of 0 is open."""
    body = parse_body(DeviceEpochRange, await request.read())
    return await reply_list(await shapes.of(request).extractable(caller_of(request), body))


_KEY = "{key:[0-9]{1,18}}{slash:/?}"


def _first_routes(shapes: _Shapes) -> Iterator[web.RouteDef]:
    """All but the one that takes any word for a serial number."""
    told = Operation(
        f"Tell of several, each {shapes.name}", body=shapes.records, answer=shapes.records, writes=True,
        variables=SERIAL, errors=(*NAMED_DEVICE, InvalidInput),
    )  # fmt: skip
    by_person = Operation(
        f"Create {shapes.name}", body=shapes.create, answer=shapes.record, writes=True,
        errors=(*NAMED_DEVICE, InvalidInput),
    )  # fmt: skip
    yield _route(shapes, "POST", "{slash:/?}", create, by_person)
    yield _route(shapes, "POST", "/createlist/{serial:.+}", tell_list, told)
    yield from _lists(shapes)
    key = f"/{_KEY}"
    yield _route(shapes, "GET", key, show, Operation(f"Show {shapes.name}", answer=shapes.record, errors=(NotFound,)))
    changed = Operation(f"Change {shapes.name}", body=shapes.record, writes=True, errors=(NotFound, InvalidInput))
    yield _route(shapes, "PUT", key, update, changed)
    patched = Operation(
        f"Change the file or status of {shapes.name}", body=list[PatchOperation], media=("application/json",),
        writes=True, errors=(NotFound, InvalidInput),
    )  # fmt: skip
    yield _route(shapes, "PATCH", key, patch, patched)
    removed = Operation(f"Remove {shapes.name}", writes=True, errors=(NotFound, StoreFailed))
    yield _route(shapes, "DELETE", key, remove, removed)


def _lists(shapes: _Shapes) -> Iterator[web.RouteDef]:
    several = f"each {shapes.name}"
    of_some = Operation(
        f"List those of some devices, {several}", body=DevicesEpochAndCountFilter, query=DatedPageQuery,
        answer=shapes.records, errors=(NotFound,),
    )  # fmt: skip
    listed = Operation(
        f"List several, {several}", body=shapes.filter, query=ListQuery, answer=shapes.named, errors=(NotFound,)
    )
    by_tags = Operation(
        f"List by tags, {several}", body=DevicesTagFilter, query=MinutesQuery, answer=shapes.tagged,
        errors=(NotFound,),
    )  # fmt: skip
    extract = Operation(
        f"List those to take an extract from, {several}", body=DeviceEpochRange, answer=shapes.records,
        errors=NAMED_DEVICE,
    )  # fmt: skip
    yield _route(shapes, "POST", "/list{slash:/?}", find, listed)
    yield _route(shapes, "POST", "/devices/list{slash:/?}", find_of_devices, of_some)
    yield _route(shapes, "POST", "/devices/tag/list{slash:/?}", find_tagged, by_tags)
    yield _route(shapes, "POST", "/extract/list{slash:/?}", find_extractable, extract)


def _last_route(shapes: _Shapes) -> web.RouteDef:
    told = Operation(
        f"Tell of {shapes.name}", identifier=f"post{shapes.path.rpartition('/')[2].capitalize()}BySerial",
        body=shapes.record, answer=shapes.record, writes=True, variables=SERIAL, errors=(*NAMED_DEVICE, InvalidInput),
    )  # fmt: skip
    return _route(shapes, "POST", "/{serial:.+}", tell, told)


def _route(shapes: _Shapes, method: str, rest: str, handler: Any, operation: Operation) -> web.RouteDef:
    served = operation(update_wrapper(partial(handler, shapes), handler))
    path = shapes.path + rest
    return web.get(path, served) if method == "GET" else web.route(method, path, served)


ROUTES = (*_first_routes(_IMAGES), *_first_routes(_AUDIO_CLIPS))

LAST_ROUTES = (_last_route(_IMAGES), _last_route(_AUDIO_CLIPS))
"""After all others that begin like them: a word that is the name of a route is no serial number there."""
