"""A camera host process as the agent sees it: spawn, frames, end."""

import asyncio
import logging
import os
import socket
from collections.abc import Callable

from hardware.hostlink import HostLink
from hardware.models import Model, Report
from hardware.prespawn import Prespawned, prespawn
from hardware.wire import Picture

log = logging.getLogger(__name__)


class HostProcess:
    """One host process and the agent's end of its socket."""

    def __init__(self, process: Prespawned, link: HostLink) -> None:
        self._process = process
        self._link = link
        self._dead = asyncio.Event()
        asyncio.get_running_loop().add_reader(process.pidfd, self._note_death)

    @classmethod
    async def spawn(
        cls, camera_id: str, show: Callable[[Picture], None], spawned: Prespawned | None = None
    ) -> "HostProcess":
        """Takes `spawned` over, or starts a host (see `prespawn`). `show` gets its pictures. Raises OSError."""
        process = spawned or prespawn()
        try:
            _, link = await asyncio.get_running_loop().create_unix_connection(
                lambda: HostLink(show), sock=socket.socket(fileno=process.fd)
            )
        except BaseException:  # boundary: no process is left behind, whatever ended the start
            process.kill()
            process.reap()
            raise
        log.debug("camera %s: host is process %d", camera_id, process.pid)
        return cls(process, link)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def send(self, message: Model) -> None:
        """Queues `message`; silently nothing when the host is gone (its handles are told so)."""
        self._link.send(message)

    async def receive(self) -> Report | None:
        """The next report; None at the end of the connection. Raises WireError for what is none."""
        return await self._link.receive()

    def kill(self) -> None:
        """SIGKILL, which also ends a stopped process; harmless when it is gone."""
        self._process.kill()

    def abandon(self) -> None:
        """Kills it without waiting: for a loop that ends now. Whoever reaps orphans reaps it."""
        asyncio.get_running_loop().remove_reader(self._process.pidfd)
        self._link.abort()
        self._process.kill()
        os.close(self._process.pidfd)

    async def end(self, grace: float) -> int:
        """Closes the connection, waits `grace` s for the process to end by itself, then kills it; its exit status."""
        await self._link.close()
        try:
            async with asyncio.timeout(grace):
                await self._dead.wait()
        except TimeoutError:
            self.kill()
            await self._dead.wait()
        return self._process.reap()

    def _note_death(self) -> None:
        asyncio.get_running_loop().remove_reader(self._process.pidfd)
        self._dead.set()
