"""A server at the far end that answers as a test says, over TLS if it has a certificate, and a proxy on the way."""

import asyncio
import base64
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path

from aiohttp import web
from fakes.clock import ManualClock

from presets_store.clock import ClockQuality

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


class HearingClock(ManualClock):
    """Takes every date that it hears."""

    def __init__(self, now: float, quality: ClockQuality) -> None:
        super().__init__(now, quality)
        self.dates: list[float] = []

    def heard(self, date: float, round_trip: float) -> None:
        self.dates.append(date)
        if not self.declared.trusted:
            self.wall, self.declared = date, ClockQuality.UPSTREAM

    def offset(self) -> float:
        return self.wall - self.mono


@dataclass
class FarServer:
    """`url` is its root; `requests` are those that it got."""

    url: str
    requests: list[web.Request] = field(default_factory=list)


def dated(epoch: float, status: int = 200, body: str | bytes = "", **headers: str) -> web.Response:
    """An answer whose Date is `epoch`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.Response(status=status, body=body, headers={"Date": formatdate(epoch, usegmt=True), **named})


@asynccontextmanager
async def far_server(answering: Answering, tls: ssl.SSLContext | None = None) -> AsyncIterator[FarServer]:
    """Serves on a free port of loopback."""
    app = web.Application()
    server = FarServer("")

    async def serve(request: web.Request) -> web.StreamResponse:
        await request.read()
        server.requests.append(request)
        return await answering(request)

    app.router.add_route("*", "/{path:.*}", serve)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, listener, ssl_context=tls).start()
    server.url = f"{'https' if tls else 'http'}://127.0.0.1:{listener.getsockname()[1]}"
    try:
        yield server
    finally:
        await runner.cleanup()


def server_tls(certificate: Path, clients_of: Path | None = None) -> ssl.SSLContext:
    """For a server; with `clients_of`, an authority's file, it wants its clients to have certificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if clients_of is not None:
        context.load_verify_locations(cafile=clients_of)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@dataclass
class ConnectProxy:
    """An HTTP proxy that only tunnels, for who gives the password. `asked` are the lines of its requests."""

    port: int = 0
    asked: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.asked.append(head.partition("\r\n")[0])
            if f"Basic {base64.b64encode(b'me:hidden').decode()}" not in head:
                writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
                return
            host, _, port = head.split()[1].rpartition(":")
            far_reader, far_writer = await asyncio.open_connection(host, int(port))
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await asyncio.gather(_pass_on(reader, far_writer), _pass_on(far_reader, writer))
        except (OSError, EOFError):
            return
        finally:
            writer.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(1 << 16):
            writer.write(piece)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def connect_proxy() -> AsyncIterator[ConnectProxy]:
    proxy = ConnectProxy()
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
