"""Which revision the schema has, and the child process that brings a database to it (Alembic stays out of this one)."""

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from presets_store.storage.errors import DatabaseForeign, MigrationFailed

_SHOWN_CHARACTERS = 800


@dataclass(frozen=True, slots=True)
class Schema:
    """The revisions that this release knows, oldest first, and the folder of their Alembic scripts."""

    revisions: tuple[str, ...]
    scripts: Path

    @property
    def head(self) -> str:
        return self.revisions[-1]

    def outdated(self, found: str | None, *, database: str) -> bool:
        """Whether a database at `found` (None: empty) needs migrating. DatabaseForeign when it is not one of ours."""
        if found is not None and found not in self.revisions:
            reason = f"its revision {found!r} is unknown to this release ({self.head}); a newer one may have written it"
            raise DatabaseForeign(database=database, reason=reason)
        return found != self.head


_REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006")

CURRENT = Schema(revisions=_REVISIONS, scripts=Path(__file__).parent / "migrations")


async def migrate_in_child(
    url: str, found: str | None, backup_folder: Path | None, schema: Schema, *, database: str
) -> None:
    """Runs `presets_store.storage.migrate` on the database; MigrationFailed when it does not succeed."""
    order = {
        "url": url,
        "found": found,
        "backup_folder": None if backup_folder is None else str(backup_folder),
        "scripts": str(schema.scripts),
        "head": schema.head,
    }
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "presets_store.storage.migrate"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    # By a pipe: the URL may hold a password, and arguments can be read by everybody on the machine.
    try:
        _, complaint = await child.communicate(json.dumps(order).encode())
    finally:
        if child.returncode is None:  # the caller does not wait any more; what was not committed is undone
            child.kill()
            await child.wait()
    if child.returncode != 0:
        reason = complaint.decode(errors="replace").strip()[-_SHOWN_CHARACTERS:] or f"exit status {child.returncode}"
        raise MigrationFailed(database=database, revision=schema.head, reason=reason)
