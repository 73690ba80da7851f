"""Events as peers deal with them.

This class extends how devices come by their events (`fleet/fetching.py`), and what a device's own agent calls
(`runs.py`).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypedDict

from sqlalchemy import ColumnElement, Connection, and_

from presets_store.protocol.agent_types import find_agent_type
from presets_store.protocol.event_types import EventType, find_event_type
from presets_store.protocol.events import (
    CreateEvent,
    CreateEventAnswer,
    EventRecordUpload,
    EventStatusRecord,
    EventWithNames,
    ProgressUpdate,
    StatusUpdate,
    UpdateEvent,
)
from presets_store.protocol.filters import DateAndCountFilter
from presets_store.protocol.fleet.pages import page_size
from presets_store.protocol.statuses import EventStatus
from presets_store.protocol.system import StandardResult
from presets_store.rules.commands import Cancel, Progress, Report, holder_name
from presets_store.rules.event import Event
from presets_store.rules.hiding import hidden
from presets_store.rules.permissions import Permission
from presets_store.services.caller import Caller
from presets_store.services.changes import typed
from presets_store.services.errors import InvalidInput, NotFound, RecordDiffers
from presets_store.services.fleet.fetching import Fetching, device_named, with_names
from presets_store.services.reach import (
    in_reach,
    reached_device,
    reached_named,
    reached_row,
    require_reach,
    require_steps,
)
from presets_store.services.unit import Unit
from presets_store.services.wire import event_status_record
from presets_store.storage.events import (
    accept_event,
    events_of_group_run,
    find_event,
    get_event_for_update,
    last_events,
    list_events,
    pending_events,
)
from presets_store.storage.tables import events

_TOKEN_BYTES = 16
_HEARD_EVERY = 60_000_000


class EventsService(Fetching):
    """What a method writes is one transaction with what its caller's request must leave behind.

    Each raises Forbidden for what the caller may not do, or not to this device.
    """

    async def create(self, caller: Caller, body: CreateEvent) -> CreateEventAnswer:
        """Queues an event. Raises what naming a device, naming a type, and the parameters of the type may raise."""
        kind, parameters = typed(
            body.event_type or body.event_type_id, body.agent_type or body.agent_type_id, body.event_parameters
        )

        def add(unit: Unit) -> CreateEventAnswer:
            device = reached_named(unit.connection, caller, Permission.RUN, body)
            require_steps(unit.connection, caller, kind.id, parameters)
            wanted = Event(
                uuid="",
                device_key=device.key,
                agent_type_id=kind.agent_type_id,
                event_type_id=kind.id,
                event_parameters=parameters,
                server_event=body.server_event,
                priority=body.priority,
                max_attempts=body.max_attempts,
                expiration_epoch=body.expiration_epoch,
            )
            return CreateEventAnswer.of(self._changes.add(unit, wanted).key)

        return await self._units.write(caller, add)

    async def get(self, caller: Caller, key: int) -> EventStatusRecord:
        """Raises NotFound."""

        def find(connection: Connection) -> Event:
            return reached_row(connection, caller, Permission.READ, find_event(connection, key), "event", key)

        return event_status_record(self._progress.shown(await self._units.read(find)))

    async def find(self, caller: Caller, query: DateAndCountFilter, after: int = 0) -> list[EventWithNames]:
        """Events created between the two dates, both included; `after`: what follows this key, 0 for all. One page."""

        def find(connection: Connection) -> list[EventWithNames]:
            bounds = _bounds(connection, caller, query)
            if after:
                beyond = events.c.key < after if bounds["newest_first"] else events.c.key > after
                bounds["within"] = and_(bounds["within"], beyond)
            found = list_events(connection, **bounds)
            return with_names(connection, map(self._progress.shown, found))

        return await self._units.read(find)

    async def last(self, caller: Caller, agent_type_id: int, query: DateAndCountFilter) -> list[EventWithNames]:
        """As `find`, but of each device only its newest event of the agent type. Raises UnknownAgentType."""
        agent_type = int(find_agent_type(agent_type_id))

        def find(connection: Connection) -> list[EventWithNames]:
            found = last_events(connection, agent_type, **_bounds(connection, caller, query))
            return with_names(connection, map(self._progress.shown, found))

        return await self._units.read(find)

    async def of_group_run(self, caller: Caller, number: int) -> list[EventWithNames]:
        """The events of one run on a device group, those of devices in reach. Raises NotFound for none, Forbidden."""

        def find(connection: Connection) -> list[EventWithNames]:
            caller.principal.require(Permission.READ)
            found = events_of_group_run(connection, number, in_reach(caller, events.c.device_key))
            if not found:
                raise NotFound(what="group run", name=number)
            return with_names(connection, map(self._progress.shown, found))

        return await self._units.read(find)

    async def update(self, caller: Caller, key: int, body: UpdateEvent, *, token: str = "", boot_id: str = "") -> None:
        """A report of the agent that runs the event. `token` and `boot_id` come from our own agent only.

        Raises NotFound, TransitionRefused.
        """

        def report(unit: Unit) -> None:
            event = _locked(unit, Permission.REPORT, key)
            holder = holder_name(event.device_key, event.agent_type_id, body.process_id) if body.process_id else ""
            command = Report(
                status=body.event_status,
                holder=holder,
                token=token,
                result=body.result,
                percent=body.percent_complete,
                process_id=body.process_id,
                tag_string=body.tag_string,
                tag_number=body.tag_number,
                boot_id=boot_id,
                by=caller.name,
            )
            self._changes.apply(unit, event, command)

        await self._units.write(caller, report)

    async def progress(self, caller: Caller, key: int, body: ProgressUpdate, *, token: str = "") -> None:
        """Only the percentage. Raises NotFound, TransitionRefused, InvalidInput for an event of another device."""

        def report(unit: Unit) -> None:
            event = _locked(unit, Permission.REPORT, key)
            device = device_named(unit.connection, caller, Permission.REPORT, body)
            if device is not None and device.key != event.device_key:
                raise InvalidInput(reason=f"Event {key} belongs to another device than the one named.")
            self._changes.apply(unit, event, Progress(percent=body.percent_complete, token=token))

        await self._units.write(caller, report)

    async def set_status(self, caller: Caller, body: StatusUpdate) -> None:
        """The same status for several events of one device: all of them, or none. Cancelled asks for the cancel."""
        cancelled = body.event_status is EventStatus.CANCELLED
        needed = Permission.RUN if cancelled else Permission.REPORT

        def change(unit: Unit) -> None:
            device = reached_named(unit.connection, caller, needed, body)
            for key in dict.fromkeys(body.events):
                event = _locked(unit, needed, key)
                if event.device_key != device.key:
                    raise InvalidInput(reason=f"Event {key} is not one of device {device.key}; nothing was changed.")
                command = Cancel(by=caller.name) if cancelled else Report(status=body.event_status, by=caller.name)
                self._changes.apply(unit, event, command)

        await self._units.write(caller, change)

    async def end(self, caller: Caller, key: int) -> StandardResult:
        """Ends an event: one that waits is cancelled at once, one that a device has gets a `Device_End_process`.

        `description` is the key of that new event, "0" when none was needed. Raises NotFound, AlreadyEnded.
        """

        def end(unit: Unit) -> StandardResult:
            event = _locked(unit, Permission.RUN, key)
            queued = self._changes.cancel(unit, event)
            return StandardResult(description=str(queued.key if queued else 0))

        return await self._units.write(caller, end)

    async def clear_pending(self, caller: Caller, device_key: int) -> list[EventWithNames]:
        """Cancels all that waits for the device, and answers it. Raises NotFound."""

        def clear(unit: Unit) -> list[EventWithNames]:
            reached_device(unit.connection, caller, Permission.RUN, device_key)
            waiting = pending_events(unit.connection, device_key)
            cleared = [self._changes.apply(unit, event, Cancel(by=caller.name)) for event in waiting]
            return with_names(unit.connection, cleared)

        return await self._units.write(caller, clear)

    async def record(self, caller: Caller, body: EventRecordUpload) -> CreateEventAnswer:
        """Stores an event that already ended on its device; a repeat answers the same key. Raises RecordDiffers."""
        kind = find_event_type(body.event_type or body.event_type_id)
        return await self._units.write(caller, lambda unit: self._record(unit, body, kind))

    async def record_all(self, caller: Caller, bodies: Sequence[EventRecordUpload]) -> list[CreateEventAnswer]:
        """As `record`, for several events: all of them, or none."""
        kinds = [find_event_type(body.event_type or body.event_type_id) for body in bodies]

        def store(unit: Unit) -> list[CreateEventAnswer]:
            return [self._record(unit, body, kind) for body, kind in zip(bodies, kinds, strict=True)]

        return await self._units.write(caller, store)

    def _record(self, unit: Unit, body: EventRecordUpload, kind: EventType) -> CreateEventAnswer:
        device = reached_named(unit.connection, unit.caller, Permission.REPORT, body)
        ended = replace(
            _ended(body),
            device_key=device.key,
            agent_type_id=kind.agent_type_id,
            event_type_id=kind.id,
            event_parameters=hidden(kind.id, body.event_parameters or "{}"),
            modified=unit.now,
            created_by=unit.caller.name,
            modified_by=unit.caller.name,
        )
        stored, new = accept_event(unit.connection, ended)
        if new:
            self._note(unit, stored)
        elif not _same_outcome(stored, ended):
            raise RecordDiffers(uuid=body.event_uuid)
        return CreateEventAnswer.of(stored.key)


def _locked(unit: Unit, permission: Permission, key: int) -> Event:
    """The event, of a device in the caller's reach; nobody else changes it until the unit ends. Raises NotFound."""
    event = get_event_for_update(unit.connection, key)
    return reached_row(unit.connection, unit.caller, permission, event, "event", key)


