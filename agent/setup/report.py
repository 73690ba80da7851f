"""What became of the provisioning file: kept in the state folder, so that people hear of it later as well."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from presets_store.durable import write_durably

FILE: Final = "provisioning.json"
TOKEN: Final = "enrolment-token.json"  # noqa: S105  # a file's name
"""A token that waits for the upstream; there as long as it does."""
_MODE: Final = 0o640


@dataclass(frozen=True, slots=True, kw_only=True)
class Provisioned:
    """`file`: its path. `digest`: SHA-256 of what was in it. `problem`: why nothing of it was applied; "" if it was.

    `left`: it was applied, and could not be put away. `date`: ISO 8601, by the device's clock, which may not be right.
    """

    file: str
    digest: str
    date: str
    problem: str = ""
    left: bool = False

    @property
    def is_useless(self) -> bool:
        """Whether there is a file that cannot be applied. One that was removed is no problem any more."""
        try:
            return bool(self.problem) and Path(self.file).exists()
        except OSError:  # this user may not look
            return True


def now_told() -> str:
    """The time as reports tell it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def keep_report(folder: Path, report: Provisioned) -> None:
    """Raises OSError."""
    write_durably(folder / FILE, json.dumps(asdict(report)).encode(), _MODE)


def read_report(folder: Path) -> Provisioned | None:
    """None where there never was a provisioning file, or what is kept makes no sense. Raises OSError."""
    try:
        return Provisioned(**json.loads((folder / FILE).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):
        return None


def unfinished(folder: Path) -> str:
    """What is left to be done, or what was wrong, in words; "" for nothing, or when this user may not look."""
    try:
        report = read_report(folder)
        waits = (folder / TOKEN).exists()
    except PermissionError:
        return ""
    if report is not None and report.is_useless:
        return f"{report.file} was not applied at {report.date}: {report.problem}"
    return "a token waits for the upstream to answer" if waits else ""
