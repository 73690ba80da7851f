"""A proxy that passes bytes on as they come, and counts them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

_REQUEST_LINE_END = b" HTTP/1.1\r\n"
"""It stands in every head of a request once, and in no JSON text: a line feed is escaped there."""


@dataclass(slots=True)
class Counted:
    """What has gone through so far: connections, requests, bytes of both directions without TCP's and TLS's own."""

    connections: int = 0
    requests: int = 0
    bytes: int = 0

    def __sub__(self, other: "Counted") -> "Counted":
        return Counted(self.connections - other.connections, self.requests - other.requests, self.bytes - other.bytes)

    def copy(self) -> "Counted":
        return self - Counted()


@asynccontextmanager
async def counting_proxy(url: str) -> AsyncIterator[tuple[str, Counted]]:
    """The address of a proxy before the server at `url`, and its count, which goes on."""
    counted = Counted()
    target = urlsplit(url)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(near_reader: asyncio.StreamReader, near_writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        counted.connections += 1
        far_reader, far_writer = await asyncio.open_connection(target.hostname, target.port)
        with suppress(OSError):
            await asyncio.gather(
                _pass_on(near_reader, far_writer, counted, asks=True),
                _pass_on(far_reader, near_writer, counted, asks=False),
            )

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", counted
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, counted: Counted, *, asks: bool) -> None:
    end = b""
    try:
        while data := await reader.read(1 << 16):
            counted.bytes += len(data)
            if asks:
                seen = end + data
                counted.requests += seen.count(_REQUEST_LINE_END)
                end = seen[1 - len(_REQUEST_LINE_END) :]
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()
