"""What of a damaged database is worth saving, read as records.

Taken are devices and their groups, presets, users, access keys, reports that wait in the outbox, the events that they
are about or that had not ended, and how far keys were given out. Clips are not: the media folder is the truth about
them.
"""

import contextlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_type_hints

from presets_store.rules.event import Event
from presets_store.storage.damage.aside import log_bytes
from presets_store.storage.damage.remains import LARGEST_KEY, Remains, Row, remains_of
from presets_store.storage.events import UNFINISHED
from presets_store.storage.fleet.records import DeviceGroup, GroupMember
from presets_store.storage.meta import COUNTED
from presets_store.storage.people.records import User
from presets_store.storage.records import ApiKey, Device, OutboxItem, Preset
from presets_store.storage.sqlite import UNREADABLE

Record = TypeVar("Record", Device, Preset, ApiKey, OutboxItem, Event, User, DeviceGroup, GroupMember)

_HINTS: Mapping[Any, dict[str, Any]] = {
    kind: get_type_hints(kind) for kind in (Device, Preset, ApiKey, OutboxItem, Event, User, DeviceGroup, GroupMember)
}

SECONDS = 20.0
"""Time limit: a device that starts waits for it."""

_MOST = 50_000
"""Records of a kind that are held in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Salvaged:
    """What could be read. `bad`: rows that made no sense; `incomplete`: tables of which rows may be missing.

    The `user_key` of a key is None in a file from before there were users, and then only.
    """

    devices: tuple[Device, ...] = ()
    presets: tuple[Preset, ...] = ()
    keys: tuple[ApiKey, ...] = ()
    users: tuple[User, ...] = ()
    groups: tuple[DeviceGroup, ...] = ()
    members: tuple[GroupMember, ...] = ()
    reports: tuple[OutboxItem, ...] = ()
    events: tuple[Event, ...] = ()
    marks: Mapping[str, int] = field(default_factory=dict)
    bad: int = 0
    incomplete: tuple[str, ...] = ()


class _Reading:
    """Rows of one damaged file as records."""

    def __init__(self, remains: Remains) -> None:
        self._remains = remains
        self.marks = dict.fromkeys(COUNTED, 0)
        self.bad = 0
        self.overfull: set[str] = set()
        self.has_users = False

    def all(self, table: str, kind: type[Record]) -> tuple[Record, ...]:
        return self._held(table, self._records(table, kind))

    def keys(self) -> tuple[ApiKey, ...]:
        """Notes besides whether the file is from before there were users: then its keys have no column for one."""
        return self._held("keys", self._records("keys", ApiKey, self._note_users))

    def _note_users(self, key: Row) -> bool:
        self.has_users = self.has_users or "user_key" in key
        return True

    def reports(self) -> tuple[OutboxItem, ...]:
        return self._held("outbox", (item for item in self._records("outbox", OutboxItem) if self._is_report(item)))

    def events(self, reports: Iterable[OutboxItem]) -> tuple[Event, ...]:
        """Those that had not ended, and those that the reports are about."""
        about = {report.event_uuid.encode() for report in reports}

        def wanted(row: Row) -> bool:
            return row.get("event_status") in UNFINISHED or row.get("uuid") in about

        return self._held("events", self._records("events", Event, wanted))

    def count_keys(self) -> None:
        """Raises the marks to what the file says was given out."""
        for table in COUNTED:
            self._raise_mark(table, self._remains.marks.get(table, 0))
            self._raise_mark(table, self._remains.highest_key(table))

    def _records(
        self, table: str, kind: type[Record], wanted: Callable[[Row], bool] = lambda _: True
    ) -> Iterator[Record]:
        read: set[int] = set()
        for place, row in self._remains.rows(table):
            key = row.get("key")
            self._raise_mark(table, key if isinstance(key, int) else 0)
            if place not in read and wanted(row):
                try:
                    record = record_of(kind, row)
                except (ValueError, TypeError):
                    self.bad += 1
                else:
                    read.add(place)
                    yield record

    def _held(self, table: str, records: Iterator[Record]) -> tuple[Record, ...]:
        held: list[Record] = []
        for record in records:
            if len(held) == _MOST:
                self.overfull.add(table)
                break
            held.append(record)
        return tuple(held)

    def _is_report(self, item: OutboxItem) -> bool:
        with contextlib.suppress(ValueError, RecursionError):
            if isinstance(json.loads(item.body), dict):
                return True
        self.bad += 1
        return False

    def _raise_mark(self, table: str, mark: int) -> None:
        if mark <= LARGEST_KEY:
            self.marks[table] = max(self.marks.get(table, 0), mark)


def salvage(path: Path, seconds: float = SECONDS, monotonic: Callable[[], float] = time.monotonic) -> Salvaged:
    """What can be read of the set-aside database at `path` (with its log beside it) within `seconds`.

    Raises nothing that the file's contents could bring about: in the worst case nothing was saved. Blocks.
    """
    if not path.exists() and not log_bytes(path):
        return Salvaged()
    try:
        with remains_of(path, seconds, monotonic) as remains:
            return _salvaged(remains)
    except (*UNREADABLE, OSError):
        return Salvaged(incomplete=COUNTED)


def _salvaged(remains: Remains) -> Salvaged:
    reading = _Reading(remains)
    devices = reading.all("devices", Device)
    reports = reading.reports()
    keys = reading.keys()
    users = reading.all("users", User) if reading.has_users else ()
    groups = reading.all("device_groups", DeviceGroup) if reading.has_users else ()
    members = reading.all("group_members", GroupMember) if reading.has_users else ()
    presets = reading.all("presets", Preset)
    reading.count_keys()
    events = reading.events(reports)
    return Salvaged(
        devices=devices,
        presets=presets,
        keys=keys,
        users=users,
        groups=groups,
        members=members,
        reports=reports,
        events=events,
        marks={table: mark for table, mark in reading.marks.items() if mark},
        bad=reading.bad,
        incomplete=tuple(sorted(remains.incomplete | reading.overfull)),
    )


def record_of(kind: type[Record], row: Row) -> Record:
    """The row as a record. A column that an older revision did not have takes its default.

    Raises ValueError for a value of another type, TypeError for a missing one.
    """
    hints, row = _HINTS[kind], _with_known_names(row, _HINTS[kind])
    values = {name: _value(hint, row[name]) for name, hint in hints.items() if name in row}
    if kind is ApiKey and values.get("user_key", "") is None:
        values["user_key"] = 0  # lost, and none of the keys from before there were users
    record = kind(**values)
    if not 0 <= record.key <= LARGEST_KEY:
        raise ValueError("no key of ours")
    return record


def _with_known_names(row: Row, hints: Mapping[str, Any]) -> Row:
    """The row, with the one column named anew whose name is damaged: it must not seem to be missing."""
    missing, unknown = hints.keys() - row.keys(), row.keys() - hints.keys()
    if not missing or not unknown:
        return row
    if len(missing) > 1 or len(unknown) > 1:
        raise ValueError("the names of its columns are damaged")
    return {**row, missing.pop(): row[unknown.pop()]}


def _value(hint: Any, found: object) -> Any:
    if isinstance(hint, UnionType):
        if found is None:
            return None
        hint = next(kind for kind in get_args(hint) if kind is not NoneType)
    if hint is str and isinstance(found, bytes):
        return found.decode()
    if hint is bool and found in (0, 1):
        return bool(found)
    if hint is float and isinstance(found, int | float):
        return float(found)
    if issubclass(hint, Enum):
        return hint(found.decode() if isinstance(found, bytes) else found)
    if hint in (int, bytes, str) and isinstance(found, hint):
        return found
    raise ValueError(f"{found!r} is no {hint.__name__}")
