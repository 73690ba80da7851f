"""The agent's database, looked at and put back: a program of its own, because it runs as the agent's user.

    database.py revision FOLDER
    database.py restore FOLDER REVISION STAMP

What lies in FOLDER belongs to that user, so a link in there leads to nothing that this program could not reach anyway.
"""

import os
import shutil
import sqlite3
import sys
from pathlib import Path

NAME = "cuelight.db"
BACKUPS = "backups"
_LOGS = ("-wal", "-shm")


def revision_of(database: Path) -> str:
    """The revision of its schema, "" for no database, or none that can be read."""
    if not database.exists():
        return ""
    try:
        connection = sqlite3.connect(f"file:{database}?mode=rw", uri=True, timeout=30)
        try:
            found = connection.execute("SELECT max(version_num) FROM alembic_version").fetchone()
        finally:
            connection.close()
    except sqlite3.Error:
        return ""
    return str(found[0] or "")


def restore(folder: Path, revision: str, stamp: str) -> str:
    """Puts the backup of `revision` in place of a database of another; says what was done. May be repeated.

    The newer one is renamed with its log, for SQLite reads them together. Raises LookupError without a backup.
    """
    database, backup = folder / NAME, folder / BACKUPS / f"cuelight-{revision}.db"
    aside = folder / f"{NAME}.newer-{stamp}"
    if revision_of(database) == revision:
        return f"{NAME} is that of before, put back; the newer one is {aside.name}" if aside.exists() else ""
    if revision_of(backup) != revision:
        raise LookupError(f"{NAME} has another schema, and there is no backup {backup.name}")
    part = folder / f".{NAME}.restored"
    shutil.copyfile(backup, part)
    part.chmod(0o600)
    _sync(part)
    if database.exists():
        database.replace(aside)
    for log in _LOGS:
        if (folder / f"{NAME}{log}").exists():
            (folder / f"{NAME}{log}").replace(folder / f"{aside.name}{log}")
    _sync(folder)
    part.replace(database)
    _sync(folder)
    return f"{NAME} is that of before, put back; the newer one is {aside.name}"


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def main(arguments: list[str]) -> int:
    os.umask(0o027)
    try:
        match arguments:
            case ["revision", folder]:
                sys.stdout.write(revision_of(Path(folder) / NAME))
            case ["restore", folder, revision, stamp]:
                sys.stdout.write(restore(Path(folder), revision, stamp))
            case _:
                sys.stdout.write("unknown arguments")
                return 2
    except (LookupError, OSError, sqlite3.Error) as error:
        sys.stdout.write(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
