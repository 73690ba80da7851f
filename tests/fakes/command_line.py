"""The command line: as a process of its own, or called in this one, which is many times faster."""

import asyncio
import io
import json
import os
import pty
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from agent.cli.main import main

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Ended:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


def environment(state: Path) -> dict[str, str]:
    """That of a command which finds its agent in the folder `state`."""
    own = {"CUELIGHT_STATE_FOLDER": str(state), "TZ": "Europe/Berlin", "PYTHONPATH": str(ROOT), "COLUMNS": "100"}
    return {name: value for name, value in os.environ.items() if not name.startswith("CUELIGHT_")} | own


async def started(state: Path, *arguments: str, **more: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "agent", *arguments, env=environment(state) | more,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def cuelight(state: Path, *arguments: str, stdin: str = "", **more: str) -> Ended:
    """Runs the command until it has ended; `more` are environment variables."""
    process = await started(state, *arguments, **more)
    out, err = await process.communicate(stdin.encode())
    return Ended(process.returncode or 0, out.decode(), err.decode())


async def called(state: Path, *arguments: str, stdin: str = "") -> Ended:
    """The same without a process: for what does not depend on being one."""
    out, err = io.StringIO(), io.StringIO()
    streams = {"stdin": io.TextIOWrapper(io.BytesIO(stdin.encode())), "stdout": out, "stderr": err}
    with ExitStack() as stack:
        stack.enter_context(mock.patch.dict(os.environ, environment(state), clear=True))
        for name, stream in streams.items():
            stack.enter_context(mock.patch.object(sys, name, stream))
        time.tzset()
        code = await asyncio.to_thread(_code_of, arguments)
    time.tzset()
    return Ended(code, out.getvalue(), err.getvalue())


def _code_of(arguments: tuple[str, ...]) -> int:
    try:
        return main(arguments)
    except SystemExit as exit_:
        return int(exit_.code or 0)


def on_a_terminal(state: Path, *arguments: str, answer: str = "", columns: int = 140) -> tuple[int, str]:
    """Exit code, and what the command writes when a terminal looks; `answer` is typed there at once."""
    reader, writer = pty.openpty()
    own = {"TERM": "xterm-256color", "COLUMNS": str(columns)}
    surroundings = {name: value for name, value in environment(state).items() if name != "NO_COLOR"} | own
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "agent", *arguments],
        env=surroundings,
        stdin=writer,
        stdout=writer,
        stderr=writer,
    )
    os.close(writer)
    os.write(reader, answer.encode())
    written = b""
    try:
        while chunk := os.read(reader, 65536):
            written += chunk
    except OSError:
        pass  # Linux ends a terminal that nobody writes to with EIO
    os.close(reader)
    return process.wait(), written.decode()