class _Bounds(TypedDict):
    device_key: int | None
    created_from: int | None
    created_before: int | None
    limit: int | None
    newest_first: bool
    within: ColumnElement[bool]


def _bounds(connection: Connection, caller: Caller, query: DateAndCountFilter) -> _Bounds:
    caller.principal.require(Permission.READ)
    if query.device_id:
        require_reach(connection, caller, Permission.READ, query.device_id)
    return {
        "within": in_reach(caller, events.c.device_key),
        "device_key": query.device_id or None,
        "created_from": query.start_date or None,
        "created_before": query.end_date + 1 if query.end_date else None,
        "limit": page_size(query.count),
        "newest_first": query.order == "desc",
    }


def _ended(body: EventRecordUpload) -> Event:
    return Event(
        uuid=str(body.event_uuid),
        device_key=0,
        agent_type_id=0,
        event_type_id=0,
        event_status=body.event_status,
        result=body.result,
        percent_complete=body.percent_complete,
        attempt_number=body.attempt_number,
        max_attempts=body.max_attempts,
        priority=body.priority,
        expiration_epoch=body.expiration_epoch,
        tag_string=body.tag_string,
        tag_number=body.tag_number,
        cause=body.cause or "device",
        preset_key=body.event_preset_id or None,
        clock_quality=body.clock_quality,
        boot_id=body.boot_id,
        created=body.creation_date,
        started=body.start_date,
        ended=body.end_date,
    )


def _same_outcome(stored: Event, sent: Event) -> bool:
    said = (sent.device_key, sent.event_type_id, sent.event_status, sent.result, sent.attempt_number)
    return said == (
        stored.device_key, stored.event_type_id, stored.event_status, stored.result, stored.attempt_number
    )  # fmt: skip
