"""The OpenAPI document as a server gives it: made when it is first asked for, and kept."""

import asyncio
import importlib
import json
from collections.abc import Sequence
from typing import Final

from aiohttp import web

_MAKER: Final = "presets_store.api.openapi"


class ServedDocument:
    """The document of `routes`. Nothing is loaded or built, and no memory taken, before somebody asks."""

    def __init__(self, routes: Sequence[web.RouteDef]) -> None:
        self._routes = routes
        self._lock = asyncio.Lock()
        self._text = b""

    async def text(self) -> bytes:
        """The document as JSON. The first call takes a moment, in a thread."""
        async with self._lock:
            if not self._text:
                self._text = await asyncio.to_thread(self._render)
        return self._text

    def _render(self) -> bytes:
        # Loaded here: most devices are never asked, and each start would pay for it.
        document = importlib.import_module(_MAKER).document(self._routes)
        return json.dumps(document, ensure_ascii=False).encode()
