"""What a self-check gets and what it answers."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from agent.settings import Settings

Ask = Callable[[str], Any]
"""GET of a path of the local API: the answer's JSON. Raises NoAnswer."""


class NoAnswer(Exception):
    """The agent did not answer, or refused; the text says why."""


class Verdict(StrEnum):
    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """A check's answer: a sentence that says how it is, and, unless it is ok, what to do."""

    verdict: Verdict
    text: str


def ok(text: str) -> Finding:
    return Finding(Verdict.OK, text)


def warning(text: str) -> Finding:
    return Finding(Verdict.WARNING, text)


def broken(text: str) -> Finding:
    return Finding(Verdict.BROKEN, text)


@dataclass(frozen=True, slots=True)
class Subject:
    """What is checked. `problem`: why the settings as given cannot be used; `settings` serve instead. Else ""."""

    settings: Settings
    problem: str
    ask: Ask


Check = Callable[[Subject], Finding]
"""Looks at one thing and leaves nothing changed. May raise OSError, which the caller reports as a finding."""
