"""Fills a fresh database with what was saved of a lost one and what the device keeps sealed."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import Connection, Table

from presets_store.clock import Clock, micros
from presets_store.errors import CuelightError
from presets_store.ids import uuid7
from presets_store.protocol.event_types import EVENT_TYPES
from presets_store.protocol.events import EventRecordUpload
from presets_store.protocol.fields import format_moment
from presets_store.protocol.parsing import parse_body
from presets_store.protocol.statuses import EventStatus
from presets_store.rules.commands import Report
from presets_store.rules.event import Event
from presets_store.rules.lifecycle import transition
from presets_store.rules.startup import Binding
from presets_store.services.caller import LOCAL
from presets_store.services.outbox import report_of
from presets_store.services.restoring.kept import Kept
from presets_store.services.restoring.people import People, scope_marks
from presets_store.services.wire import device_record, event_upload, event_with_names, preset_record
from presets_store.storage.damage.salvage import Salvaged
from presets_store.storage.database import Database
from presets_store.storage.devices import update_device
from presets_store.storage.meta import COUNTED, start_keys_above
from presets_store.storage.outbox import add_to_outbox
from presets_store.storage.records import Device, OutboxItem, Preset
from presets_store.storage.rows import insert_if_absent, values_of
from presets_store.storage.tables import devices, events, outbox, presets

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

DATABASE_LOST = "database_lost"
"""The result code of an event of which nobody can say any more how far it came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """How much of each kind is there again. `cut_off`: events that ended as Error; `dropped`: rows without a place.

    `revoked`, `disabled`: access keys and users that are there without the rights that they had. `unbound`: the
    start-up presets that are lost, in words.
    """

    devices: int
    presets: int
    keys: int
    reports: int
    cut_off: int
    dropped: int
    bad: int
    incomplete: tuple[str, ...]
    unbound: tuple[str, ...]
    revoked: int = 0
    disabled: int = 0

    @property
    def summary(self) -> str:
        """One line for people."""
        counts = (
            _counted(self.devices, "device"),
            _counted(self.presets, "preset"),
            _counted(self.keys, "access key"),
            _counted(self.reports, "unsent report"),
        )
        told = f"there again: {', '.join(counts[:-1])} and {counts[-1]}"
        if self.cut_off:
            told += f"; {_counted(self.cut_off, 'unfinished event')} ended as Error {DATABASE_LOST}"
        if self.revoked or self.disabled:
            told += (
                f"; whose rights are not certain: {_counted(self.revoked, 'access key')} revoked and "
                f"{_counted(self.disabled, 'user')} disabled"
            )
        if self.unbound:
            told += f"; lost, bind it anew: {', '.join(self.unbound)}"
        if self.bad or self.dropped:
            told += f"; {_counted(self.bad + self.dropped, 'row')} made no sense"
        if self.incomplete:
            told += f"; not all could be read of {', '.join(self.incomplete)}"
        return told


async def restore(
    database: Database, clock: Clock, salvaged: Salvaged | None, kept: Kept, *, report_to: str
) -> Restored:
    """Fills a fresh, migrated database, in one transaction and before any service uses it.

    Rows get their old keys, new ones start above all that may have been given out. What had not ended ends as Error
    and is never begun again; with `report_to` that is reported, as are the outcomes that had not been sent.
    """
    return await database.write(
        lambda connection: _Refill(connection, clock, salvaged or Salvaged(), kept, report_to).run()
    )


