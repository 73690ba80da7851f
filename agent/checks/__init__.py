"""Self-checks: one file each, under a stable name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from agent.checks import agent, cameras, clock, database, incidents, keys, media, outbox, settings, setup, startup
from agent.checks.base import Check, Finding, NoAnswer, Subject, Verdict

CHECKS: Final[Mapping[str, Check]] = MappingProxyType(
    {
        "settings": settings.check,
        "set-up": setup.check,
        "agent": agent.check,
        "start-up": startup.check,
        "database": database.check,
        "incidents": incidents.check,
        "media": media.check,
        "cameras": cameras.check,
        "clock": clock.check,
        "keys": keys.check,
        "outbox": outbox.check,
    }
)
"""In the order in which they are told: each may explain those after it."""

__all__ = ["CHECKS", "Check", "Finding", "NoAnswer", "Subject", "Verdict"]
