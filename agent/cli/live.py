"""Live changes from the agent (`GET /v1/live`, server-sent events), read by a thread of its own."""

import contextlib
import http.client
import json
import queue
import threading
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from agent.cli.client import UnixConnection

SILENCE = 60.0
"""Seconds without a byte after which the connection is taken for dead; the agent sends a heartbeat every 15 s."""

PAUSE = 1.0
"""Seconds before another try after a lost connection."""


def parse_server_sent(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """The JSON object of each event in a `text/event-stream`; heartbeats and what is not an object are skipped."""
    data: list[bytes] = []
    for raw in lines:
        line = raw.rstrip(b"\r\n")
        if line.startswith(b"data:"):
            data.append(line[5:].removeprefix(b" "))
        elif not line and data:
            try:
                message = json.loads(b"\n".join(data))
            except ValueError:
                message = None
            data.clear()
            if isinstance(message, dict):
                yield message


class LiveChanges:
    """A context manager in which `next()` gives the changes. A lost connection is made anew: changes may be missing."""

    def __init__(self, socket_path: Path) -> None:
        self._socket_path = socket_path
        self._messages: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._ended = threading.Event()
        # A daemon: a read that waits for the agent must not keep the command from ending.
        self._thread = threading.Thread(target=self._follow, name="live", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()

    def next(self, timeout: float) -> dict[str, Any] | None:
        """The next change (a LiveMessage of presets_store.protocol.live as JSON), None after `timeout` seconds."""
        try:
            return self._messages.get(timeout=timeout)
        except queue.Empty:
            return None

    def _follow(self) -> None:
        while not self._ended.is_set():
            # The agent may be away, or restart; whoever watches also asks from time to time.
            with contextlib.suppress(OSError, http.client.HTTPException):
                self._read_connection()
            self._ended.wait(PAUSE)

    def _read_connection(self) -> None:
        connection = UnixConnection(self._socket_path, SILENCE)
        try:
            connection.request("GET", "/v1/live", headers={"Accept": "text/event-stream"})
            response = connection.getresponse()
            if response.status != HTTPStatus.OK:
                return
            for message in parse_server_sent(response):
                self._messages.put(message)
                if self._ended.is_set():
                    return
        finally:
            connection.close()
