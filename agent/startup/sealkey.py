"""Rotation of the device's seal key: everything that is sealed is sealed anew, and only then the old key goes."""

import asyncio
import logging
from pathlib import Path

from agent.startup.keeping import keep
from agent.startup.sealed import SealedState
from presets_store.sealing import begin_rotation, finish_rotation
from presets_store.services import Services

logger = logging.getLogger(__name__)


class SealKey:
    """The key in the file at `path`, with everything that it seals."""

    def __init__(self, path: Path, sealed: SealedState, services: Services) -> None:
        self._path = path
        self._sealed = sealed
        self._services = services
        self._one_at_a_time = asyncio.Lock()

    async def rotate(self) -> tuple[str, int]:
        """A new key: its id and how many values were sealed anew. Cut off anywhere, the next call or start goes on."""
        async with self._one_at_a_time:
            keyring = await asyncio.to_thread(begin_rotation, self._path)
            resealed = await self._services.keys.reseal(keyring)
            resealed += await self._services.secrets.reseal(keyring)
            resealed += await self._services.scripts.reseal(keyring)
            await keep(self._sealed, self._services.database, self._services.clock)  # the cache's copies of them
            resealed += await self._sealed.reseal(keyring)
            await asyncio.to_thread(finish_rotation, self._path)
            logger.info("the seal key was changed: %d values were sealed anew with key %s", resealed, keyring.key_id)
            return keyring.key_id, resealed
