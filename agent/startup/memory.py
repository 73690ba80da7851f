"""The device's own memory: the seal key and the sealed cache, which are read before anything else."""

import asyncio
from dataclasses import dataclass

from agent.settings import Settings
from agent.startup.sealed import SealedState
from presets_store.cache import CacheReport
from presets_store.durable import make_folder_durably
from presets_store.sealing import Keyring, load_keyring


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What outlasts the database, opened first: at boot it says what runs before anything else is read."""

    keyring: Keyring
    sealed: SealedState
    report: CacheReport
    rotation_unfinished: bool


async def open_memory(settings: Settings) -> Memory:
    """The seal key and the sealed cache. Raises SealKeyUnusable, OSError and what the cache raises."""
    await asyncio.to_thread(make_folder_durably, settings.state_folder)
    keyring, unfinished = await asyncio.to_thread(load_keyring, settings.seal_key_file)
    sealed, report = await SealedState.open(settings.sealed_folder, keyring)
    return Memory(keyring=keyring, sealed=sealed, report=report, rotation_unfinished=unfinished)
