"""Tells the camera hosts when the clock steps or its quality changes: recordings go on for longer than that."""

import logging
from collections.abc import Collection
from typing import NoReturn, Protocol

from hardware.models import SetClock
from presets_store.clock import Clock

logger = logging.getLogger(__name__)

LOOK_EVERY = 10.0
STEP_NS = 500_000_000
"""Difference that is worth telling; a clock that is only slewed reaches it, too, after a while."""


class Dated(Protocol):
    """A camera's client, as far as it matters here."""

    async def set_clock(self, told: SetClock) -> None: ...


async def watch_clock(clients: Collection[Dated], clock: Clock) -> NoReturn:
    """Tells every client when the clock is another than at the start, or than it was told last.

    Orders carry the clock as it is when they are made, and clients tell it to hosts that start later.
    """
    told = reading(clock)
    while True:
        await clock.sleep(LOOK_EVERY)
        now = reading(clock)
        if differs(told, now):
            step = (now.wall_offset_ns - told.wall_offset_ns) / 1e9
            logger.info("the clock has changed by %+.1f s, its quality is %s", step, now.clock_quality)
            for client in clients:
                await client.set_clock(now)
            told = now


def reading(clock: Clock) -> SetClock:
    """What the clock says now."""
    mono_ns = int(clock.monotonic() * 1e9)
    return SetClock(wall_offset_ns=int(clock.now() * 1e9) - mono_ns, clock_quality=clock.quality(), mono_ns=mono_ns)


def differs(told: SetClock, now: SetClock) -> bool:
    """Whether `now` gives other dates than `told`, or dates of another quality."""
    return abs(now.wall_offset_ns - told.wall_offset_ns) > STEP_NS or now.clock_quality != told.clock_quality
