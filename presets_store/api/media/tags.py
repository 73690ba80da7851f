"""Routes of tags of clips, images and sounds."""

from aiohttp import web
from aiohttp.typedefs import Handler

from presets_store.api.answers import reply, reply_list
from presets_store.api.documentation import Operation
from presets_store.api.keys import SERVICES, caller_of, key_of
from presets_store.protocol.clips import TagRecord
from presets_store.protocol.item_types import ItemType
from presets_store.protocol.media.tags import TagAudioClip, TagImage, TagVideoClip
from presets_store.protocol.parsing import parse_body
from presets_store.services.errors import InvalidInput, NotFound


@Operation("Tag a clip", body=TagVideoClip, answer=list[TagRecord], writes=True, errors=(NotFound, InvalidInput))
async def tag_video_clip(request: web.Request) -> web.Response:
    """Adds `tagNames`, and answers all tags that the clip has then. Nothing is recognised in the picture itself."""
    body = parse_body(TagVideoClip, await request.read())
    return await _tag(request, ItemType.VIDEO_CLIP, body.video_clip_id, body.tag_names)


@Operation(
    "Tag an image",
    identifier="postTagOfImage",
    body=TagImage,
    answer=list[TagRecord],
    writes=True,
    errors=(NotFound, InvalidInput),
)
async def tag_image(request: web.Request) -> web.Response:
    """As for a clip."""
    body = parse_body(TagImage, await request.read())
    return await _tag(request, ItemType.IMAGE, body.image_id, body.tag_names)


@Operation("Tag an audio clip", body=TagAudioClip, answer=list[TagRecord], writes=True, errors=(NotFound, InvalidInput))
async def tag_audio_clip(request: web.Request) -> web.Response:
    """As for a clip."""
    body = parse_body(TagAudioClip, await request.read())
    return await _tag(request, ItemType.AUDIO_CLIP, body.audio_clip_id, body.tag_names)


def _untag(kind: ItemType) -> Handler:
    @Operation(
        f"Take a tag from one {kind.name.lower().replace('_', ' ')}",
        writes=True,
        variables={"key": "Its key.", "tag": "The tag's key."},
        errors=(NotFound,),
    )
    async def untag(request: web.Request) -> web.Response:
        """Others keep it."""
        await request.app[SERVICES].media.tags.take(caller_of(request), kind, key_of(request), key_of(request, "tag"))
        return reply(None)

    return untag


@Operation("List the tags", answer=list[TagRecord])
async def find(request: web.Request) -> web.Response:
    """Those that a clip, image or audio clip has that the caller may see; at most 5000, by name."""
    return await reply_list(await request.app[SERVICES].media.tags.list(caller_of(request)))


async def _tag(request: web.Request, kind: ItemType, key: int, names: list[str]) -> web.Response:
    return reply(await request.app[SERVICES].media.tags.give(caller_of(request), kind, key, names))


_OF_ITEM = "{key:[0-9]{1,18}}/{tag:[0-9]{1,18}}{slash:/?}"

ROUTES = (
    web.route("POST", "/v1/tag/videoclip{slash:/?}", tag_video_clip),
    web.route("POST", "/v1/tag/image{slash:/?}", tag_image),
    web.route("POST", "/v1/tag/audioclip{slash:/?}", tag_audio_clip),
    web.get("/v1/tag/list{slash:/?}", find),
    web.route("DELETE", f"/v1/tag/videoclip/{_OF_ITEM}", _untag(ItemType.VIDEO_CLIP)),
    web.route("DELETE", f"/v1/tag/image/{_OF_ITEM}", _untag(ItemType.IMAGE)),
    web.route("DELETE", f"/v1/tag/audioclip/{_OF_ITEM}", _untag(ItemType.AUDIO_CLIP)),
)
