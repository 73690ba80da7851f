"""Brings index and chain together: what was closed gets its link, what is removed is told in the chain first."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from agent.media.chain.keeper import Chain
from agent.media.chain.links import Entry
from presets_store.clock import Clock, micros
from presets_store.errors import CuelightError
from presets_store.services.clips import ClipsService
from presets_store.services.restoring.restore import Incident
from presets_store.storage.errors import DatabaseDamaged
from presets_store.storage.records import Clip

logger = logging.getLogger(__name__)

Tell = Callable[[Sequence[Incident]], Awaitable[None]]

AT_ONCE = 100
TRY_AGAIN = 30.0
"""Seconds after a failure: a full disk, mostly."""


class Linker:
    """`run` is a system task, woken by `wake` when a clip was closed. `tell` notes what is wrong with the chain."""

    def __init__(self, chain: Chain, clips: ClipsService, clock: Clock, tell: Tell) -> None:
        self.chain = chain
        self._clips = clips
        self._clock = clock
        self._tell = tell
        self._wanted = asyncio.Event()

    def wake(self) -> None:
        """A clip was closed."""
        self._wanted.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._wanted.clear()
            try:
                await self.link()
            except DatabaseDamaged:
                raise
            except (CuelightError, OSError) as error:
                logger.error("clips get their links later: %s", error)
                await self._clock.sleep(TRY_AGAIN)
                continue
            await self._wanted.wait()

    async def open(self) -> None:
        """Takes up the chain, once, and tells what is wrong with it. Raises OSError, CuelightError."""
        if not self.chain.key:
            await self._tell(await self.chain.open())

    async def link(self) -> None:
        """Gives every closed clip its link, oldest first. Raises OSError, CuelightError."""
        await self.open()
        while clips := await self._clips.unlinked(AT_ONCE):
            links = await self.chain.add([self._entry(clip) for clip in clips])
            places = {clip.key: (link.number, link.hash) for clip, link in zip(clips, links, strict=True)}
            await self._clips.linked(places)

    async def removing(self, files: Sequence[tuple[str, str, str]]) -> bool:
        """Tells the chain what is about to be removed: camera, file and reason of each. Room comes first: never raises.

        False: it could not be written, and is to be told again.
        """
        try:
            await self.open()
            await self.chain.add([self.chain.removed(camera, file, reason) for camera, file, reason in files])
        except (CuelightError, OSError) as error:
            logger.error("removals are told in the chain later: %s", error)
            return False
        return True

    def _entry(self, clip: Clip) -> Entry:
        return Entry(
            kind="clip",
            signed=micros(self._clock.now()),
            camera=clip.camera_id,
            file=clip.file,
            size=clip.size,
            sha256=clip.sha256,
            start=clip.start,
            seconds=clip.seconds,
            clock_quality=clip.clock_quality,
        )
