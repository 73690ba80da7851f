"""Removing a recording because somebody asked for it; `agent.media.retention` removes to make room."""

import asyncio
import logging

from agent.media.library import MediaLibrary
from agent.media.retention.burial import is_clip, remove
from presets_store.services.media.errors import FileKept, StoreFailed

logger = logging.getLogger(__name__)

ON_REQUEST = "on request"
"""The reason that the chain of clips keeps."""


class Removing:
    """Takes recordings, photos and sounds out of the media folder, as the store is asked to."""

    def __init__(self, library: MediaLibrary) -> None:
        self._library = library

    async def __call__(self, file: str) -> None:
        """The index knows first, then the chain, then it goes with all that lies beside it.

        Raises FileKept for a recording that was protected meanwhile, StoreFailed.
        """
        if await self._library.mark_removed([file]):
            raise FileKept(file=file, key="{id}")
        told = not is_clip(file) or await self._library.announce([(file.partition("/")[0], file, ON_REQUEST)])
        try:
            await asyncio.to_thread(remove, self._library.folder / file, noted=told)
        except OSError as error:
            await self._library.take_back(file)
            raise StoreFailed(reason=f"{file} cannot be removed: {error.strerror or error}") from error
        self._library.room.changed = True
        logger.info("removed %s: %s", file, ON_REQUEST, extra={"file": file, "reason": ON_REQUEST})
