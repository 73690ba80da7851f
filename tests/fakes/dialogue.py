"""Somebody at a terminal of their own, who reads each question before answering it."""

import fcntl
import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from fakes.command_line import environment

PATIENCE = 30.0


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """`shown`: all that the command wrote so far, as the terminal has it."""

    def __init__(self, state: Path, *arguments: str, surroundings: Mapping[str, str] | None = None) -> None:
        self._reader, writer = pty.openpty()
        self.shown = ""
        self._read = 0
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "agent", *arguments],
            env=environment(state) | {"TERM": "dumb", "COLUMNS": "100", **(surroundings or {})},
            stdin=writer,
            stdout=writer,
            stderr=writer,
            # Its own: else a password would be asked for at the terminal of whoever runs the tests.
            start_new_session=True,
            preexec_fn=_take_terminal,
        )
        os.close(writer)

    def answer(self, question: str, text: str) -> str:
        """Waits for the question, and types; what was shown since the last answer."""
        deadline = time.monotonic() + PATIENCE
        while question not in self.shown[self._read :]:
            assert time.monotonic() < deadline, f"{question!r} was not asked:\n{self.shown}"
            assert self._more(), f"it ended before it asked {question!r}:\n{self.shown}"
        told, self._read = self.shown[self._read :], len(self.shown)
        os.write(self._reader, text.encode())
        return told

    def answers(self, *pairs: Sequence[str]) -> None:
        """Each with Enter behind it."""
        for question, text in pairs:
            self.answer(question, text + "\n")

    def end(self) -> int:
        """The exit code, when it has ended."""
        while self._more():
            pass
        os.close(self._reader)
        return self._process.wait(PATIENCE)

    def _more(self) -> bool:
        """Reads on; False at the end."""
        if not select.select([self._reader], [], [], PATIENCE)[0]:
            return False
        try:
            chunk = os.read(self._reader, 65536)
        except OSError:  # Linux ends a terminal that nobody writes to with EIO
            return False
        self.shown += chunk.decode(errors="replace").replace("\r\n", "\n")
        return bool(chunk)
