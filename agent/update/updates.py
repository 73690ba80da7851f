"""Whether a package may be installed here, and the way to the helper that does it."""

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path

from agent.update import packages
from agent.update.errors import (
    Downgrade,
    NotPackaged,
    NoUpdateKey,
    UpdateUnderWay,
    WrongPackage,
)
from agent.update.packages import Package
from agent.update.settings import UpdateSettings
from agent.update.signing import Signed, verify
from agent.update.staging import staging_of

STATE = Path("var/lib/cuelight")
"""Where the helper looks for requests: another state folder is none of a package."""

_HELPER = Path("usr/lib/cuelight/helper/__main__.py")
_RELEASE = re.compile(r"~deb(\d+)")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The package that an event asks for. `signature` in Base64, `sha256` in lower hexadecimal."""

    version: str
    sha256: str
    signature: str


class Updates:
    """`root`: what stands for `/`."""

    def __init__(self, settings: UpdateSettings, state_folder: Path, root: Path = Path("/")) -> None:
        self._settings = settings
        self._state_folder = state_folder
        self._root = root
        self.turn = asyncio.Lock()
        """One event at a time looks, fetches and asks."""
        self.staging = staging_of(state_folder, root)

    async def judge(self, wanted: Wanted) -> Package:
        """The package that is installed, if the wanted one may replace it; nothing was fetched for that.

        Raises NoUpdateKey, NotPackaged, UpdateUnderWay, BadSignature, WrongPackage, Downgrade.
        """
        if not self._settings.public_key:
            raise NoUpdateKey
        now = await self._installed()
        if await asyncio.to_thread(self.staging.is_busy):
            raise UpdateUnderWay
        signed = Signed(wanted.version, await packages.machine(), wanted.sha256)
        verify(self._settings.public_key, wanted.signature, signed)
        theirs, ours = _RELEASE.search(wanted.version), _RELEASE.search(now.version)
        if theirs and ours and theirs[1] != ours[1]:
            raise WrongPackage(reason=f"{wanted.version} is for Debian {theirs[1]}, this is Debian {ours[1]}")
        if not self._settings.allow_downgrade and await packages.is_older(wanted.version, now.version):
            raise Downgrade(version=wanted.version, installed=now.version)
        return now

    async def ask(self, uuid: str, wanted: Wanted) -> None:
        """Hands the fetched package to the helper, durably. Raises PackageUnreadable, WrongPackage, OSError."""
        told, machine = await packages.told_by(self.staging.fetched), await packages.machine()
        if (told.name, told.version) != (packages.PACKAGE, wanted.version):
            raise WrongPackage(reason=f"is {told.name} {told.version}, not {packages.PACKAGE} {wanted.version}")
        if told.architecture not in (machine, "all"):
            raise WrongPackage(reason=f"is for {told.architecture}, not for {machine}")
        request = {
            "event": uuid,
            "version": wanted.version,
            "sha256": wanted.sha256,
            "signature": wanted.signature,
        }
        await asyncio.to_thread(self.staging.ask, request)

    def _check_places(self) -> None:
        if not (self._root / _HELPER).exists():
            raise NotPackaged(reason=f"there is no {self._root / _HELPER}")
        if self._state_folder.resolve() != (self._root / STATE).resolve():
            raise NotPackaged(reason=f"its state folder is {self._state_folder}, not {self._root / STATE}")

    async def _installed(self) -> Package:
        await asyncio.to_thread(self._check_places)
        found = await packages.installed(self._root)
        if found is None:
            raise NotPackaged(reason=f"dpkg knows no whole package {packages.PACKAGE}")
        return found
