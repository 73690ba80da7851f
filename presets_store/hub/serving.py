"""The door of a hub: one listening socket, with TLS or without, and no more connections than there is room for."""

import asyncio
import json
import ssl
from collections.abc import Callable
from typing import cast

from aiohttp import web

from presets_store.hub.errors import AddressUnusable, CertificateUnusable
from presets_store.hub.settings import ListenSettings

KEEPALIVE_SECONDS = 75.0
"""How long a connection may be silent between two requests, and before its first."""

_BACKLOG = 1024
_HANDSHAKE_SECONDS = 10.0
_ACCEPTED_SECONDS = 0.2
_REFUSED_SECONDS = 2.0
"""How long a peer that is refused may take to say anything."""

_DETAIL = "This server has as many connections as it takes; try again later."
_PROBLEM = json.dumps({
    "type": "urn:cuelight:problem:too_many_connections",
    "title": "Too Many Requests",
    "status": 429,
    "detail": _DETAIL,
    "code": "too_many_connections",
    "errors": [],
}).encode()  # fmt: skip
_REFUSAL = (
    b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 2\r\nConnection: close\r\n"
    b"Content-Type: application/problem+json\r\nContent-Length: %d\r\n\r\n%s" % (len(_PROBLEM), _PROBLEM)
)


class Door(web.BaseSite):
    """Serves the runner's application; beyond `limit` connections each is refused, and `refused` told."""

    def __init__(
        self, runner: web.AppRunner, settings: ListenSettings, limit: int, refused: Callable[[], None]
    ) -> None:
        self._context = _tls(settings) if settings.cert else None
        super().__init__(runner, ssl_context=self._context, backlog=_BACKLOG)
        self._settings = settings
        self._limit = limit
        self._refused = refused
        self._coming: set[web.RequestHandler] = set()
        """Let in, and not yet counted among the server's connections."""

    @property
    def name(self) -> str:
        """Its URL; of several addresses the first."""
        sockets = self._server.sockets if isinstance(self._server, asyncio.Server) else ()
        host, port = sockets[0].getsockname()[:2] if sockets else (self._settings.host, self._settings.port)
        scheme = "https" if self._context else "http"
        return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"

    async def start(self) -> None:
        """Listens. Raises AddressUnusable."""
        await super().start()
        host, port = self._settings.host, self._settings.port
        try:
            self._server = await asyncio.get_running_loop().create_server(
                self._let_in,
                host,
                port,
                ssl=self._context,
                backlog=_BACKLOG,
                ssl_handshake_timeout=_HANDSHAKE_SECONDS if self._context else None,
            )
        except OSError as error:
            raise AddressUnusable(host=host, port=port, reason=error.strerror or str(error)) from error

    def _let_in(self) -> asyncio.Protocol:
        server = self._runner.server
        self._coming = {handler for handler in self._coming if handler.transport is None}
        if server is None or len(server.connections) + len(self._coming) >= self._limit:
            self._refused()
            return _Refusal()
        handler = server()
        self._coming.add(handler)
        within = _HANDSHAKE_SECONDS if self._context else _ACCEPTED_SECONDS
        asyncio.get_running_loop().call_later(within, lambda: self._coming.discard(handler))
        return handler


class _Refusal(asyncio.Protocol):
    """Waits for the first byte, so that the peer reads the answer before the connection breaks."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._timer = asyncio.get_running_loop().call_later(_REFUSED_SECONDS, self._transport.abort)

    def data_received(self, data: bytes) -> None:  # noqa: ARG002 - whatever it asks
        if not self._transport.is_closing():
            self._transport.write(_REFUSAL)
            self._transport.close()

    def connection_lost(self, _error: Exception | None) -> None:
        self._timer.cancel()


def _tls(settings: ListenSettings) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.cert, settings.key)
    except (OSError, ssl.SSLError) as error:
        reason = error.strerror or str(error)
        raise CertificateUnusable(cert=settings.cert, key=settings.key, reason=reason) from error
    return context
