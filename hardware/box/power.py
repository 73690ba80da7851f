"""The box's power."""

import asyncio
from collections.abc import Sequence

from hardware.box.errors import RebootFailed

REBOOT = ("systemctl", "reboot")
_WITHIN = 30.0


async def reboot(command: Sequence[str] = REBOOT) -> None:
    """Asks the system to reboot; it ends this process soon. Raises RebootFailed."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
        )
    except OSError as error:
        raise RebootFailed(reason=f"{command[0]}: {error.strerror}") from error
    try:
        async with asyncio.timeout(_WITHIN):
            _, said = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise RebootFailed(reason=f"{command[0]} did not return within {_WITHIN:g} s") from None
    if process.returncode:
        text = said.decode("utf-8", "replace").strip().splitlines()
        raise RebootFailed(reason=text[-1] if text else f"{command[0]} ended with status {process.returncode}")
