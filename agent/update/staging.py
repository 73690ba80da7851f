"""What the agent and root's helper tell each other, by files: a request in the state folder, an outcome in root's own.

The helper takes the request by renaming it; until then it may be withdrawn. All functions block for the disk.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from agent.media.room import disk_of
from agent.outcomes import Outcome, complete, failed
from presets_store.durable import make_folder_durably, sync_folder, write_durably

FOLDER = "update"
PACKAGE = "package.deb"
FETCHED = "fetched.deb"
_REQUEST = "request.json"
_TAKEN = "request.taken"
_LARGEST = 64 * 1024

MARGIN = 64 * 1024**2
"""Bytes that stay free."""
LARGEST_PACKAGE = 2 * 1024**3


class Whereabouts(StrEnum):
    """Where a request is."""

    WAITS = "waits"
    TAKEN = "taken"
    NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True)
class Staging:
    """`folder`: the agent's; `helper`: root's, which the agent can only read."""

    folder: Path
    helper: Path

    @property
    def fetched(self) -> Path:
        """Where a package lies that is not staged yet."""
        return self.folder / FETCHED

    def is_busy(self) -> bool:
        """Whether an update waits or is under way, whoever asked for it."""
        return any(path.exists() for path in (self.folder / _REQUEST, self.folder / _TAKEN, self._journal))

    def clear(self) -> None:
        """Removes what earlier events left. Raises OSError."""
        make_folder_durably(self.folder)
        for path in self.folder.iterdir():
            path.unlink()

    def ask(self, request: Mapping[str, str]) -> None:
        """Stages the fetched package and asks for it, durably. Raises OSError."""
        self.fetched.replace(self.folder / PACKAGE)
        sync_folder(self.folder)
        write_durably(self.folder / _REQUEST, json.dumps(dict(request)).encode())

    def withdraw(self) -> bool:
        """Whether the request was still there; then nobody will take it."""
        try:
            (self.folder / _REQUEST).unlink()
        except FileNotFoundError:
            return False
        sync_folder(self.folder)
        (self.folder / PACKAGE).unlink(missing_ok=True)
        return True

    def whereabouts(self, uuid: str) -> Whereabouts:
        """Where the request of an event is."""
        if _document(self.folder / _REQUEST).get("event") == uuid:
            return Whereabouts.WAITS
        taken = (_document(path).get("event") == uuid for path in (self.folder / _TAKEN, self._journal))
        return Whereabouts.TAKEN if any(taken) else Whereabouts.NOWHERE

    def outcome(self, uuid: str) -> Outcome | None:
        """What became of the update that an event asked for; None while it is not known."""
        found = _document(self.helper / "outcome.json")
        if found.get("event") != uuid:
            return None
        told = {name: str(found[name]) for name in ("version", "previous", "installed", "database") if found.get(name)}
        code, message = str(found.get("code", "")), str(found.get("message", ""))
        return failed(code, message, told) if code else complete(told)

    @property
    def _journal(self) -> Path:
        return self.helper / "journal.json"


def staging_of(state_folder: Path, root: Path = Path("/")) -> Staging:
    """That of a device. `root`: what stands for `/`."""
    return Staging(state_folder / FOLDER, root / "var/lib/cuelight-update")


def room(folder: Path, taken: int) -> int:
    """Bytes that a package may have: the helper makes a copy of it beside. Raises OSError."""
    return max(0, min(LARGEST_PACKAGE - taken, (disk_of(folder).free - MARGIN) // 2))


def _document(path: Path) -> dict[str, Any]:
    """A JSON object; an empty one where there is none."""
    try:
        with path.open("rb") as file:
            found = json.loads(os.read(file.fileno(), _LARGEST))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
