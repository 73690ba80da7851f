"""Presets: kept, shown, changed, copied, and run."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from presets_store.protocol.event_types import EVENT_TYPES
from presets_store.protocol.parameters import WORKFLOW, read_workflow
from presets_store.protocol.presets import (
    CopiedPreset,
    CreateEventPreset,
    EventIdAnswer,
    EventPresetRecord,
    GroupRunAnswer,
    RunPreset,
    UpdateEventPreset,
)
from presets_store.rules.copying import camera_warnings, step_warnings
from presets_store.rules.event import Event
from presets_store.rules.targeting import check_preset_target
from presets_store.services.bindings import bindings_with, refuse_bound, seal_again
from presets_store.services.caller import Caller
from presets_store.services.changes import Changes, event_of, typed
from presets_store.services.errors import NotFound
from presets_store.services.targets import lock_preset, require_device, require_preset
from presets_store.services.unit import Unit, Units
from presets_store.services.wire import preset_record
from presets_store.storage.cameras import list_cameras
from presets_store.storage.events import update_event
from presets_store.storage.presets import delete_preset, get_preset, insert_preset, list_presets, update_preset
from presets_store.storage.records import Preset

_COPIED = (
    "event_preset_name", "agent_type_id", "agent_id", "event_type_id", "event_parameters", "priority",
    "expiration_epoch", "max_attempts", "tag_string", "tag_number",
)  # fmt: skip
"""What a copy has of its source. The rest is its own: key, target, dates, and what runs leave behind."""

_GIVEN = (
    "event_preset_name", "agent_id", "priority", "expiration_epoch", "max_attempts", "tag_string", "tag_number",
)  # fmt: skip
"""What a client may change in a preset, besides its device, its type and its parameters."""


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
            _require_target(unit.connection, body.device_id, body.device_group_id)
            fields = {
                "event_preset_name": body.event_preset_name,
                "agent_type_id": kind.agent_type_id,
                "event_type_id": kind.id,
                "event_parameters": parameters,
                "priority": body.priority,
                "max_attempts": body.max_attempts,
                "expiration_epoch": body.expiration_epoch,
            }
            return preset_record(self._insert(unit, body.device_id, fields))

        return await self._units.write(caller, add)

    async def get(self, key: int) -> EventPresetRecord:
        """Raises NotFound."""
        return preset_record(await self._units.read(lambda connection: require_preset(connection, key)))

    async def of_device(self, device_key: int) -> list[EventPresetRecord]:
        """The device's presets, oldest first. Raises NotFound."""

        def find(connection: Connection) -> list[EventPresetRecord]:
            require_device(connection, device_key)
            return [preset_record(preset) for preset in list_presets(connection, device_key)]

        return await self._units.read(find)

    async def update(self, caller: Caller, key: int, body: UpdateEventPreset) -> None:
        """Changes what the body gives; the preset's key, dates and what runs leave behind are not for writing.

        A device that keeps the preset for its start-up, alone or in a workflow, is sent it anew.
        Raises NotFound, TargetUnclear, PresetBound when a bound one would get another target, NotBindable when it could
        not stay bound, and what naming a type and its parameters may raise.
        """
        check_preset_target(body.device_id, body.device_group_id)

        def change(unit: Unit) -> None:
            before = lock_preset(unit.connection, key)
            bound = bindings_with(unit.connection, before)
            if (body.device_id, body.device_group_id) != (before.device_key or 0, before.device_group_id):
                refuse_bound(before, bound, "given another target")
            _require_target(unit.connection, body.device_id, body.device_group_id)
            update_preset(unit.connection, before, _changed(before, body, unit))
            seal_again(unit, self._changes, bound)

        await self._units.write(caller, change)

    async def delete(self, caller: Caller, key: int) -> None:
        """Events that it became stay. Raises NotFound, PresetBound while a start-up binding needs it."""

        def remove(unit: Unit) -> None:
            preset = lock_preset(unit.connection, key)
            refuse_bound(preset, bindings_with(unit.connection, preset), "deleted")
            delete_preset(unit.connection, key)

        await self._units.write(caller, remove)

    async def copy(self, caller: Caller, key: int, device_key: int) -> CopiedPreset:
        """A new preset for `device_key` with what the preset says. The source is only read.

        `warnings` name what the device lacks for it. Raises NotFound for either.
        """

        def copy(unit: Unit) -> CopiedPreset:
            source = require_preset(unit.connection, key)
            require_device(unit.connection, device_key)
            made = self._insert(unit, device_key, {name: getattr(source, name) for name in _COPIED})
            return CopiedPreset.model_construct(
                **dict(preset_record(made)), warnings=_warnings(unit.connection, made, device_key)
            )

        return await self._units.write(caller, copy)

    async def run(self, caller: Caller, key: int, body: RunPreset) -> EventIdAnswer:
        """Queues the preset's event on its device, or one on each device of `data`: all of them, or none.

        Raises NotFound for the preset, its device group, or any device.
        """

        def queue(unit: Unit) -> EventIdAnswer:
            preset = require_preset(unit.connection, key)
            targets = list(dict.fromkeys(body.data)) or _own_targets(preset)
            for target in targets:
                require_device(unit.connection, target)
            events = [self._changes.add(unit, event_of(preset, target)) for target in targets]
            return _answer(unit, events)

        return await self._units.write(caller, queue)

    def _insert(self, unit: Unit, device_key: int, fields: dict[str, Any]) -> Preset:
        new = Preset(
            **fields,
            uuid=self._changes.new_uuid(),
            device_key=device_key,
            created=unit.now,
            modified=unit.now,
            created_by=unit.caller.name,
            modified_by=unit.caller.name,
        )
        return insert_preset(unit.connection, new)


def _require_target(connection: Connection, device_key: int, group_key: int) -> None:
    if group_key:
        raise NotFound(what="device group", name=group_key)
    require_device(connection, device_key)


def _changed(before: Preset, body: UpdateEventPreset, unit: Unit) -> Preset:
    """The preset with what the body gives. Parameters that it does not give must fit the type that it does."""
    given = body.event_parameters if "event_parameters" in body.model_fields_set else before.event_parameters
    kind, parameters = typed(body.event_type_id, body.agent_type_id, given)
    return replace(
        before,
        **{name: getattr(body, name) for name in _GIVEN if name in body.model_fields_set},
        device_key=body.device_id,
        device_group_id=0,
        agent_type_id=kind.agent_type_id,
        event_type_id=kind.id,
        event_parameters=parameters,
        modified=unit.now,
        modified_by=unit.caller.name,
    )


def _own_targets(preset: Preset) -> list[int]:
    if preset.device_key is None:
        raise NotFound(what="device group", name=preset.device_group_id)
    return [preset.device_key]


def _warnings(connection: Connection, preset: Preset, device_key: int) -> list[str]:
    if preset.event_type_id != WORKFLOW:
        cameras = list_cameras(connection, device_key)
        return camera_warnings(EVENT_TYPES[preset.event_type_id], preset.event_parameters, cameras)
    steps = read_workflow(preset.event_parameters)
    members = [get_preset(connection, step.event_preset_id) for step in steps]
    owners = {member.key: member.device_key for member in members if member is not None}
    return step_warnings(steps, owners, device_key)


def _answer(unit: Unit, events: Sequence[Event]) -> EventIdAnswer:
    first = events[0].key
    if len(events) == 1:
        return EventIdAnswer(event_id=first)
    for event in events:
        update_event(unit.connection, event, replace(event, group_run_id=first))
    return GroupRunAnswer(event_id=first, event_ids=[event.key for event in events], group_run_id=first)
