"""The bodies of requests: how large they may be, and how many large ones are held in memory at once."""

import asyncio
from typing import Final

from aiohttp import web

from presets_store.api.documentation import Operation
from presets_store.api.settings import BODY_LIMIT

PLACES: Final = 2
"""For large bodies: each may take some 8 MiB, and several times that while it is read."""

_HOLDS: Final = web.RequestKey("holds_large_body", bool)


class LargeBodies:
    """Lets few requests at once send more than BODY_LIMIT; the others wait, which is part of the time they have."""

    def __init__(self, places: int = PLACES) -> None:
        self._places = asyncio.Semaphore(places)

    async def enter(self, request: web.Request) -> None:
        """To be called before the body is read."""
        size = request.content_length
        if request.client_max_size > BODY_LIMIT and (size is None or size > BODY_LIMIT) and _HOLDS not in request:
            await self._places.acquire()
            request[_HOLDS] = True

    def leave(self, request: web.Request) -> None:
        """To be called when the request is over, whether it entered or not."""
        if request.get(_HOLDS):
            request[_HOLDS] = False
            self._places.release()


def with_room_for(request: web.Request, operation: Operation | None) -> web.Request:
    """The same request, whose body may be as large as its operation says."""
    if operation is None or operation.body_limit == BODY_LIMIT:
        return request
    return request.clone(client_max_size=operation.body_limit)
