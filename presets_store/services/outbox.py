"""Reports that wait for their destination. Rows are added by what ends an event, in the same transaction."""

from presets_store.clock import Clock, micros
from presets_store.rules.event import Event
from presets_store.services.answers import encode
from presets_store.services.wire import event_upload, remote_report
from presets_store.storage.database import Database
from presets_store.storage.outbox import count_outbox, oldest_in_outbox, outbox_since, postpone, remove_from_outbox
from presets_store.storage.records import OutboxItem

AHEAD = 16
"""Rows looked at beyond a postponed one."""

OUTCOME = "outcome"
"""A report of an event that the destination may not know: an EventRecordUpload."""
REMOTE = "remote"
"""A report of an event that the destination handed out: the same, and how it is called there (RemoteReport)."""


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

    async def oldest(self, destination: str) -> OutboxItem | None:
        """The oldest report that is due; None when there is none."""
        items = await self._database.read(lambda connection: oldest_in_outbox(connection, destination, AHEAD))
        now = micros(self._clock.now())
        return next((item for item in items if item.not_before <= now), None)

    async def acknowledged(self, key: int) -> None:
        """The destination has it: the row goes."""
        await self._database.write(lambda connection: remove_from_outbox(connection, key))

    async def postpone(self, key: int, error: str, seconds: float) -> None:
        """Keeps the report for another try later, so that it does not hold up the others."""
        until = micros(self._clock.now() + seconds)
        await self._database.write(lambda connection: postpone(connection, key, error=error, not_before=until))

    async def depth(self, destination: str) -> int:
        """How many reports wait."""
        return await self._database.read(lambda connection: count_outbox(connection, destination))

    async def since(self, destination: str) -> int:
        """The moment (microseconds) of the oldest report that waits, due or not; 0 for none."""
        return await self._database.read(lambda connection: outbox_since(connection, destination))
