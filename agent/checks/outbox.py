"""How many reports wait for the upstream, and why."""

import sqlite3

from agent.checks.base import Finding, NoAnswer, Subject, ok, warning
from agent.checks.sqlite_file import reading

MANY = 1000
"""Waiting reports that deserve a warning although none has failed."""


def check(subject: Subject) -> Finding:
    file = subject.settings.database_file
    if not file.exists():
        return ok("there is none yet")
    try:
        with reading(file) as connection:
            depth = connection.execute("SELECT count(*) FROM outbox").fetchone()[0]
            oldest = connection.execute("SELECT attempts, last_error FROM outbox ORDER BY key LIMIT 1").fetchone()
    except sqlite3.Error as error:
        return warning(f"it cannot be read ({error}); see the check named database")
    return judge(depth, *(oldest or (0, "")), url=_upstream(subject))


def _upstream(subject: Subject) -> str:
    """The address that the agent uses, which an enrolment may have given; the settings' while none answers."""
    try:
        return str(subject.ask("/v1/status")["upstream"]["url"])
    except NoAnswer:
        return subject.settings.upstream.url


def judge(depth: int, attempts: int, last_error: str, *, url: str) -> Finding:
    """The finding about an outbox with `depth` reports, whose oldest was tried `attempts` times."""
    if not depth:
        return ok("it is empty" if url else "it is empty; no upstream is set, so nothing leaves the device")
    waiting = f"{depth} report{'s' if depth > 1 else ''} wait{'' if depth > 1 else 's'}"
    if not url:
        return warning(f"{waiting}, and no upstream is set; give its url under [upstream] again")
    if attempts:
        return warning(f"{waiting}; the oldest was tried {attempts} times: {last_error or 'no answer'}. Check {url}")
    if depth > MANY:
        return warning(f"{waiting}; see whether the link to {url} is fast enough")
    return ok(f"{waiting} to be sent")
