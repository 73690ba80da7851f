"""What the sealed cache keeps of the database: after its loss no identity, access key or number is lost with it."""

import base64
import binascii
import dataclasses
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, true

from agent.startup.sealed import OWN, SealedState, encoded
from presets_store.clock import Clock
from presets_store.services.restoring.restore import Kept
from presets_store.storage.damage.salvage import record_of
from presets_store.storage.database import Database
from presets_store.storage.devices import own_device
from presets_store.storage.fleet.groups import all_members, list_groups
from presets_store.storage.fleet.records import DeviceGroup, GroupMember
from presets_store.storage.keys import list_keys
from presets_store.storage.meta import high_water
from presets_store.storage.people.records import User
from presets_store.storage.people.users import list_users
from presets_store.storage.records import ApiKey, Device, KeyStatus

Row = TypeVar("Row", User, DeviceGroup, GroupMember)

logger = logging.getLogger(__name__)

_KEYS = "api.keys"
_USERS = "people.users"
_GROUPS = "fleet.groups"
_MEMBERS = "fleet.members"
_MARKS = "keys.high_water"

MARGINS = {"events": 20_000, "outbox": 20_000, "clips": 20_000}
"""Integer keys sealed ahead of those given out, so that a mark is written once in thousands of events."""
MARGIN = 100

FLOOR_EVERY = 600.0
"""Seconds between two writes of the time: a floor, not a clock."""

_VOLATILE = ("recent_output", "camera_status", "last_heard_from_date", "modified", "modified_by")
"""Members of the device's row that change all the time and are not worth a write."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the database holds that must outlast it."""

    own: Device | None
    keys: list[ApiKey]
    users: list[User]
    groups: list[DeviceGroup]
    members: list[GroupMember]
    marks: dict[str, int]


def snapshot(connection: Connection) -> Snapshot:
    """Read on one snapshot of the database."""
    return Snapshot(
        own=own_device(connection),
        keys=list_keys(connection),
        users=list_users(connection),
        groups=list_groups(connection, true()),
        members=all_members(connection),
        marks=high_water(connection),
    )


async def keep(sealed: SealedState, database: Database, clock: Clock) -> None:
    """Brings the sealed entries up to date; writes only what has changed."""
    async with sealed.keeping:  # else what was read first might be written last
        await _keep(sealed, database, clock)


async def _keep(sealed: SealedState, database: Database, clock: Clock) -> None:
    found = await database.read(snapshot)
    entries: dict[str, bytes | None] = {
        _KEYS: encoded([_key_out(key) for key in found.keys]),
        _USERS: encoded([dataclasses.asdict(user) for user in found.users]),
        _GROUPS: encoded([dataclasses.asdict(group) for group in found.groups]),
        _MEMBERS: encoded([dataclasses.asdict(member) for member in found.members]),
    }
    if found.own is not None:
        entries[OWN] = encoded(_device_out(found.own))
    marks = raised(sealed.document(_MARKS) or {}, found.marks)
    if marks is not None:
        entries[_MARKS] = encoded(marks)
    await sealed.keep(entries)
    now = clock.now()
    if clock.quality().trusted and abs(now - sealed.clock_floor()) >= FLOOR_EVERY:
        await sealed.set_clock_floor(now)


def raised(sealed: Mapping[str, Any], given: Mapping[str, int]) -> dict[str, int] | None:
    """New marks when a table has come near its sealed one; None while all are far enough ahead. Pure."""
    marks = {table: mark for table, mark in sealed.items() if isinstance(mark, int)}
    near = [table for table, last in given.items() if last + _margin(table) // 2 > marks.get(table, 0)]
    if not near:
        return None
    return marks | {table: max(marks.get(table, 0), given[table] + _margin(table)) for table in near}


def kept_of(sealed: SealedState) -> Kept:
    """What a lost database is filled with."""
    own = sealed.document(OWN)
    keys = sealed.documents(_KEYS)
    marks = sealed.document(_MARKS) or {}
    return Kept(
        own=_device_in(own) if own else None,
        keys=[key for key in map(_key_in, keys) if key is not None],
        users=_rows_in(User, sealed.documents(_USERS)),
        groups=_rows_in(DeviceGroup, sealed.documents(_GROUPS)),
        members=_rows_in(GroupMember, sealed.documents(_MEMBERS)),
        marks={table: mark for table, mark in marks.items() if isinstance(mark, int)},
        standalone=sealed.standalone(),
    )


def _margin(table: str) -> int:
    return MARGINS.get(table, MARGIN)


def _device_out(device: Device) -> dict[str, Any]:
    return {name: value for name, value in dataclasses.asdict(device).items() if name not in _VOLATILE}


def _device_in(document: Mapping[str, Any]) -> Device | None:
    known = {field.name for field in dataclasses.fields(Device)}
    try:
        return Device(**{name: value for name, value in document.items() if name in known})
    except TypeError as error:
        logger.error("the sealed identity of this device cannot be read: %s", error)
        return None


def _rows_in(kind: type[Row], documents: Iterable[Mapping[str, Any]]) -> list[Row]:
    """The rows that make sense. A document has the types that a row of a database must have."""
    rows = []
    for document in documents:
        try:
            rows.append(record_of(kind, document))
        except (TypeError, ValueError) as error:
            logger.error("a sealed row of %s cannot be read: %s", kind.__name__, error)
    return rows


def _key_out(key: ApiKey) -> dict[str, Any]:
    secret = base64.b64encode(key.sealed_secret).decode()
    plain = {name: value for name, value in dataclasses.asdict(key).items() if name != "last_access"}
    return plain | {"sealed_secret": secret, "status": key.status.value}


def _key_in(document: Mapping[str, Any]) -> ApiKey | None:
    known = {field.name for field in dataclasses.fields(ApiKey)}
    try:
        values = {name: value for name, value in document.items() if name in known}
        if values.get("user_key", 0) is None:
            values["user_key"] = 0  # nobody's; what was kept before there were users has no such member
        secret = base64.b64decode(values.pop("sealed_secret"), validate=True)
        return ApiKey(**values | {"sealed_secret": secret, "status": KeyStatus(values["status"])})
    except (TypeError, KeyError, ValueError, binascii.Error) as error:
        logger.error("a sealed access key cannot be read: %r", error)
        return None
