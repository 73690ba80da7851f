"""Presets: kept, shown, and run."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from presets_store.protocol.presets import (
    CreateEventPreset,
    EventIdAnswer,
    EventPresetRecord,
    GroupRunAnswer,
    RunPreset,
)
from presets_store.rules.event import Event
from presets_store.rules.targeting import check_preset_target
from presets_store.services.caller import Caller
from presets_store.services.changes import Changes, typed
from presets_store.services.errors import NotFound
from presets_store.services.targets import require_device
from presets_store.services.unit import Unit, Units
from presets_store.services.wire import preset_record
from presets_store.storage.events import update_event
from presets_store.storage.presets import get_preset, insert_preset, list_presets
from presets_store.storage.records import Preset


class PresetsService:
    """Presets of devices."""

    def __init__(self, units: Units, changes: Changes) -> None:
        self._units = units
        self._changes = changes

    async def create(self, caller: Caller, body: CreateEventPreset) -> EventPresetRecord:
        """Raises TargetUnclear, NotFound for its target, and what naming a type and its parameters may raise."""
        check_preset_target(body.device_id, body.device_group_id)
        kind, parameters = typed(
            body.event_type or body.event_type_id, body.agent_type or body.agent_type_id, body.event_parameters
        )

        def add(unit: Unit) -> EventPresetRecord:
            if body.device_group_id:
                raise NotFound(what="device group", name=body.device_group_id)
            require_device(unit.connection, body.device_id)
            wanted = Preset(
                uuid=self._changes.new_uuid(),
                event_preset_name=body.event_preset_name,
                device_key=body.device_id,
                agent_type_id=kind.agent_type_id,
                event_type_id=kind.id,
                event_parameters=parameters,
                priority=body.priority,
                max_attempts=body.max_attempts,
                expiration_epoch=body.expiration_epoch,
                created=unit.now,
                modified=unit.now,
                created_by=caller.name,
                modified_by=caller.name,
            )
            return preset_record(insert_preset(unit.connection, wanted))

        return await self._units.write(caller, add)

    async def get(self, key: int) -> EventPresetRecord:
        """Raises NotFound."""
        preset = await self._units.read(lambda connection: get_preset(connection, key))
        if preset is None:
            raise NotFound(what="event preset", name=key)
        return preset_record(preset)

    async def of_device(self, device_key: int) -> list[EventPresetRecord]:
        """The device's presets, oldest first. Raises NotFound."""

        def find(connection: Connection) -> list[EventPresetRecord]:
            require_device(connection, device_key)
            return [preset_record(preset) for preset in list_presets(connection, device_key)]

        return await self._units.read(find)

    async def run(self, caller: Caller, key: int, body: RunPreset) -> EventIdAnswer:
        """Queues the preset's event on its device, or one on each device of `data`: all of them, or none.

        Raises NotFound for the preset, its device group, or any device.
        """

        def queue(unit: Unit) -> EventIdAnswer:
            preset = get_preset(unit.connection, key)
            if preset is None:
                raise NotFound(what="event preset", name=key)
            targets = list(dict.fromkeys(body.data)) or _own_targets(preset)
            for target in targets:
                require_device(unit.connection, target)
            events = [self._changes.add(unit, _event_of(preset, target)) for target in targets]
            return _answer(unit, events)

        return await self._units.write(caller, queue)


def _own_targets(preset: Preset) -> list[int]:
    if preset.device_key is None:
        raise NotFound(what="device group", name=preset.device_group_id)
    return [preset.device_key]


def _event_of(preset: Preset, device_key: int) -> Event:
    return Event(
        uuid="",
        device_key=device_key,
        agent_type_id=preset.agent_type_id,
        event_type_id=preset.event_type_id,
        event_parameters=preset.event_parameters,
        priority=preset.priority,
        max_attempts=preset.max_attempts,
        expiration_epoch=preset.expiration_epoch,
        tag_string=preset.tag_string,
        tag_number=preset.tag_number,
        preset_key=preset.key,
    )


def _answer(unit: Unit, events: Sequence[Event]) -> EventIdAnswer:
    first = events[0].key
    if len(events) == 1:
        return EventIdAnswer(event_id=first)
    for event in events:
        update_event(unit.connection, event, replace(event, group_run_id=first))
    return GroupRunAnswer(event_id=first, event_ids=[event.key for event in events], group_run_id=first)
