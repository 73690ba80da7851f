"""A listener of `GET /v1/live` on an agent's Unix socket, in a thread of its own."""

import json
import socket
import threading
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from fakes.agent_process import SocketConnection


class Live:
    """Listens while the block runs; `messages` has all that was heard."""

    def __init__(self, socket_path: Path) -> None:
        self._connection = SocketConnection(socket_path, timeout=30)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self.messages: list[dict[str, Any]] = []

    def percents(self, event: int) -> list[float]:
        """What was told about the event's progress, in order."""
        told = [message["data"] for message in self.messages if message["kind"] in ("progress", "event")]
        return [record["percentComplete"] for record in told if record["key"] == event]

    def __enter__(self) -> Self:
        self._connection.connect()
        self._socket = self._connection.sock
        self._connection.request("GET", "/v1/live")
        self._response = self._connection.getresponse()
        assert self._response.readline() == b": alive\n"
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._connection.close()

    def _read(self) -> None:
        with suppress(HTTPException):  # the end comes in the middle of the stream
            for line in self._response:
                if line.startswith(b"data: "):
                    self.messages.append(json.loads(line.removeprefix(b"data: ")))
