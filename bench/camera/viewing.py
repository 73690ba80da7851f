"""Somebody who looks at moving pictures over HTTP. What that costs is not counted."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from bench.camera.costs import SECONDS
from bench.camera.peers import RATE

_START_OF_PICTURE = b"\xff\xd8\xff"
_CHUNK = 1 << 20
_FIRST_SECONDS = 20.0

Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


class Viewer:
    """Reads moving pictures and counts them."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._first = asyncio.Event()
        self.pictures = 0

    async def look(self) -> None:
        """To the end of the connection."""
        while data := await self._reader.read(_CHUNK):
            self.pictures += data.count(_START_OF_PICTURE)
            if self.pictures:
                self._first.set()

    async def first_picture(self) -> None:
        """Returns when it is there."""
        await asyncio.wait_for(self._first.wait(), _FIRST_SECONDS)


@asynccontextmanager
async def viewing(connect: Connect, path: str) -> AsyncIterator[None]:
    """One viewer of the MJPEG at `path`, from its first picture on. Raises RuntimeError when it got too few of them."""
    reader, writer = await connect()
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    viewer = Viewer(reader)
    looking = asyncio.create_task(viewer.look())
    await viewer.first_picture()
    before = viewer.pictures
    yield
    seen = viewer.pictures - before
    looking.cancel()
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
    if seen < 0.9 * SECONDS * RATE:
        raise RuntimeError(f"the viewer of {path.partition('?')[0]} saw {seen} pictures in {SECONDS:g} s")


def by_unix(path: Path) -> Connect:
    """To a server on a Unix socket."""
    return lambda: asyncio.open_unix_connection(str(path), limit=4 * _CHUNK)


def by_tcp(port: int) -> Connect:
    """To a server on loopback."""
    return lambda: asyncio.open_connection("127.0.0.1", port, limit=4 * _CHUNK)