class _Refill:
    """One filling of one database. Whatever does not fit is counted, for a damaged file may hold anything."""

    def __init__(self, connection: Connection, clock: Clock, salvaged: Salvaged, kept: Kept, report_to: str) -> None:
        self._connection = connection
        self._clock = clock
        self._now = micros(clock.now())
        self._salvaged = salvaged
        self._kept = kept
        self._report_to = report_to
        self._own: Device | None = None
        self._devices: dict[int, Device] = {}
        self._presets: dict[int, Preset] = {}
        self._events: dict[str, Event] = {}
        self._event_keys: set[int] = set()
        self._counts: Counter[str] = Counter()
        self._unbound: list[str] = []
        self._people = People(self._put, salvaged, kept, self._now)

    def run(self) -> Restored:
        start_keys_above(self._connection, self._marks())
        self._put_devices()
        self._people.put_groups(self._devices)
        self._put_presets()
        self._bind()
        self._people.put_users()
        self._people.put_keys()
        reports = [(report, _told(report)) for report in self._salvaged.reports]
        for report, told in reports:
            self._put_device_of(report, told)
        self._put_events({report.event_uuid: told for report, told in reports if told is not None})
        for report, told in reports:
            self._put_report(report, told)
        return Restored(
            devices=len(self._devices),
            presets=len(self._presets),
            keys=self._counts["keys"],
            reports=self._counts["outbox"],
            cut_off=self._counts["cut_off"],
            dropped=self._counts["dropped"],
            bad=self._salvaged.bad,
            incomplete=self._salvaged.incomplete,
            unbound=tuple(self._unbound),
            revoked=self._people.revoked,
            disabled=self._people.disabled,
        )

    def _marks(self) -> dict[str, int]:
        scopes = scope_marks((*self._salvaged.users, *self._kept.users))
        sources = (self._salvaged.marks, self._kept.marks, self._kept.highest(), scopes)
        return {table: max(source.get(table, 0) for source in sources) for table in COUNTED}

    def _put_devices(self) -> None:
        known, read = self._kept.own, self._salvaged.devices
        mine = next((device for device in read if _same(device, known)), None)
        mine = mine or next((device for device in read if device.own), None)
        for device in (mine, known):
            if device is not None and self._own is None:
                self._own = self._put_device(replace(device, own=True))
        for device in read:
            if device is not mine:
                self._put_device(replace(device, own=False))

    def _put_device(self, device: Device) -> Device | None:
        if not _presentable(lambda: device_record(device)):
            self._counts["dropped"] += 1
            return None
        key = self._put(devices, device)
        return None if key is None else self._devices.setdefault(key, replace(device, key=key))

    def _put_presets(self) -> None:
        for preset in self._salvaged.presets:
            self._put_preset(preset)

    def _put_preset(self, preset: Preset) -> Preset | None:
        whole_group = preset.device_key is None
        homeless = (
            preset.device_group_id not in self._people.groups if whole_group else preset.device_key not in self._devices
        )
        known = preset.event_type_id in EVENT_TYPES
        if homeless or not known or not _presentable(lambda: preset_record(preset)):
            self._counts["dropped"] += 1
            return None
        key = self._put(presets, preset)
        return None if key is None else self._presets.setdefault(key, replace(preset, key=key))

    def _bind(self) -> None:
        """Bindings to presets that are there; the sealed standalone preset comes back if only the preset was lost."""
        for device in list(self._devices.values()):
            online, standalone = device.device_ready_event_preset_id, device.standalone_event_preset_id
            if device == self._own and standalone not in self._presets:
                standalone = self._put_standalone(device)
            bound = replace(
                device,
                device_ready_event_preset_id=self._still(Binding.ONLINE, online, device),
                standalone_event_preset_id=self._still(
                    Binding.STANDALONE, standalone or device.standalone_event_preset_id, device
                ),
            )
            update_device(self._connection, device, bound)
            self._devices[device.key] = bound

    def _still(self, binding: Binding, preset_key: int, device: Device) -> int:
        """The preset that is bound, 0 when it is lost."""
        if preset_key in self._presets:
            return preset_key
        if preset_key:
            self._unbound.append(f"the {binding} start-up preset of device {device.key} (preset {preset_key})")
        return 0

    def _put_standalone(self, own: Device) -> int:
        """The key of the sealed preset's row, which is made if need be; 0 when it is not this store's, or cannot be.

        What an upstream has sealed is in no row here: the upstream alone may change it.
        """
        kept = self._kept.standalone
        kind = EVENT_TYPES.get(kept.event_type_id) if kept else None
        read = any(device.key == own.key for device in self._salvaged.devices)
        ours = own.standalone_event_preset_id or (kept and not read and kept.device_id == own.key)
        if kept is None or kind is None or not ours:
            return 0
        for preset in self._presets.values():
            if preset.uuid == kept.uuid:
                return preset.key
        wanted = Preset(
            key=kept.key if kept.key not in self._presets else 0,
            uuid=kept.uuid or uuid7(self._clock.now()),
            event_preset_name=kept.event_preset_name,
            device_key=own.key,
            agent_type_id=kind.agent_type_id,
            event_type_id=kind.id,
            event_parameters=kept.event_parameters,
            priority=kept.priority,
            max_attempts=kept.max_attempts,
            expiration_epoch=kept.expiration_epoch,
            tag_string=kept.tag_string,
            tag_number=kept.tag_number,
            created=kept.revision,
            modified=kept.revision,
            created_by=LOCAL,
            modified_by=LOCAL,
        )
        there = self._put_preset(wanted)
        return there.key if there else 0

    def _put_device_of(self, report: OutboxItem, told: EventRecordUpload | None) -> None:
        """A report names its device: enough for a row, should that be lost."""
        serial = told.device_serial if told else ""
        if not serial or any(device.serial_number == serial for device in self._devices.values()):
            return
        event = next((event for event in self._salvaged.events if event.uuid == report.event_uuid), None)
        key = event.device_key if event is not None and event.device_key not in self._devices else 0
        self._put_device(Device(key=key, guid=str(uuid4()), serial_number=serial, created=self._now))

    def _put_events(self, told: Mapping[str, EventRecordUpload]) -> None:
        for event in self._salvaged.events:
            if event.event_status.terminal:
                self._put_event(event)
            elif event.uuid in told:
                self._put_event(_as_told(event, told[event.uuid]))
            else:
                self._cut_off(event)

    def _put_event(self, event: Event) -> Event | None:
        shown = (lambda: event_with_names(event), lambda: event_upload(event, ""))
        if event.device_key not in self._devices or not all(_presentable(form) for form in shown):
            self._counts["dropped"] += 1
            return None
        key = self._put(events, event)
        if key is None:
            return None
        self._event_keys.add(key)
        return self._events.setdefault(event.uuid, replace(event, key=key))

    def _cut_off(self, event: Event) -> None:
        """Ends an event of which nobody can say how far it came."""
        message = (
            f"The database of this device was lost; that was found at {format_moment(self._now)}. All that can still be"
            f" read of this event is that it was {event.event_status.wire_name} in attempt {event.attempt_number}. How"
            " far it came is unknown; it is not begun again."
        )
        result = json.dumps({"code": DATABASE_LOST, "message": message})
        error = Report(status=EventStatus.ERROR, result=result, by=LOCAL)
        ended = self._put_event(transition(event, error, self._now).event)
        if ended is None:
            return
        self._counts["cut_off"] += 1
        if self._report_to and self._own is not None and ended.device_key == self._own.key:
            report = report_of(ended, self._own.serial_number, self._report_to, self._now)
            add_to_outbox(self._connection, report)

    def _put_report(self, report: OutboxItem, told: EventRecordUpload | None) -> None:
        """A report that was not sent, with the event that it is about: read, or else told by the report itself."""
        event = self._events.get(report.event_uuid)
        if event is None and told is not None:
            event = self._put_told(report, told)
        if event is None:
            self._counts["dropped"] += 1
        else:
            self._put(outbox, replace(report, event_key=event.key))

    def _put_told(self, report: OutboxItem, told: EventRecordUpload) -> Event | None:
        """The event of a report, under its own key unless another row has that."""
        named = (device for device in self._devices.values() if device.serial_number == told.device_serial)
        device = next(named, self._own)
        if device is None:
            return None
        key = 0 if report.event_key in self._event_keys else report.event_key
        blank = Event(key=key, uuid=report.event_uuid, device_key=device.key, agent_type_id=0, event_type_id=0)
        return self._put_event(_as_told(blank, told))

    def _put(self, table: Table, record: "DataclassInstance") -> int | None:
        """Stores a record; its key, or None when a row that is there already leaves it no place."""
        key = insert_if_absent(self._connection, table, values_of(record))
        self._counts["dropped" if key is None else table.name] += 1
        return key


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def _same(device: Device, known: Device | None) -> bool:
    return known is not None and (device.guid == known.guid or device.serial_number == known.serial_number)


