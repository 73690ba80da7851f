"""Moving pictures on one connection: JPEGs as parts of a `multipart/x-mixed-replace` body."""

import asyncio
import socket
import time
from collections.abc import Callable

from hardware.client import Picture

JPEG = "image/jpeg"
MULTIPART = "multipart/x-mixed-replace"
BOUNDARY = "cuelight"

_BORDER = f"\r\n--{BOUNDARY}\r\n".encode()
_LITTLE = 1 << 17
"""Bytes that the kernel may keep unsent for a viewer: about a picture."""


class Screen:
    """Writes pictures as they come, in the same turn of the loop.

    One that comes while the viewer still takes another waits, in place of any that waits already: here is never more
    than what is being sent and one. `first` is done with the first picture, which is kept until the screen is on.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self.first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.WriteTransport | None = None
        self._chunked = False
        self._waiting: Picture | None = None
        self._taken = 0.0

    def wait(self) -> float:
        """Sends what waits, if it can; else for how many seconds the viewer has not taken what was sent before."""
        self._refresh()
        return self._now() - self._taken if self._waiting else 0.0

    def show(self, picture: Picture) -> None:
        """Sends the picture, or lets it wait."""
        self._waiting = picture
        if self._transport is None:
            if not self.first.done():
                self.first.set_result(None)
        else:
            self._refresh()

    def switch_on(self, transport: asyncio.WriteTransport, *, chunked: bool) -> None:
        """The headers are sent: from now on pictures are, as chunks of HTTP/1.1 or plainly."""
        transport.set_write_buffer_limits(high=0)
        connection = transport.get_extra_info("socket")
        if connection.family != socket.AF_UNIX:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _LITTLE)
        self._transport = transport
        self._chunked = chunked
        self._write(_BORDER)
        self._refresh()

    def _refresh(self) -> None:
        """Sends what waits if the viewer has taken all before it."""
        if self._waiting is None or self._transport is None or self._transport.get_write_buffer_size():
            return
        picture, self._waiting = self._waiting, None
        self._taken = self._now()
        # With the next border behind it: browsers show a part when they see its end.
        head = f"Content-Type: {JPEG}\r\nContent-Length: {len(picture.jpeg)}\r\n\r\n".encode()
        self._write(head, picture.jpeg, _BORDER)

    def _write(self, *parts: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if self._chunked:
            parts = (f"{sum(map(len, parts)):x}\r\n".encode(), *parts, b"\r\n")
        self._transport.write(b"".join(parts))
