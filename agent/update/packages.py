"""dpkg, asked: what is installed, what a package file is, which version is older."""

import asyncio
import subprocess
from dataclasses import dataclass
from pathlib import Path

from agent.update.errors import PackageUnreadable

PACKAGE = "cuelight"
WITHIN = 60.0


@dataclass(frozen=True, slots=True)
class Package:
    """Name, version and architecture, as dpkg tells them."""

    name: str
    version: str
    architecture: str


async def installed(root: Path = Path("/")) -> Package | None:
    """The installed package; None for none. `root`: what stands for `/`."""
    admin = f"--admindir={root / 'var/lib/dpkg'}"
    shown = "${db:Status-Abbrev}\n${Package}\n${Version}\n${Architecture}"
    code, text = await _asked("dpkg-query", admin, "-W", "-f", shown, PACKAGE)
    status, *members = text.split("\n")
    return Package(*members) if code == 0 and status.strip() == "ii" and len(members) == 3 else None


async def machine() -> str:
    """The architecture of this machine, "" where there is no dpkg."""
    code, text = await _asked("dpkg", "--print-architecture")
    return text.strip() if code == 0 else ""


async def is_older(version: str, than: str) -> bool:
    """As dpkg compares versions."""
    return (await _asked("dpkg", "--compare-versions", version, "lt", than))[0] == 0


async def told_by(file: Path) -> Package:
    """What a package file says of itself. Raises PackageUnreadable."""
    shown = "${Package}\n${Version}\n${Architecture}\n"
    code, text = await _asked("dpkg-deb", f"--showformat={shown}", "--show", str(file))
    members = text.splitlines()
    if code or len(members) != 3:
        raise PackageUnreadable(file=file, reason=text.strip() or f"dpkg-deb ended with {code}")
    return Package(*members)


async def _asked(*command: str) -> tuple[int, str]:
    """Exit code and output of a program, or of what went wrong with it."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
    except OSError as error:
        return 127, f"{command[0]}: {error.strerror}"
    try:
        async with asyncio.timeout(WITHIN):
            out, _ = await process.communicate()
    except TimeoutError:
        return 124, f"{command[0]} took too long"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, out.decode(errors="replace")
