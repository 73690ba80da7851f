"""Runs a job of hardware/jobs.py in a process of its own."""

import asyncio
import contextlib
import json
from asyncio.subprocess import Process
from collections.abc import Callable
from typing import Any

from hardware.errors import JobFailed, revive
from hardware.launch import JOBS_MODULE, child_environment, module_command

LONGEST_ANSWER = 1 << 20
"""Bytes of JSON that a job may answer."""

Told = Callable[[dict[str, Any]], None]
"""Hears what a job tells on its way."""


async def run_job(
    name: str, *, told: Told | None = None, stop: asyncio.Future[Any] | None = None, **arguments: Any
) -> dict[str, Any]:
    """Runs the job `name` with `arguments` (JSON values) and answers its result.

    The job gets `arguments` as one line of JSON on its standard input and writes lines of JSON: `{"told": {...}}` for
    `told`, as often as it likes, and at the end its result with exit status 0, else `{"code", "message"}` of a
    HardwareError. One that goes on until it is told to end hears of `stop` by the end of its standard input. Cancelling
    kills the process.

    Raises JobFailed when the job ends in any other way, or the job's own HardwareError.
    """
    process = await asyncio.create_subprocess_exec(
        *module_command(JOBS_MODULE, name),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=child_environment(),
        limit=LONGEST_ANSWER,
        process_group=0,  # Ctrl+C is for whoever runs the job, who then ends it
    )
    asking = asyncio.create_task(_ask(process, json.dumps(arguments), stop))
    try:
        output = await _listen(name, process, told)
        await process.wait()
    finally:
        asking.cancel()
        if process.stdin is not None:
            process.stdin.close()
        if process.returncode is None:
            process.kill()
            await process.wait()
    return _result(name, process.returncode, output)


async def _ask(process: Process, arguments: str, stop: asyncio.Future[Any] | None) -> None:
    """Writes the arguments, and closes the way to the job when it is to end."""
    if process.stdin is None:
        return
    with contextlib.suppress(ConnectionError):  # it ended without reading; what it says for itself counts
        process.stdin.write(f"{arguments}\n".encode())
        await process.stdin.drain()
        if stop is not None:
            await asyncio.wait({stop})  # which cancels nothing
    process.stdin.close()


async def _listen(name: str, process: Process, told: Told | None) -> bytes:
    """The job's last line; those before go to `told`."""
    last = b""
    while process.stdout is not None:
        try:
            line = await process.stdout.readline()
        except ValueError:
            raise JobFailed(job=name, reason=f"it answers more than {LONGEST_ANSWER} bytes") from None
        if not line:
            break
        news = _news(line)
        if news is None:
            last = line
        elif told is not None:
            told(news)
    return last


def _news(line: bytes) -> dict[str, Any] | None:
    """What a line tells on the way; None when it is the answer."""
    if not line.startswith(b'{"told":'):
        return None
    with contextlib.suppress(ValueError):
        news = json.loads(line)["told"]
        return news if isinstance(news, dict) else None
    return None


def _result(name: str, status: int | None, output: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(output)
    except ValueError:
        raise JobFailed(job=name, reason=f"it ended with status {status} and no answer") from None
    if not isinstance(answer, dict):
        raise JobFailed(job=name, reason="its answer is no JSON object")
    if status != 0:
        raise revive(str(answer.get("code", "")), str(answer.get("message", "")))
    return answer
