"""How connections to the upstream are made: own authorities, a proxy if one is named, and a look after silent ones."""

import asyncio
import os
import socket
import ssl
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from agent.upstream.tls import CheckedContext, CheckedTls, TlsFiles
from presets_store.clock import Clock
from presets_store.redaction import redact_text

CONNECT_TIMEOUT = 10.0
KEPT_FOR = 70.0
"""Seconds for which a connection that is not used stays open: servers keep theirs for 75 s and more."""
SILENT_AFTER = 20
PROBE_EVERY = 5
PROBES = 3
UNHEARD = 30
"""Seconds; with these a peer that is gone is noticed within 35 s, in the middle of a long-poll too."""


class CheckedResponse(aiohttp.ClientResponse):
    """Remembers whose answer it is: the connection is given back as soon as a short answer has come."""

    tls: CheckedTls | None = None

    async def start(self, connection: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        transport = connection.transport
        found = transport.get_extra_info("ssl_object") if transport else None
        self.tls = found if isinstance(found, CheckedTls) else None
        return await super().start(connection)


class Transport:
    """For the upstream at `url`. `proxy`: an http:// address, with user and password if it wants them; "" for none.

    The environment's proxies are not looked at. `files` are read when they are first needed, and again after `forget`.
    """

    def __init__(self, url: str, clock: Clock, files: TlsFiles | None = None, proxy: str = "") -> None:
        self._url = url
        self._clock = clock
        self._files = files or TlsFiles()
        self._proxy = proxy
        self._contexts: dict[tuple[TlsFiles, bool], CheckedContext] = {}

    def session(self, timeout: aiohttp.ClientTimeout) -> aiohttp.ClientSession:
        """A session whose requests are to name `tls` for their address; its responses are CheckedResponse."""
        return aiohttp.ClientSession(
            timeout=timeout,
            connector=aiohttp.TCPConnector(socket_factory=_kept_alive, keepalive_timeout=KEPT_FOR),
            cookie_jar=aiohttp.DummyCookieJar(),
            response_class=CheckedResponse,
            proxy=self._proxy or None,
            headers={"User-Agent": "cuelight"},
        )

    async def tls(self, url: str, *, proves: bool = False) -> CheckedContext | bool:
        """What `ssl` is for a request to `url`. Raises TlsUnusable when the files of the settings are.

        Before the time is known there is no connection, unless the caller `proves` whom it talks to by the answer.
        Another host than the upstream is checked against the machine's authorities.
        """
        if not url.startswith("https:"):
            return True
        files = self._files if _origin(url) == _origin(self._url) else TlsFiles()
        if (files, proves) not in self._contexts:
            made = await asyncio.to_thread(CheckedContext.made, self._clock, files, strict=not proves)
            self._contexts[files, proves] = made
        return self._contexts[files, proves]

    def forget(self) -> None:
        """Has the files that the settings name read again: they may have been renewed."""
        if self._files != TlsFiles():
            self._contexts.clear()


def why(error: Exception) -> str:
    """Why a request had no answer, for people: without the address, which is told anyway."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        error = error.certificate_error
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy refused with {error.status}"
    number = error.os_error.errno if isinstance(error, aiohttp.ClientConnectorError) else None
    reason = os.strerror(number) if number and number > 0 else str(error) or type(error).__name__
    return f"the proxy: {reason}" if isinstance(error, aiohttp.ClientProxyConnectionError) else redact_text(reason)


def _origin(url: str) -> tuple[str | None, int]:
    parts = urlsplit(url)
    return parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


def _kept_alive(address: Any) -> socket.socket:
    family, kind, protocol, _, _ = address
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, SILENT_AFTER)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, PROBE_EVERY)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, PROBES)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNHEARD * 1000)
    return made
