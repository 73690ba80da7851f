"""A device's database with something of everything in it, for tests that damage it."""

import asyncio
import contextlib
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

from fakes.clock import ManualClock
from fakes.stored import make_clip, make_device, make_event, make_preset
from sqlalchemy import Connection, true

from presets_store.protocol.startup import StandalonePreset
from presets_store.protocol.statuses import EventStatus
from presets_store.rules.event import Event
from presets_store.rules.permissions import Role, ScopeKind
from presets_store.services.answers import encode
from presets_store.services.restoring.restore import Kept
from presets_store.services.wire import event_upload
from presets_store.storage import Database
from presets_store.storage.clips import adopt_clip
from presets_store.storage.damage.salvage import Salvaged, salvage
from presets_store.storage.devices import insert_device, list_devices, update_device
from presets_store.storage.events import get_event, insert_event
from presets_store.storage.fleet.groups import add_member, all_members, insert_group, list_groups
from presets_store.storage.fleet.records import DeviceGroup, GroupMember
from presets_store.storage.keys import insert_key, list_keys
from presets_store.storage.meta import high_water
from presets_store.storage.outbox import add_to_outbox, due_in_outbox
from presets_store.storage.people.records import User
from presets_store.storage.people.users import insert_user, list_users
from presets_store.storage.presets import insert_preset, list_presets
from presets_store.storage.records import ApiKey, Device, KeyStatus, OutboxItem, Preset

HUB = "https://hub.example"
MARK = 5000
"""Keys of events and clips that the device has sealed as given out."""
SERIAL = "SN-OWN"
NOW = int(ManualClock().now() * 1e6)
EVENTS = 240
UNSENT = range(1, EVENTS, 4)
"""Keys of the events whose reports wait."""
UNFINISHED = {
    EVENTS + 1: EventStatus.PENDING,
    EVENTS + 2: EventStatus.CHECKED_OUT,
    EVENTS + 3: EventStatus.PROCESSING,
}


def fill(connection: Connection) -> None:
    """One own device and another, in a group, presets with both bindings, two users with access keys, events,
    unsent reports, clips.
    """
    own = insert_device(connection, make_device(serial_number=SERIAL, device_name="Lobby", own=True))
    other = insert_device(connection, make_device(serial_number="SN-OTHER"))
    hall = insert_group(connection, DeviceGroup(name="hall"))
    assert hall is not None
    for device in (own, other):
        add_member(connection, GroupMember(group_key=hall.key, device_key=device.key))
    owner = insert_user(connection, User(name="owner", role=Role.ADMIN))
    crew = User(name="crew", role=Role.OPERATOR, scope=ScopeKind.GROUP, scope_key=hall.key)
    crew = insert_user(connection, crew)
    presets = [insert_preset(connection, make_preset(own.key, event_preset_name=f"preset {n}")) for n in range(30)]
    bound = replace(
        own, device_ready_event_preset_id=presets[0].key, standalone_event_preset_id=presets[1].key, modified=NOW
    )
    update_device(connection, own, bound)
    for number in range(4):
        status = KeyStatus.REVOKED if number == 3 else KeyStatus.ACTIVE
        user = crew if number == 2 else owner
        access = ApiKey(access_key=f"key-{number}==", sealed_secret=bytes(60), status=status, user_key=user.key)
        insert_key(connection, access)
    for number in range(1, EVENTS + 1):
        ended(connection, own, number)
    for key, waiting in UNFINISHED.items():
        attempt = int(waiting is EventStatus.PROCESSING)
        event = make_event(own.key, key=key, event_status=waiting, attempt_number=attempt, started=NOW * attempt)
        insert_event(connection, event)


def ended(connection: Connection, own: Device, number: int) -> Event:
    """An event that is Complete; the report of every fourth waits."""
    event = insert_event(
        connection,
        make_event(
            own.key,
            event_status=EventStatus.COMPLETE,
            result='{"note": "' + "x" * (number * 7 % 900) + '"}',
            attempt_number=1,
            percent_complete=100.0,
            created=NOW,
            started=NOW,
            ended=NOW + number,
            modified=NOW + number,
        ),
    )
    adopt_clip(connection, make_clip(own.key, event_key=event.key))
    if number in UNSENT:
        body = encode(event_upload(event, own.serial_number))
        report = OutboxItem(event_key=event.key, event_uuid=event.uuid, destination=HUB, body=body, created=NOW)
        add_to_outbox(connection, report)
    return event


def standalone_of(preset: Preset) -> StandalonePreset:
    """The preset as the device keeps it sealed."""
    return StandalonePreset(
        key=preset.key,
        uuid=preset.uuid,
        event_preset_name=preset.event_preset_name,
        device_id=preset.device_key or 0,
        agent_type_id=preset.agent_type_id,
        event_type_id=preset.event_type_id,
        event_parameters=preset.event_parameters,
    )


def kept_of(path: Path) -> Kept:
    """What the device of the database at `path` keeps sealed."""
    found = salvage(path)
    own = next(device for device in found.devices if device.own)
    preset = next(preset for preset in found.presets if preset.key == own.standalone_event_preset_id)
    marks = {"events": MARK, "clips": MARK}
    return Kept(
        own=own,
        keys=found.keys,
        users=found.users,
        groups=found.groups,
        members=found.members,
        marks=marks,
        standalone=standalone_of(preset),
    )


def folded(path: Path) -> Path:
    """With nothing in the log, as after an orderly end."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


async def saved(path: Path) -> Salvaged:
    return await asyncio.to_thread(salvage, path)


async def everything(database: Database) -> dict[str, Any]:
    """What a restored database holds, without what is new at each restore."""

    def read(connection: Any) -> dict[str, Any]:
        reports = due_in_outbox(connection, HUB, 0, 0, 1000)
        return {
            "devices": list_devices(connection),
            "presets": list_presets(connection),
            "keys": list_keys(connection),
            "users": list_users(connection),
            "groups": list_groups(connection, true()),
            "members": all_members(connection),
            "events": [get_event(connection, report.event_key) for report in reports],
            "reports": reports,
            "marks": high_water(connection),
        }

    return await database.read(read)
