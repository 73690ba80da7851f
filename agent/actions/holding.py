"""For actions that only go on: until their duration has passed or they are stopped."""

import asyncio
from typing import Any

from agent.context import Context
from agent.running import Result, Stopped

SHORTEST_STEP = 0.25
MOST_STEPS = 400


async def hold(context: Context, duration: float, result: Result) -> Result:
    """Waits `duration` seconds with progress, 0 for until stopped; `result` with the `seconds` that it held.

    Raises Stopped with the same.
    """
    started = context.clock.monotonic()
    stopping = asyncio.ensure_future(context.stop.wait())
    try:
        while not duration or (elapsed := context.clock.monotonic() - started) < duration:
            waited_for: list[asyncio.Future[Any]] = [stopping]
            if duration:
                context.progress(100.0 * elapsed / duration)
                step = max(SHORTEST_STEP, duration / MOST_STEPS)
                waited_for.append(asyncio.ensure_future(context.clock.sleep(min(step, duration - elapsed))))
            await asyncio.wait(waited_for, return_when=asyncio.FIRST_COMPLETED)
            for pause in waited_for[1:]:
                pause.cancel()
            if stopping.done():
                seconds = round(context.clock.monotonic() - started, 3)
                raise Stopped(stopping.result(), {**result, "seconds": seconds, "endedBy": context.stop.by})
    finally:
        stopping.cancel()
    return {**result, "seconds": duration}
