"""Runs a one-shot file job of hardware/jobs.py in a process of its own."""

import asyncio
import json
from typing import Any

from hardware.errors import JobFailed, revive
from hardware.launch import JOBS_MODULE, child_environment, module_command

LONGEST_ANSWER = 1 << 20
"""Bytes of JSON that a job may answer."""


async def run_job(name: str, **arguments: Any) -> dict[str, Any]:
    """Runs the job `name` with `arguments` (JSON values) and answers its result.

    The job gets `arguments` as one JSON object on its standard input and writes one JSON object: its result with exit
    status 0, else `{"code", "message"}` of a HardwareError. Cancelling kills the process.

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
    try:
        output, _ = await process.communicate(json.dumps(arguments).encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return _result(name, process.returncode, output)


def _result(name: str, status: int | None, output: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(output[:LONGEST_ANSWER])
    except ValueError:
        raise JobFailed(job=name, reason=f"it ended with status {status} and no answer") from None
    if not isinstance(answer, dict):
        raise JobFailed(job=name, reason="its answer is no JSON object")
    if status != 0:
        raise revive(str(answer.get("code", "")), str(answer.get("message", "")))
    return answer
