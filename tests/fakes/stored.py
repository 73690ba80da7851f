"""Records to store, with what a test does not care about filled in."""

from typing import Any
from uuid import uuid4

from presets_store.rules.event import Event
from presets_store.storage.records import Clip, Device, OutboxItem, Preset


def make_device(**fields: Any) -> Device:
    return Device(**{"guid": str(uuid4()), "serial_number": f"SN-{uuid4().hex[:8]}", **fields})


def make_event(device_key: int, **fields: Any) -> Event:
    return Event(
        **{
            "uuid": str(uuid4()),
            "device_key": device_key,
            "agent_type_id": 1,
            "event_type_id": 1,
            "created": 1,
            **fields,
        }
    )


def make_preset(device_key: int | None, **fields: Any) -> Preset:
    return Preset(**{"uuid": str(uuid4()), "device_key": device_key, "agent_type_id": 1, "event_type_id": 1, **fields})


def make_clip(device_key: int, **fields: Any) -> Clip:
    name = str(uuid4())
    return Clip(**{"uuid": name, "device_key": device_key, "file": f"{name}.mp4", **fields})


def make_report(event: Event, **fields: Any) -> OutboxItem:
    return OutboxItem(
        **{"event_key": event.key, "event_uuid": event.uuid, "destination": "hub", "body": "{}", **fields}
    )
