"""The agent's end of a host's socket, made for pictures: read in place, and shown in the same turn of the loop."""

import asyncio
from collections import deque
from collections.abc import Callable

from hardware.errors import WireError
from hardware.models import Model, Report
from hardware.wire import HEADER, Frame, FrameKind, Picture, pack_message, parse_header, parse_picture, parse_report

_ROOM = 1 << 18
"""Bytes that are read at once; more when a frame is longer."""

_KEPT_ROOM = 1 << 22
"""Bytes: room for a frame that is longer is given back when that has been taken."""

_MOST_UNREAD = 256
"""Reports that wait for their reader; then nothing more is read."""


class HostLink(asyncio.BufferedProtocol):
    """Cuts what comes into frames. Pictures go to `show`; reports wait for `receive`."""

    def __init__(self, show: Callable[[Picture], None]) -> None:
        self._show = show
        self._buffer = bytearray(_ROOM)
        self._filled = 0
        self._transport: asyncio.Transport | None = None
        self._reports: deque[Report] = deque()
        self._news = asyncio.Event()
        self._error: WireError | None = None
        self._ended = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.BaseProtocol`."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - what there is room for
        """See `asyncio.BufferedProtocol`."""
        return memoryview(self._buffer)[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        """See `asyncio.BufferedProtocol`."""
        self._filled += nbytes
        try:
            self._cut()
        except WireError as error:
            self._fail(error)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.BaseProtocol`. However it came, it is the end."""
        if self._filled and self._error is None and exc is None:
            self._error = WireError(reason="the connection ended within a frame")
        self._ended.set()
        self._news.set()

    async def receive(self) -> Report | None:
        """The next report; None at the end of the connection. Raises WireError for what is no frame or no report."""
        while not self._reports:
            if self._ended.is_set() or self._error is not None:
                if self._error is not None:
                    raise self._error
                return None
            self._news.clear()
            await self._news.wait()
        report = self._reports.popleft()
        if len(self._reports) == _MOST_UNREAD // 2 and self._transport is not None:
            self._transport.resume_reading()
        return report

    def send(self, message: Model) -> None:
        """Queues `message`; silently nothing when the host is gone."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(pack_message(message))

    async def close(self) -> None:
        """Sends what is queued, then closes the connection."""
        if self._transport is not None:
            self._transport.close()
            await self._ended.wait()

    def abort(self) -> None:
        """Closes it at once."""
        if self._transport is not None:
            self._transport.abort()

    def _cut(self) -> None:
        """Takes the whole frames out of the buffer, and makes room for the one that is not whole."""
        view = memoryview(self._buffer)
        start, needed = 0, HEADER.size
        while self._filled - start >= HEADER.size:
            kind, length = parse_header(view[start : start + HEADER.size])
            needed = HEADER.size + length
            if self._filled - start < needed:
                break
            self._take(kind, view[start + HEADER.size : start + needed])
            start += needed
            needed = HEADER.size
        if start or needed > len(self._buffer):
            rest = bytes(view[start : self._filled])
            if needed > len(self._buffer) or len(self._buffer) > _KEPT_ROOM >= needed:
                self._buffer = bytearray(max(needed, _ROOM))
            self._buffer[: len(rest)] = rest
            self._filled = len(rest)

    def _take(self, kind: FrameKind, body: memoryview) -> None:
        if kind is FrameKind.PICTURE:
            self._show(parse_picture(body))
            return
        self._reports.append(parse_report(Frame(kind, bytes(body))))
        self._news.set()
        if len(self._reports) > _MOST_UNREAD and self._transport is not None:
            self._transport.pause_reading()

    def _fail(self, error: WireError) -> None:
        self._error = error
        self._filled = 0
        self._news.set()
        self.abort()
