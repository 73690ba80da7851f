"""Routes of the contract that this product leaves out on purpose: they say so by name."""

from collections.abc import Iterator

from aiohttp import web
from aiohttp.typedefs import Handler

from presets_store.api.documentation import Operation
from presets_store.api.errors import NotOffered

_KEY = "{key:[0-9]{1,18}}"

_ABSENT = (
    ("POST", "/v1/device/share", "sharing of devices with other users"),
    ("POST", "/v1/devicegroup/share", "sharing of device groups with other users"),
    ("*", "/v1/shareddevicegroup/{rest:.*}", "shared device groups"),
    ("GET", "/v1/device/sharedwithme/list", "shared devices"),
    ("GET", "/v1/device/sharedbyme/list", "shared devices"),
    ("POST", f"/v1/device/{_KEY}/transfer", "the transfer of devices between services"),
    ("*", f"/v1/device/{_KEY}/comment{{rest:.*}}", "comments on devices"),
    ("GET", "/v1/devicegroup/tree", "trees of device groups"),
    ("GET", "/v1/devicegroup/treenode/list", "trees of device groups"),
    ("GET", "/v1/videoclip/list", "lists of clips by GET: POST /v1/videoclip/list has them"),
    ("GET", "/v1/image/list", "lists of images by GET: POST /v1/image/list has them"),
    ("GET", "/v1/audioclip/list", "lists of audio clips by GET: POST /v1/audioclip/list has them"),
    ("POST", "/v1/caption/audio/{serial}", "captions of audio"),
    ("POST", "/v1/tag/image/{serial}", "tags of temporary images"),
)


def _refuse(what: str) -> Handler:
    @Operation(f"Not offered: {what}", errors=(NotOffered,))
    async def handler(_request: web.Request) -> web.Response:
        raise NotOffered(what=what)

    return handler


def _routes() -> Iterator[web.RouteDef]:
    for method, path, what in _ABSENT:
        tail = "" if path.endswith(".*}") else "{slash:/?}"
        yield web.route(method, path + tail, _refuse(what))


ROUTES = tuple(_routes())