def _told(report: OutboxItem) -> EventRecordUpload | None:
    """What the body of a report tells; None when it does not tell of an event."""
    try:
        told = parse_body(EventRecordUpload, report.body)
    except CuelightError:
        return None
    return told if told.event_type_id in EVENT_TYPES else None


def _as_told(event: Event, told: EventRecordUpload) -> Event:
    """The event as its report tells it."""
    return replace(
        event,
        agent_type_id=EVENT_TYPES[told.event_type_id].agent_type_id,
        event_type_id=told.event_type_id,
        event_parameters=told.event_parameters,
        event_status=told.event_status,
        result=told.result,
        percent_complete=told.percent_complete,
        attempt_number=told.attempt_number,
        max_attempts=told.max_attempts,
        priority=told.priority,
        expiration_epoch=told.expiration_epoch,
        tag_string=told.tag_string,
        tag_number=told.tag_number,
        preset_key=told.event_preset_id or None,
        cause=told.cause,
        lease_until=0,
        boot_id=told.boot_id,
        clock_quality=told.clock_quality,
        created=told.creation_date,
        modified=told.end_date,
        started=told.start_date,
        ended=told.end_date,
    )


def _presentable(shown: Callable[[], Any]) -> bool:
    """Whether a row can be shown to peers; a damaged one may hold a date or a type that does not exist."""
    try:
        shown().dump()
    except (ValueError, LookupError, TypeError, OverflowError):
        return False
    return True
