"""Those who wait for files to be sent."""

import asyncio
from collections.abc import Callable
from typing import Final

from presets_store.errors import CuelightError

Place = tuple[int, int]
"""Type and key of what is sent."""


class Ticket:
    """Of one who waits. `report` hears how much is there, 0 to 1. `file`: for people."""

    def __init__(self, file: str, report: Callable[[float], None]) -> None:
        self.file = file
        self._report = report
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def progress(self, part: float) -> None:
        self._report(part)

    def done(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)

    def fail(self, error: CuelightError) -> None:
        if not self._ended.done():
            self._ended.set_exception(error)

    async def wait(self) -> None:
        """Returns when the file is there. Raises what is in the way for good."""
        await self._ended


class Tickets:
    """By what is waited for, all who do."""

    def __init__(self) -> None:
        self._waiting: dict[Place, list[Ticket]] = {}

    def add(self, place: Place, ticket: Ticket) -> None:
        self._waiting.setdefault(place, []).append(ticket)

    def remove(self, place: Place, ticket: Ticket | None) -> bool:
        """Whether nobody waits for it any more."""
        waiting = self._waiting.get(place, [])
        if ticket is not None and ticket in waiting:
            waiting.remove(ticket)
        if not waiting:
            self._waiting.pop(place, None)
        return not waiting

    def all(self) -> list[Ticket]:
        return [ticket for waiting in self._waiting.values() for ticket in waiting]

    def of(self, place: Place) -> "Audience":
        """Who waits for it while it is sent."""
        return Audience(self._waiting, place)


class Audience:
    """All who wait for one file, also those who come while it is sent."""

    def __init__(self, waiting: dict[Place, list[Ticket]], place: Place) -> None:
        self._waiting: Final = waiting
        self._place = place

    def progress(self, part: float) -> None:
        for ticket in self._waiting.get(self._place, ()):
            ticket.progress(part)

    def done(self) -> None:
        for ticket in self._waiting.get(self._place, ()):
            ticket.done()

    def fail(self, error: CuelightError) -> None:
        for ticket in self._waiting.get(self._place, ()):
            ticket.fail(error)
