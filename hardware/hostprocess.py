"""A camera host process as the agent sees it: spawn, frames, end."""

import asyncio
import contextlib
import logging
import os
import signal
import socket

from hardware.errors import WireError
from hardware.launch import HOST_MODULE, child_environment, module_command
from hardware.models import Model, Report
from hardware.wire import HEADER, Frame, pack_message, parse_header, parse_report

log = logging.getLogger(__name__)


class HostProcess:
    """One host process and the agent's end of its socket."""

    def __init__(
        self, process: asyncio.subprocess.Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._process = process
        self._pidfd = os.pidfd_open(process.pid)
        self._reader = reader
        self._writer = writer

    @classmethod
    async def spawn(cls, camera_id: str) -> "HostProcess":
        """Starts a host. It inherits one end of a socket pair and standard error, nothing else. Raises OSError."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                process = await asyncio.create_subprocess_exec(
                    *module_command(HOST_MODULE, "--fd", str(theirs.fileno())),
                    stdin=asyncio.subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(),),
                    env=child_environment(),
                )
            reader, writer = await asyncio.open_unix_connection(sock=ours)
        except BaseException:  # boundary: no descriptor is left behind, whatever ended the start
            ours.close()
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
        """SIGKILL, which also ends a stopped process; harmless when it is gone.

        By the pidfd: `Process.kill` may reap the child and so take its exit status from the event loop.
        """
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    async def end(self, grace: float) -> int:
        """Closes the connection, waits `grace` s for the process to end by itself, then kills it; its exit status."""
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()
        try:
            async with asyncio.timeout(grace):
                return await self._process.wait()
        except TimeoutError:
            self.kill()
            return await self._process.wait()
        finally:
            os.close(self._pidfd)
