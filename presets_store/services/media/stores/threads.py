"""Blocking work on files, outside of the event loop and within bounds."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from presets_store.services.media.errors import StoreFailed

P = ParamSpec("P")
Result = TypeVar("Result")


class Threads:
    """At most `count` pieces of work at a time, so that slow disks do not take the threads that others need.

    A thread cannot be stopped: who is cancelled waits for the end of what has begun, and meets it no more afterwards.
    """

    def __init__(self, count: int) -> None:
        self._places = asyncio.Semaphore(count)

    async def run(self, function: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
        """What the function returns. Raises what it does; StoreFailed for an OSError."""
        async with self._places:
            try:
                return await _to_its_end(asyncio.ensure_future(asyncio.to_thread(function, *args, **kwargs)))
            except OSError as error:
                raise StoreFailed(reason=error.strerror or str(error)) from error

    async def surely(self, function: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
        """The same for what must be done, however often whoever asks for it is cancelled."""
        return await _to_its_end(asyncio.ensure_future(self.run(function, *args, **kwargs)))


async def _to_its_end(work: "asyncio.Future[Result]") -> Result:
    cancelled = False
    while not work.done():
        try:
            await asyncio.wait({work})
        except asyncio.CancelledError:
            cancelled = True
    result = work.result()
    if cancelled:
        raise asyncio.CancelledError
    return result
