"""Several things sent at the same time, but not too many, and none any more once one of them met trouble."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from presets_store.errors import CuelightError

Lane = TypeVar("Lane")


async def in_lanes(
    lanes: Sequence[Lane], work: Callable[[Lane], Awaitable[None]], at_once: int
) -> CuelightError | None:
    """Does `work` on each, from the first on; the first error met. What was begun by then is finished all the same."""
    waiting = iter(lanes)
    met: list[CuelightError] = []

    async def worker() -> None:
        for lane in waiting:
            try:
                await work(lane)
            except CuelightError as error:
                met.append(error)
            if met:
                return

    async with asyncio.TaskGroup() as group:
        for _ in range(min(at_once, len(lanes))):
            group.create_task(worker())
    return met[0] if met else None
