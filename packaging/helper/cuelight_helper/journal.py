"""What is under way, on the disk before it is done: after a power cut the helper goes on from here."""

import json
import logging
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from cuelight_helper.durable import rename_durably, sync_folder, write_durably

logger = logging.getLogger(__name__)


class Phase(StrEnum):
    """What is to be done next. Each may be begun again from its start."""

    REQUESTED = "requested"
    """Copy the package and verify it."""
    VERIFIED = "verified"
    """Look how the device does, stop the agent, keep the version before."""
    INSTALLING = "installing"
    """Let dpkg install the package."""
    KEPT = "kept"
    """The package manager upgrades by itself: wait until it is done."""
    WATCHING = "watching"
    """See whether the new version works."""
    RESTORING = "restoring"
    """Go back to the version before."""
    FINISHED = "finished"
    """Tell the outcome, clear up."""


@dataclass(frozen=True)
class Record:
    """`event`: the UUID of the event that asked, "" for the package manager. `version`: the new one.

    `previous`: the one before. `expected`: the service is to run. `pictures`: cameras that gave a picture before.

    `revision`: of the database before, "" for none. `ready`: the new version was ready once, so it may have accepted
    work. `watches`: how often watching began. `begun`: epoch seconds. `database`: what became of the database.
    """

    phase: Phase
    event: str = ""
    version: str = ""
    sha256: str = ""
    signature: str = ""
    previous: str = ""
    expected: bool = True
    pictures: list[str] = field(default_factory=list)
    revision: str = ""
    ready: bool = False
    watches: int = 0
    boot_id: str = ""
    begun: int = 0
    code: str = ""
    message: str = ""
    database: str = ""


class Journal:
    """The one file of it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Record | None:
        """What is under way; None for nothing. A file that cannot be read is set aside, which is told."""
        try:
            text = self._path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            return _record(json.loads(text))
        except (ValueError, TypeError, KeyError) as error:
            aside = self._path.with_name("journal.json.damaged")
            logger.error("the journal cannot be read (%s); it is now %s", error, aside)
            rename_durably(self._path, aside)
            return None

    def write(self, record: Record, **changes: Any) -> Record:
        """The record with `changes`, durable when it returns."""
        changed = replace(record, **changes)
        write_durably(self._path, json.dumps(asdict(changed)).encode(), 0o644)
        return changed

    def clear(self) -> None:
        """Nothing is under way any more."""
        self._path.unlink(missing_ok=True)
        sync_folder(self._path.parent)


def _record(document: dict[str, Any]) -> Record:
    known = {each.name for each in fields(Record)}
    given = {name: value for name, value in document.items() if name in known}
    return Record(**{**given, "phase": Phase(document["phase"])})
