"""A camera host process as the agent sees it: spawn, frames, end."""

import asyncio
import contextlib
import logging
import os
import socket

from hardware.errors import WireError
from hardware.models import Model, Report
from hardware.prespawn import Prespawned, prespawn
from hardware.wire import HEADER, Frame, pack_message, parse_header, parse_report

log = logging.getLogger(__name__)


class HostProcess:
    """One host process and the agent's end of its socket."""

    def __init__(self, process: Prespawned, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer
        self._dead = asyncio.Event()
        asyncio.get_running_loop().add_reader(process.pidfd, self._note_death)

    @classmethod
    async def spawn(cls, camera_id: str, spawned: Prespawned | None = None) -> "HostProcess":
        """Takes `spawned` over, or starts a host (see `prespawn`). Raises OSError."""
        process = spawned or prespawn()
        try:
            reader, writer = await asyncio.open_unix_connection(sock=socket.socket(fileno=process.fd))
        except BaseException:  # boundary: no process is left behind, whatever ended the start
            process.kill()
            process.reap()
            raise
        log.debug("camera %s: host is process %d", camera_id, process.pid)
        return cls(process, reader, writer)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def send(self, message: Model) -> None:
        """Queues `message`; silently nothing when the host is gone (its handles are told so)."""
        if not self._writer.is_closing():
            self._writer.write(pack_message(message))

    async def receive(self) -> Report | None:
        """The next report; None at the end of the connection. Raises WireError for what is none."""
        try:
            kind, length = parse_header(await self._reader.readexactly(HEADER.size))
            return parse_report(Frame(kind, await self._reader.readexactly(length)))
        except asyncio.IncompleteReadError as error:
            if error.partial:
                raise WireError(reason="the connection ended within a frame") from None
            return None
        except ConnectionError:
            return None

    def kill(self) -> None:
        """SIGKILL, which also ends a stopped process; harmless when it is gone."""
        self._process.kill()

    def abandon(self) -> None:
        """Kills it without waiting: for a loop that ends now. Whoever reaps orphans reaps it."""
        asyncio.get_running_loop().remove_reader(self._process.pidfd)
        self._writer.transport.abort()
        self._process.kill()
        os.close(self._process.pidfd)

    async def end(self, grace: float) -> int:
        """Closes the connection, waits `grace` s for the process to end by itself, then kills it; its exit status."""
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()
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
