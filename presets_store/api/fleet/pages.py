"""Answers that are one page of a list."""

from collections.abc import Sequence
from urllib.parse import urlencode

from aiohttp import web

from presets_store.api.answers import reply_list
from presets_store.api.keys import query_of
from presets_store.protocol.base import WireModel
from presets_store.protocol.devices import DeviceRecord
from presets_store.protocol.events import EventWithNames
from presets_store.protocol.fleet.pages import page_size
from presets_store.services.fleet.pages import Page


async def reply_page(
    request: web.Request, records: Sequence[EventWithNames] | Sequence[DeviceRecord], count: int = 0
) -> web.Response:
    """The records, with a `Link` to what may follow them when there are as many as fit or were asked for."""
    follow = str(records[-1].key) if len(records) == page_size(count) else ""
    return await _reply(request, records, follow)


async def reply_dated_page(request: web.Request, page: Page) -> web.Response:
    """The records, with a `Link` to what may follow them."""
    return await _reply(request, page.records, "{}.{}".format(*page.last) if page.last else "")


async def _reply(request: web.Request, records: Sequence[WireModel], after: str) -> web.Response:
    response = await reply_list(records)
    if after:
        query = urlencode({**query_of(request), "after": after})
        response.headers["Link"] = f'<{request.path}?{query}>; rel="next"'
    return response
