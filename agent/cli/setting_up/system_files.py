"""What a set-up needs of the system itself: drop-ins for systemd, which only root writes, and only for the package."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from agent.setup.errors import SetupFailed
from agent.setup.installed import INSTALLED
from presets_store.durable import make_folder_durably, sync_folder, write_durably

ETC: Final = Path("/etc/systemd")
JOURNAL: Final = "journald.conf.d/50-cuelight-sd-card.conf"
MEDIA: Final = "system/cuelight.service.d/50-cuelight-media.conf"

_HEAD: Final = "# Written by `cuelight setup`.\n"
_JOURNAL: Final = f"{_HEAD}[Journal]\nStorage=volatile\nRuntimeMaxUse=32M\n"
_MODE: Final = 0o644


class SystemFiles:
    """`etc`: systemd's folder there. `reload`: whether systemd runs and is told."""

    def __init__(self, etc: Path, *, reload: bool) -> None:
        self._etc = etc
        self._reload = reload

    @property
    def spares_card(self) -> bool:
        """Whether the journal is kept in memory by us."""
        return (self._etc / JOURNAL).exists()

    def spare_card(self, wanted: bool) -> None:
        """The journal in memory, or wherever it is without us. Raises SetupFailed."""
        if self._put(JOURNAL, _JOURNAL if wanted else ""):
            self._systemctl("restart", "systemd-journald.service")

    def let_write(self, folder: str) -> None:
        """The agent's service may write there; "" takes that back. Raises SetupFailed."""
        quoted = folder.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
        text = f'{_HEAD}[Service]\nReadWritePaths="-{quoted}"\n' if folder else ""
        if self._put(MEDIA, text):
            self._systemctl("daemon-reload")

    def _put(self, name: str, text: str) -> bool:
        """Whether anything had to be changed."""
        file = self._etc / name
        try:
            before = file.read_text(encoding="utf-8") if file.exists() else ""
            if text == before:
                return False
            if text:
                make_folder_durably(file.parent)
                write_durably(file, text.encode(), _MODE)
            else:
                file.unlink()
                sync_folder(file.parent)
        except OSError as error:
            raise SetupFailed(what=file, reason=error.strerror or error) from error
        return True

    def _systemctl(self, *arguments: str) -> None:
        program = shutil.which("systemctl")
        if not self._reload or program is None:
            return
        done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)  # noqa: S603  # ours
        if done.returncode:
            raise SetupFailed(what=f"systemctl {' '.join(arguments)}", reason=done.stderr.strip() or done.returncode)


def takes_root() -> bool:
    """Whether a service of the package runs here, and it is not root who asks."""
    return os.geteuid() != 0 and Path(sys.prefix) == INSTALLED


def system_files() -> SystemFiles | None:
    """Those of this machine; None where the package is not installed, or somebody else than root asks."""
    if os.geteuid() != 0 or Path(sys.prefix) != INSTALLED:
        return None
    return SystemFiles(ETC, reload=Path("/run/systemd/system").is_dir())
