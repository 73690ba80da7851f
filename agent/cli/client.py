"""HTTP with the agent over its Unix socket: blocking, by the standard library, because it loads fast."""

import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from agent.cli.errors import AgentForbidden, AgentUnreachable, Refused
from presets_store.errors import PROBLEM_TYPE

TIMEOUT = 30.0
"""Seconds that the agent may take for an answer."""

FINE = (HTTPStatus.OK, HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT)
"""The last two are answered by the scripts API."""


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class AgentClient:
    """Requests to the agent at `socket_path`, each on its own connection. A peer on the socket needs no signature."""

    def __init__(self, socket_path: Path, timeout: float = TIMEOUT) -> None:
        self.socket_path = socket_path
        self._timeout = timeout

    def get(self, path: str, query: Mapping[str, object] | None = None) -> Any:
        """The answer's JSON. Raises AgentUnreachable, AgentForbidden, Refused."""
        return self.request("GET", f"{path}?{urlencode(query)}" if query else path)

    def post(self, path: str, body: Mapping[str, object]) -> Any:
        """The answer's JSON, None for an empty one. Raises as `get`."""
        return self.request("POST", path, body)

    def request(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        """As `get` and `post`."""
        data = self._send(method, path, body)
        try:
            return json.loads(data) if data.strip() else None
        except ValueError as error:
            raise AgentUnreachable(socket=self.socket_path, reason=reason_of(error)) from error

    def download(self, path: str) -> bytes:
        """What a route answers that gives no JSON. Raises as `get`."""
        return self._send("GET", path, None)

    def _send(self, method: str, path: str, body: Mapping[str, object] | None) -> bytes:
        connection = UnixConnection(self.socket_path, self._timeout)
        data = None if body is None else json.dumps(body).encode()
        headers = {} if body is None else {"Content-Type": "application/json"}
        try:
            connection.request(method, path, body=data, headers=headers)
            response = connection.getresponse()
            answer = response.read()
        except PermissionError as error:
            raise AgentForbidden(socket=self.socket_path) from error
        except (OSError, http.client.HTTPException) as error:
            raise AgentUnreachable(socket=self.socket_path, reason=reason_of(error)) from error
        finally:
            connection.close()
        if response.status not in FINE:
            raise refusal(response.status, answer)
        return answer


def refusal(status: int, data: bytes) -> Refused:
    """The error that an answer stands for which is not fine: a problem document, or the scripts API's own shape."""
    try:
        document = json.loads(data)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        text = data.decode(errors="replace").strip() or HTTPStatus(status).phrase
        return Refused(status, f"http_{status}", text)
    problem = str(document.get("code") or document.get("type", "")).removeprefix(PROBLEM_TYPE)
    return Refused(status, problem or f"http_{status}", "\n".join(_told(document, HTTPStatus(status).phrase)))


def _told(document: Mapping[str, Any], phrase: str) -> Iterator[str]:
    """The lines of a refusal. The scripts API has reasons by path, which its message only repeats."""
    errors = document.get("errors", [])
    if errors and isinstance(errors, dict):
        found = [f"{path}: {reason}" for path, reasons in errors.items() for reason in reasons]
        yield from found if len(found) == 1 else ("several things do not fit:", *(f"  {each}" for each in found))
        return
    yield str(document.get("detail") or document.get("message") or document.get("title") or phrase)
    for wrong in errors:
        expected = f"; expected: {wrong['expected']}" if wrong.get("expected") else ""
        yield f"  {wrong.get('field')}: {wrong.get('problem')}{expected}"


def reason_of(error: Exception) -> str:
    """A few words for what kept the agent from answering."""
    if isinstance(error, FileNotFoundError):
        return "there is no such socket"
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return "what answers there is not cuelight"
