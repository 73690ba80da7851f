"""WHIP: FFmpeg sends the pictures, the talk with the server is ours.

FFmpeg would check no certificate before it gives the token away, and its complaints would hold the address. So it
speaks with a `Forwarder` on loopback, which speaks with the server.
"""

import http.client
import secrets
import ssl
import threading
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any
from urllib.parse import urljoin, urlsplit

from hardware.models import StreamOrder
from hardware.sinks.streams.link import LinkLost, Shape, Unit
from hardware.sinks.streams.published import PublishedLink

_TIMEOUT = 8.0
_LONGEST = 65536
"""Bytes of an offer or an answer."""

_MOST_REDIRECTS = 3
_TOLD = ("Content-Type", "Location")


class Forwarder:
    """A web server for one publisher: what is posted to `url` is posted to the WHIP server, with the token.

    `failure` says what the server answered when it refused.
    """

    def __init__(self, target: str, token: str) -> None:
        self._target = target
        self._token = token
        self._resource = ""
        self._path = f"/{secrets.token_urlsafe()}"
        self.failure = ""
        self._server = ThreadingTCPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}{self._path}"
        threading.Thread(target=self._server.serve_forever, args=(0.1,), name="whip", daemon=True).start()

    def close(self) -> None:
        """Serves no more."""
        self._server.shutdown()
        self._server.server_close()

    def forward(self, method: str, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """The server's answer: status, headers, body."""
        if path not in (self._path, f"{self._path}/resource"):
            return 404, {}, b""
        target = self._target if path == self._path else self._resource
        try:
            status, headers, answer = self._ask(method, target, body)
        except (OSError, http.client.HTTPException, ValueError) as error:  # the last: a name or an address that is none
            self.failure = f"no answer from the server: {getattr(error, 'strerror', None) or error}"
            return 502, {}, b""
        if status >= 300:
            self.failure = f"the server answered {status} {http.client.responses.get(status, '')}"
            return 502, {}, b""
        if "Location" in headers:
            self._resource = headers["Location"]
            headers["Location"] = f"{self.url}/resource"
        return status, headers, answer

    def _ask(self, method: str, target: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        for _ in range(_MOST_REDIRECTS):
            status, headers, answer = self._ask_once(method, target, body)
            if "Location" in headers:
                headers["Location"] = urljoin(target, headers["Location"])
            if status not in (307, 308) or not _is_same_origin(target, headers.get("Location", "")):
                break
            target = headers["Location"]
        return status, headers, answer

    def _ask_once(self, method: str, target: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        parts = urlsplit(target)
        host, port = parts.hostname or "", parts.port
        connection: http.client.HTTPConnection
        if parts.scheme == "https":
            trusted = ssl.create_default_context()
            connection = http.client.HTTPSConnection(host, port, timeout=_TIMEOUT, context=trusted)
        else:
            connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT)
        headers = {"Content-Type": "application/sdp"} if body else {}
        if self._token and _is_same_origin(self._target, target):
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            connection.request(method, parts._replace(scheme="", netloc="").geturl() or "/", body or None, headers)
            answer = connection.getresponse()
            told = {name: value for name in _TOLD if (value := answer.headers.get(name))}
            return answer.status, told, answer.read(_LONGEST)
        finally:
            connection.close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        forward = self.forward

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self._serve()

            def do_DELETE(self) -> None:
                self._serve()

            def _serve(self) -> None:
                size = min(int(self.headers.get("Content-Length") or 0), _LONGEST)
                status, headers, answer = forward(self.command, self.path, self.rfile.read(size))
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(answer))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in the base class
                """The stream's own states are logged."""

        return Handler


def _is_same_origin(one: str, other: str) -> bool:
    """Whether the token may go there too."""
    return urlsplit(one)[:2] == urlsplit(other)[:2]


class WhipLink:
    """See `Link`."""

    def __init__(self, order: StreamOrder, shape: Shape) -> None:
        """Starts the publishing process. Raises LinkLost."""
        self._forwarder = Forwarder(order.url, order.token)
        try:
            self._link = PublishedLink(order, shape, self._forwarder.url)
        except LinkLost:
            self._forwarder.close()
            raise

    @property
    def has_room(self) -> bool:
        return self._link.has_room

    def send(self, unit: Unit) -> None:
        self._link.send(unit)

    def sent(self) -> int:
        try:
            return self._link.sent()
        except LinkLost as lost:
            raise LinkLost(self._forwarder.failure or str(lost)) from lost

    def wait(self, seconds: float) -> None:
        self._link.wait(seconds)

    def close(self, seconds: float) -> int:
        sent = self._link.close(seconds)
        self._forwarder.close()
        return sent
