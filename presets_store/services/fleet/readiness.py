"""Whether this process should be sent requests."""

from sqlalchemy import Connection
from sqlalchemy import text as sql

from presets_store.clock import Clock
from presets_store.errors import CuelightError, Kind
from presets_store.storage import Database, StorageUnavailable
from presets_store.storage.revision import CURRENT

_GOOD_FOR = 1.0
"""Seconds for which an answer is kept: whoever asks needs no key, and shall be no burden for the database."""


class NotReady(CuelightError):
    """Another replica is to be asked."""

    code = "not_ready"
    kind = Kind.UNAVAILABLE
    template = "Send requests elsewhere: {reason}."


class Readiness:
    """Of the process with this database. `stopping` is set by its owner."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._asked = float("-inf")
        self._problem = ""
        self.stopping = False

    async def check(self) -> None:
        """Raises NotReady."""
        if self.stopping:
            raise NotReady(reason="this server stops")
        if self._clock.monotonic() >= self._asked + _GOOD_FOR:
            self._asked = self._clock.monotonic()
            self._problem = await self._look()
        if self._problem:
            raise NotReady(reason=self._problem)

    async def _look(self) -> str:
        try:
            found = await self._database.read(_revision)
        except StorageUnavailable:
            return "the database does not answer"  # to strangers no more is told
        return "" if found == CURRENT.head else f"the database has revision {found}, this release needs {CURRENT.head}"


def _revision(connection: Connection) -> str:
    return str(connection.execute(sql("SELECT version_num FROM alembic_version")).scalar())
