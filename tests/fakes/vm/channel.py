"""JSON lines over a socket: how QEMU's monitor (QMP) and its guest agent are spoken to."""

import itertools
import json
import socket
import time
from typing import Any

_READ = 65536


class ChannelError(Exception):
    """The far side refused a command, did not answer in time, or is gone."""


class Channel:
    """One end of a socket pair whose other end QEMU holds, from `open` to `close`. Not for several threads."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._ours: socket.socket | None = None
        self._theirs: socket.socket | None = None
        self._buffer = b""
        self._numbers = itertools.count(1)

    def open(self) -> int:
        """The descriptor that QEMU is to be given."""
        self.close()
        self._ours, self._theirs = socket.socketpair()
        return self._theirs.fileno()

    def given(self) -> None:
        """QEMU has its own copy of the other end by now: so that its death ends the connection."""
        if self._theirs:
            self._theirs.close()
            self._theirs = None

    def close(self) -> None:
        self.given()
        if self._ours:
            self._ours.close()
            self._ours = None
        self._buffer = b""

    def ask(self, command: str, *, timeout: float = 300.0, prefix: bytes = b"", **arguments: Any) -> Any:
        """The answer's `return`; raises ChannelError. What answers nobody, such as an event, is passed over."""
        number = next(self._numbers)
        if self._ours is None:
            raise ChannelError(f"{self.name}: {command}: the machine is off")
        request = {"execute": command, "arguments": arguments, "id": number}
        try:
            self._ours.settimeout(timeout)
            self._ours.sendall(prefix + json.dumps(request).encode() + b"\n")
        except OSError as error:
            raise ChannelError(f"{self.name}: {command}: {error}") from error
        deadline = time.monotonic() + timeout
        while True:
            answer = self._next(self._ours, command, deadline)
            if answer.get("id") != number:
                continue
            if "error" in answer:
                raise ChannelError(f"{self.name}: {command}: {answer['error'].get('desc', answer['error'])}")
            return answer["return"]

    def _next(self, ours: socket.socket, command: str, deadline: float) -> dict[str, Any]:
        while b"\n" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0:
                raise ChannelError(f"{self.name}: no answer to {command} in time")
            ours.settimeout(left)
            try:
                more = ours.recv(_READ)
            except TimeoutError:
                continue
            except OSError as error:
                raise ChannelError(f"{self.name}: {command}: {error}") from error
            if not more:
                raise ChannelError(f"{self.name}: {command}: the connection ended")
            self._buffer += more
        line, _, self._buffer = self._buffer.partition(b"\n")
        # The guest agent puts 0xff before its answer to a delimited sync; what stands before that is of no use.
        parsed: dict[str, Any] = json.loads(line.rpartition(b"\xff")[2])
        return parsed
