"""The page that shows the OpenAPI document to people, without anything from elsewhere."""

import asyncio
from functools import partial, update_wrapper
from pathlib import Path
from typing import Final

from aiohttp import web

from presets_store.api.documentation import Access, Operation

_FOLDER: Final = Path(__file__).parent / "page"
_HEADERS: Final = {
    # The icon is an empty one, in the page itself, so that browsers ask for none.
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


async def _part(name: str, kind: str, _request: web.Request) -> web.Response:
    body = await asyncio.to_thread((_FOLDER / name).read_bytes)
    return web.Response(body=body, content_type=kind, charset="utf-8", headers=_HEADERS)


def _route(path: str, summary: str, name: str, kind: str) -> web.RouteDef:
    handler = partial(_part, name, kind)
    update_wrapper(handler, _part)
    return web.get(path, Operation(summary, media=(kind,), access=Access.ANYONE)(handler))


ROUTES = (
    _route("/docs{slash:/?}", "This document as a page", "index.html", "text/html"),
    _route("/docs/page.css{slash:/?}", "How that page looks", "page.css", "text/css"),
    _route("/docs/page.js{slash:/?}", "What that page does", "page.js", "text/javascript"),
)
