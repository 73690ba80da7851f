"""What follows when the clock steps or gets better: camera hosts are told, and what is dated wrongly is corrected."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import NoReturn, Protocol

from agent.media.datings import keep_dating
from hardware.models import SetClock
from presets_store.clock import Clock, ClockQuality, SystemClock, offset_of
from presets_store.errors import CuelightError
from presets_store.rules.dating import Dating
from presets_store.services.dating import DatingService
from presets_store.services.wakeups import Signal, signalled
from presets_store.storage.errors import DatabaseDamaged

logger = logging.getLogger(__name__)

LOOK_EVERY = 2.0
STEP_NS = 500_000_000
"""Difference that is worth telling; a clock that is only slewed reaches it, too, after a while."""

Follow = Callable[[Dating], Awaitable[bool]]
"""Corrects what is dated otherwise; False: it is to be called again."""


class Dated(Protocol):
    """A camera's client, as far as it matters here."""

    async def set_clock(self, told: SetClock) -> None: ...


async def watch_clock(clients: Collection[Dated], clock: Clock, follow: Follow) -> NoReturn:
    """Tells every client when the clock is another than at the start, or than it was told last; then `follow`.

    Orders carry the clock as it is when they are made, and clients tell it to hosts that start later.
    """
    stepped = Signal()
    if isinstance(clock, SystemClock):
        clock.stepped = stepped.set
    told = reading(clock)
    settled = await follow(dating_of(told))
    while True:
        await signalled(stepped, clock, LOOK_EVERY)
        stepped.clear()
        now = reading(clock)
        if differs(told, now):
            step = (now.wall_offset_ns - told.wall_offset_ns) / 1e9
            logger.info("the clock has changed by %+.1f s, its quality is %s", step, now.clock_quality)
            for client in clients:
                await client.set_clock(now)
            told, settled = now, False
        if not settled:
            settled = await follow(dating_of(now))


class Dates:
    """Of all that this device recorded in the boot: corrected in the index, and beside the sidecars.

    `done` is called when dates are right: reports and uploads wait for that.
    """

    def __init__(self, service: DatingService, media_folder: Path, boot_id: str, done: Callable[[], None]) -> None:
        self._service = service
        self._done = done
        self._media_folder = media_folder
        self._boot_id = boot_id

    async def follow(self, dating: Dating) -> bool:
        """`dating` holds now. False when what it corrects could not be written: it is to be called again."""
        try:
            if dating.quality.trusted and await self._service.corrects(dating):
                await asyncio.to_thread(keep_dating, self._media_folder, self._boot_id, dating)
            corrected = await self._service.follow(dating)
        except DatabaseDamaged:
            raise
        except (CuelightError, OSError) as error:
            logger.error("dates of before the clock was set are corrected later: %s", error)
            return False
        if corrected:
            logger.info("%d events and files are dated anew, the clock's quality is %s", corrected, dating.quality)
        self._done()
        return True


def reading(clock: Clock) -> SetClock:
    """What the clock says now."""
    while True:
        quality = clock.quality()
        offset_ns, mono_ns = int(offset_of(clock) * 1e9), int(clock.monotonic() * 1e9)
        if clock.quality() is quality:  # else another thread has noticed something in between
            return SetClock(wall_offset_ns=offset_ns, clock_quality=quality, mono_ns=mono_ns)


def dating_of(told: SetClock) -> Dating:
    """The same, as what is recorded is dated by."""
    return Dating(told.wall_offset_ns // 1000, ClockQuality(told.clock_quality))


def differs(told: SetClock, now: SetClock) -> bool:
    """Whether `now` gives other dates than `told`, or dates of another quality."""
    return abs(now.wall_offset_ns - told.wall_offset_ns) > STEP_NS or now.clock_quality != told.clock_quality
