"""Whether the database is whole."""

import sqlite3

from agent.checks.base import Finding, Subject, broken, ok
from agent.checks.sqlite_file import reading

FAULTS = 3
"""How many of the faults are told."""


def check(subject: Subject) -> Finding:
    file = subject.settings.database_file
    if not file.exists():
        return ok(f"there is none yet; the agent makes {file} at its first start")
    try:
        with reading(file) as connection:
            faults = [row[0] for row in connection.execute(f"PRAGMA quick_check({FAULTS})")]
    except sqlite3.Error as error:
        return broken(f"{file} cannot be read: {error}; {_cure(subject)}")
    if faults != ["ok"]:
        told = "; ".join(faults)
        return broken(f"{file} is damaged: {told}; {_cure(subject)}")
    return ok(f"{file} is whole ({file.stat().st_size / 1e6:.1f} MB)")


def _cure(subject: Subject) -> str:
    copies = subject.settings.state_folder / "backups"
    return (
        "start the agent again: it sets the file aside, begins a new one and saves what can still be read "
        f"(older copies are in {copies})"
    )
