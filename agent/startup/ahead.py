"""What a start does ahead of everything else: it makes sure that it is alone, remembers, and films.

Light on purpose, as all that it imports: no SQL, no HTTP. The rest of the agent is imported while the camera opens.
"""

import asyncio
import shutil
from contextlib import AsyncExitStack
from dataclasses import dataclass

from agent.identity import boot_id, serial_number
from agent.lifecycle import only_agent
from agent.media.retention.starting import make_room_to_start
from agent.settings import Settings
from agent.startup.hosts import CameraHosts
from agent.startup.memory import Memory, open_memory
from hardware.client import Prespawned
from presets_store.process.lifecycle import staged

STAGE_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who this machine is and which boot it is in."""

    serial: str
    boot_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """What there is before the store. `stack` ends it; whoever builds the rest puts how that ends on it as well."""

    who: Identity
    memory: Memory
    hosts: CameraHosts
    stack: AsyncExitStack


async def begin(settings: Settings, spawned: Prespawned | None = None) -> Ahead:
    """The lock of the state folder, room on its disk, the sealed cache, and the camera hosts: each after the others.

    Raises AlreadyRunning, SealKeyUnusable, OSError and what the cache raises.
    """
    async with AsyncExitStack() as stack:
        await asyncio.to_thread(stack.enter_context, only_agent(settings.run_folder))
        who = await asyncio.to_thread(_cleared_up, settings)
        memory = await open_memory(settings)
        stack.push_async_callback(staged("the sealed cache", STAGE_SECONDS, memory.sealed.close))
        hosts = CameraHosts(settings, memory.sealed, spawned)
        stack.push_async_callback(staged("the camera hosts", STAGE_SECONDS, hosts.stop))
        await hosts.start()
        return Ahead(who=who, memory=memory, hosts=hosts, stack=stack.pop_all())


def _cleared_up(settings: Settings) -> Identity:
    """Makes room to start in; who this is."""
    make_room_to_start(settings)
    shutil.rmtree(settings.hls_folder, ignore_errors=True)  # streams of before a kill
    return Identity(serial=serial_number(settings.device.serial, settings.state_folder), boot_id=boot_id())
