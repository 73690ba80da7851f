"""A process that is fed through a pipe and tells in lines how far it is; it can be ended whatever it hangs in."""

import contextlib
import os
import select
import subprocess
from collections.abc import Mapping, Sequence
from typing import IO, cast

from hardware.sinks.streams.link import LinkLost

_READ = 65536
_MOST_KEPT = 4096
"""Characters of an unfinished line."""


class ChildProcess:
    """`command` with its input and its output (also what it says of errors) as pipes.

    Raises LinkLost where it does not start.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], fds: Sequence[int] = ()) -> None:
        try:
            self._process = subprocess.Popen(  # noqa: S603 - no shell reads it
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                pass_fds=fds,
                bufsize=0,
            )
        except OSError as error:
            raise LinkLost(f"{command[0]} does not start: {error.strerror}") from error
        self._input = cast("IO[bytes]", self._process.stdin)
        self._output = cast("IO[bytes]", self._process.stdout)
        os.set_blocking(self._input.fileno(), False)
        os.set_blocking(self._output.fileno(), False)
        self._waiting = bytearray()
        self._line = ""

    @property
    def has_room(self) -> bool:
        """Whether everything written was taken."""
        return not self._waiting

    def write(self, data: bytes) -> None:
        """Gives it `data`, what the pipe does not take now later."""
        self._waiting += data
        self.flush()

    def flush(self) -> None:
        """Gives it what waits, as far as it goes now. When it has ended, `lines` will tell why."""
        try:
            while self._waiting:
                del self._waiting[: os.write(self._input.fileno(), self._waiting)]
        except BlockingIOError:
            pass
        except BrokenPipeError:
            self._waiting.clear()

    def lines(self) -> list[str]:
        """What it said since. Raises LinkLost with its last words when it has ended."""
        text = self._line
        while chunk := self._read():
            text += chunk
        *lines, rest = text.split("\n")
        self._line = rest[-_MOST_KEPT:]
        if chunk is None or lines:
            return lines
        raise LinkLost(rest or f"it ended with status {self._status()}")

    def wait(self, seconds: float) -> None:
        """Waits until it takes or says something."""
        writing = [self._input] if self._waiting else []
        select.select([self._output], writing, [], seconds)

    def close(self, seconds: float) -> list[str]:
        """Gives it what waits, ends its input, gives it so many seconds to end by itself, then kills it.

        Answers what it said at last.
        """
        self.flush()
        self._input.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        self._process.kill()
        self._process.wait()
        last = []
        with contextlib.suppress(LinkLost):
            last = self.lines()
        self._output.close()
        return last

    def _read(self) -> str | None:
        """The next of what it says: empty at the end, None when there is nothing now."""
        try:
            return os.read(self._output.fileno(), _READ).decode(errors="replace")
        except BlockingIOError:
            return None

    def _status(self) -> str:
        try:
            return str(self._process.wait(0.5))
        except subprocess.TimeoutExpired:
            return "unknown"
