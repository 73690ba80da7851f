"""Blocking work on files, outside of the event loop and within bounds."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from presets_store.services.media.errors import StoreFailed

P = ParamSpec("P")
Result = TypeVar("Result")


class Threads:
    """At most `count` pieces of work at a time, so that slow disks do not take the threads that others need."""

    def __init__(self, count: int) -> None:
        self._places = asyncio.Semaphore(count)

    async def run(self, function: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
        """What the function returns. Raises what it does; StoreFailed for an OSError."""
        async with self._places:
            try:
                return await asyncio.to_thread(function, *args, **kwargs)
            except OSError as error:
                raise StoreFailed(reason=error.strerror or str(error)) from error
