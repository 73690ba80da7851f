"""How often events may reboot the box, so that none makes it reboot without end.

A box that reboots may have no clock, so days cannot be counted. Each reboot is a debt of running time instead: a device
that keeps running pays it off, one that only reboots gets no further. What is owed outlasts reboots.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from agent.errors import RebootsUsedUp
from agent.startup.sealed import encoded
from presets_store.clock import Clock

COST = 6 * 3600.0
"""Seconds of running for one reboot."""
REBOOTS = 4
"""How many may be owed at once: so many in a row, and so many a day in the long run."""

_DEBT = "box.reboots"


class Documents(Protocol):
    """Where the debt is kept (`agent.startup.sealed.SealedState`)."""

    def document(self, name: str) -> dict[str, Any] | None: ...

    async def keep(self, entries: Mapping[str, bytes | None]) -> int: ...


class RebootBudget:
    """The monotonic clock counts from the boot on."""

    def __init__(self, kept: Documents, clock: Clock, boot_id: str) -> None:
        self._kept = kept
        self._clock = clock
        self._boot_id = boot_id
        self._one_at_a_time = asyncio.Lock()

    async def spend(self) -> None:
        """Takes one reboot; durable when it returns. Raises RebootsUsedUp, SealedStateUnavailable."""
        async with self._one_at_a_time:
            debt = self._owed() + COST
            if debt > REBOOTS * COST:
                raise RebootsUsedUp(reboots=REBOOTS, hours=f"{(debt - REBOOTS * COST) / 3600:.1f}")
            await self._keep(debt)

    async def give_back(self) -> None:
        """The reboot was refused."""
        async with self._one_at_a_time:
            await self._keep(max(0.0, self._owed() - COST))

    def _owed(self) -> float:
        return owed(self._kept.document(_DEBT), self._boot_id, self._clock.monotonic())

    async def _keep(self, debt: float) -> None:
        now = round(self._clock.monotonic(), 1)
        document = {"debt": round(debt, 1), "boot_id": self._boot_id, "at": now}
        await self._kept.keep({_DEBT: encoded(document) if debt else None})


def owed(kept: Mapping[str, Any] | None, boot_id: str, now: float) -> float:
    """Seconds of running that are owed by now, seconds since the boot: pure. What cannot be read counts as nothing."""
    debt, at = (kept or {}).get("debt"), (kept or {}).get("at")
    if not isinstance(debt, int | float) or not isinstance(at, int | float):
        return 0.0
    paid_since = at if (kept or {}).get("boot_id") == boot_id else 0.0
    return max(0.0, debt - max(0.0, now - paid_since))
