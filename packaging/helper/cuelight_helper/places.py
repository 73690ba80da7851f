"""Where everything is. Under another root than `/` only in tests and images."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PACKAGE = "cuelight"
SERVICE = "cuelight.service"
HUB_SERVICE = "cuelight-hub.service"


@dataclass(frozen=True)
class Places:
    """`root`: what stands for `/`."""

    root: Path = Path("/")

    def at(self, path: str) -> Path:
        """An absolute path of the device."""
        return self.root / path.lstrip("/")

    @cached_property
    def folder(self) -> Path:
        """The helper's own: the agent reads the journal and the outcome there, nobody else writes."""
        return self.at("/var/lib/cuelight-update")

    @property
    def journal(self) -> Path:
        return self.folder / "journal.json"

    @property
    def outcome(self) -> Path:
        return self.folder / "outcome.json"

    @property
    def lock(self) -> Path:
        return self.folder / "lock"

    @property
    def package(self) -> Path:
        """The package to install: our copy, which nobody can change after it was verified."""
        return self.folder / "package.deb"

    @property
    def previous_package(self) -> Path:
        """The version before, put together again from what was kept of it."""
        return self.folder / "previous.deb"

    @property
    def kept(self) -> Path:
        """The files of the version before, as hard links: so on the file system of /opt."""
        return self.at("/opt/cuelight-previous")

    @property
    def settings(self) -> Path:
        return self.at("/etc/cuelight/cuelight.toml")

    @property
    def systemd(self) -> Path:
        """There while systemd runs the machine."""
        return self.at("/run/systemd/system")

    @property
    def dpkg_lock(self) -> Path:
        return self.at("/var/lib/dpkg/lock")

    def boot_id(self) -> str:
        """The kernel's identifier of this boot."""
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()

    def make(self) -> None:
        """The helper's folder. Raises OSError."""
        self.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        os.chmod(self.folder, 0o755)  # noqa: PTH101, S103  # the agent reads the outcome here
