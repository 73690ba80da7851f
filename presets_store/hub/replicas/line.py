"""The one connection on which a replica hears the others and tells them, made again whenever it is lost."""

import logging
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, NoReturn

from presets_store.clock import Clock
from presets_store.hub.replicas.hearing import Hearing
from presets_store.hub.replicas.notices import Outgoing
from presets_store.services.wakeups import Signal, any_signalled
from presets_store.storage.postgresql import connect_directly, direct_errors

CHANNEL = "cuelight"

ALIVE_EVERY = 15.0
"""Seconds after which a silent connection is asked whether it still is one."""

ANSWER_WITHIN = 5.0
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0

_TELL = "SELECT pg_notify($1, text) FROM unnest($2::text[]) AS text"

logger = logging.getLogger(__name__)


class Line:
    """Tells after each commit and not within it: a transaction that notifies waits for every other one that does.

    Meanwhile notices gather, so that the next telling takes them all. What a killed replica did not tell any more, the
    others see at their next look.
    """

    def __init__(self, url: str, outgoing: Outgoing, hearing: Hearing, clock: Clock, made: Callable[[], None]) -> None:
        self._url = url
        self._outgoing = outgoing
        self._hearing = hearing
        self._clock = clock
        self._lost = Signal()
        self._made = made

    async def run(self) -> NoReturn:
        """Until cancelled."""
        pause = _FIRST_PAUSE
        while True:
            try:
                async with self._connected() as connection:
                    pause = _FIRST_PAUSE
                    await self._talk(connection)
            except direct_errors() as error:
                logger.warning("the line to other replicas is cut, waiting requests may be answered later: %s", error)
            await self._clock.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - so that not all come at once
            pause = min(2 * pause, _LONGEST_PAUSE)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Any]:
        connection = await connect_directly(self._url)
        try:
            self._lost.clear()
            connection.add_termination_listener(lambda _connection: self._lost.set())
            await connection.add_listener(CHANNEL, lambda *heard: self._hearing.hear(heard[-1]))
            self._made()
            # What was said before we listened, nobody repeats.
            self._hearing.overlooked()
            yield connection
        finally:
            connection.terminate()

    async def _talk(self, connection: Any) -> None:
        """Until the connection is lost. Raises what the driver raises, TimeoutError."""
        while True:
            heard = await any_signalled((self._outgoing.waiting, self._lost), self._clock, ALIVE_EVERY)
            if self._lost.is_set():
                raise ConnectionResetError("the connection was closed")
            if not heard:
                await connection.execute("SELECT 1", timeout=ANSWER_WITHIN)
            else:
                await self._tell(connection, self._outgoing.take())

    async def _tell(self, connection: Any, texts: Sequence[str]) -> None:
        told = False
        try:
            await connection.execute(_TELL, CHANNEL, list(texts), timeout=ANSWER_WITHIN)
            told = True
        finally:
            if not told:
                self._outgoing.missed()
