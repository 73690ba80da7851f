"""Reports that wait for their destination. Rows are added by what ends an event, in the same transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from presets_store.clock import Clock, micros
from presets_store.rules.event import Event
from presets_store.services.answers import encode
from presets_store.services.dating import misdated
from presets_store.services.wire import event_upload, remote_report
from presets_store.storage.database import Database
from presets_store.storage.outbox import count_outbox, due_in_outbox, outbox_since, postpone, remove_from_outbox
from presets_store.storage.records import OutboxItem

POSTPONED_SECONDS = 3600.0
"""Until a report that its destination cannot take is tried again; with each try that fails, twice as long."""
LONGEST_DOUBLINGS = 5

OUTCOME = "outcome"
"""A report of an event that the destination may not know: an EventRecordUpload."""
REMOTE = "remote"
"""A report of an event that the destination handed out: the same, and how it is called there (RemoteReport)."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A report that its destination cannot take as it is, and what it said."""

    item: OutboxItem
    error: str

    @property
    def seconds(self) -> float:
        """How long the report is to wait for the next try."""
        return POSTPONED_SECONDS * 2.0 ** min(self.item.attempts, LONGEST_DOUBLINGS)


def report_of(event: Event, serial: str, destination: str, now: int) -> OutboxItem:
    """The report of an event that has ended on the device with this serial number; `now` in microseconds."""
    remote = event.remote_id is not None and event.upstream == destination
    return OutboxItem(
        event_key=event.key,
        event_uuid=event.uuid,
        destination=destination,
        kind=REMOTE if remote else OUTCOME,
        body=encode(remote_report(event, serial) if remote else event_upload(event, serial)),
        created=now,
    )


class OutboxService:
    """Used by the pump of each destination."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def due(self, destination: str, limit: int) -> list[OutboxItem]:
        """The oldest reports that may be sent. None of an event of which an earlier one is postponed.

        None at all while dates are being corrected; `wakeups` tell when that is over.
        """
        now = self._clock.now()
        latest = micros(now + POSTPONED_SECONDS * 2.0**LONGEST_DOUBLINGS)

        def find(connection: Connection) -> list[OutboxItem]:
            if misdated(connection, self._clock):
                return []
            return due_in_outbox(connection, destination, micros(now), latest, limit)

        return await self._database.read(find)

    async def settle(self, acknowledged: Sequence[OutboxItem], refused: Sequence[Refusal] = ()) -> None:
        """What the destination has goes; what it cannot take is kept for another try much later, others go on."""
        now = self._clock.now()

        def store(connection: Connection) -> None:
            remove_from_outbox(connection, [item.key for item in acknowledged])
            for refusal in refused:
                until = micros(now + refusal.seconds)
                postpone(connection, refusal.item.key, error=refusal.error, not_before=until)

        await self._database.write(store)

    async def depth(self, destination: str) -> int:
        """How many reports wait."""
        return await self._database.read(lambda connection: count_outbox(connection, destination))

    async def since(self, destination: str) -> int:
        """The moment (microseconds) of the oldest report that waits, due or not; 0 for none."""
        return await self._database.read(lambda connection: outbox_since(connection, destination))
