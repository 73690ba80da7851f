"""Presets: kept, shown, changed, copied, and run."""

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, true

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
from presets_store.rules.permissions import Permission
from presets_store.rules.targeting import check_preset_target
from presets_store.services.bindings import bindings_with, refuse_bound, seal_again
from presets_store.services.caller import Caller
from presets_store.services.changes import Changes, event_of, typed
from presets_store.services.errors import GroupEmpty
from presets_store.services.fleet.scope import reached_group, reached_group_locked
from presets_store.services.reach import reached_device, reached_preset, reached_preset_locked, require_steps
from presets_store.services.sealed.parameters import ParameterSecrets
from presets_store.services.unit import Unit, Units
from presets_store.services.wire import preset_record
from presets_store.storage.cameras import list_cameras
from presets_store.storage.fleet.groups import member_devices
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
"""What a client may change in a preset, besides its target, its type and its parameters."""


class PresetsService:
    """Presets of devices and of device groups."""

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
            _require_target(unit, body.device_id, body.device_group_id)
            require_steps(unit.connection, caller, kind.id, parameters)
            fields = {
                "event_preset_name": body.event_preset_name,
                "agent_type_id": kind.agent_type_id,
                "event_type_id": kind.id,
                "event_parameters": self._changes.secrets.seal(kind.id, parameters),
                "priority": body.priority,
                "max_attempts": body.max_attempts,
                "expiration_epoch": body.expiration_epoch,
            }
            return preset_record(self._insert(unit, body.device_id, fields, body.device_group_id))

        return await self._units.write(caller, add)

    async def get(self, caller: Caller, key: int) -> EventPresetRecord:
        """Raises NotFound."""

        def find(connection: Connection) -> Preset:
            return reached_preset(connection, caller, Permission.READ, key)

        return preset_record(await self._units.read(find))

    async def of_device(self, caller: Caller, device_key: int) -> list[EventPresetRecord]:
        """The device's own presets and those of its device groups, oldest first. Raises NotFound."""

        def find(connection: Connection) -> list[EventPresetRecord]:
            reached_device(connection, caller, Permission.READ, device_key)
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
            before = reached_preset_locked(unit.connection, caller, Permission.EDIT, key)
            bound = bindings_with(unit.connection, before)
            if (body.device_id, body.device_group_id) != (before.device_key or 0, before.device_group_id):
                refuse_bound(before, bound, "given another target")
            _require_target(unit, body.device_id, body.device_group_id)
            after = _changed(before, body, unit, self._changes.secrets)
            require_steps(unit.connection, caller, after.event_type_id, after.event_parameters)
            update_preset(unit.connection, before, after)
            seal_again(unit, self._changes, bound)

        await self._units.write(caller, change)

    async def delete(self, caller: Caller, key: int) -> None:
        """Events that it became stay. Raises NotFound, PresetBound while a start-up binding needs it."""

        def remove(unit: Unit) -> None:
            preset = reached_preset_locked(unit.connection, caller, Permission.EDIT, key)
            refuse_bound(preset, bindings_with(unit.connection, preset), "deleted")
            delete_preset(unit.connection, key)

        await self._units.write(caller, remove)

    async def copy(self, caller: Caller, key: int, device_key: int) -> CopiedPreset:
        """A new preset for `device_key` with what the preset says. The source is only read.

        `warnings` name what the device lacks for it. Raises NotFound for either.
        """

        def copy(unit: Unit) -> CopiedPreset:
            source = reached_preset(unit.connection, caller, Permission.READ, key)
            reached_device(unit.connection, caller, Permission.EDIT, device_key)
            require_steps(unit.connection, caller, source.event_type_id, source.event_parameters)
            made = self._insert(unit, device_key, {name: getattr(source, name) for name in _COPIED})
            return CopiedPreset.model_construct(
                **dict(preset_record(made)), warnings=_warnings(unit.connection, made, device_key)
            )

        return await self._units.write(caller, copy)

    async def run(self, caller: Caller, key: int, body: RunPreset) -> EventIdAnswer:
        """Queues the preset's event on its device, or one on each device of its group or of `data`: all or none.

        Raises NotFound for the preset or any device, Forbidden, and GroupEmpty.
        """

        def queue(unit: Unit) -> EventIdAnswer:
            preset = reached_preset(unit.connection, caller, Permission.READ, key)
            asked = list(dict.fromkeys(body.data))
            for target in asked:
                reached_device(unit.connection, caller, Permission.RUN, target)
            if asked or preset.device_key:
                targets = asked or [_own_device(unit, preset)]
                return self._queue(unit, preset, targets, together=len(targets) > 1)
            return self._queue(unit, preset, _group_members(unit, preset), together=True)

        return await self._units.write(caller, queue)

    def _queue(self, unit: Unit, preset: Preset, targets: list[int], *, together: bool) -> EventIdAnswer:
        """One event for each target. `together`: they are one group run, which has the number of its first event."""
        wanted = [event_of(preset, target) for target in targets]
        if not together:
            return EventIdAnswer(event_id=self._changes.add(unit, wanted[0]).key)
        keys = [event.key for event in self._changes.add_together(unit, wanted)]
        return GroupRunAnswer(event_id=keys[0], event_ids=keys, group_run_id=keys[0])

    def _insert(self, unit: Unit, device_key: int, fields: dict[str, Any], group_key: int = 0) -> Preset:
        new = Preset(
            **fields,
            uuid=self._changes.new_uuid(),
            device_key=device_key or None,
            device_group_id=group_key,
            created=unit.now,
            modified=unit.now,
            created_by=unit.caller.name,
            modified_by=unit.caller.name,
        )
        return insert_preset(unit.connection, new)


def _require_target(unit: Unit, device_key: int, group_key: int) -> None:
    if group_key:
        # Locked, so that it is not deleted while the preset is written: no foreign key watches over that.
        reached_group_locked(unit.connection, unit.caller, Permission.EDIT, group_key)
    else:
        reached_device(unit.connection, unit.caller, Permission.EDIT, device_key)


def _changed(before: Preset, body: UpdateEventPreset, unit: Unit, secrets: ParameterSecrets) -> Preset:
    """The preset with what the body gives. Parameters that it does not give must fit the type that it does."""
    given = body.event_parameters if "event_parameters" in body.model_fields_set else before.event_parameters
    kind, parameters = typed(body.event_type_id, body.agent_type_id, given)
    return replace(
        before,
        **{name: getattr(body, name) for name in _GIVEN if name in body.model_fields_set},
        device_key=body.device_id or None,
        device_group_id=body.device_group_id,
        agent_type_id=kind.agent_type_id,
        event_type_id=kind.id,
        event_parameters=secrets.seal(kind.id, parameters, before.event_parameters),
        modified=unit.now,
        modified_by=unit.caller.name,
    )


def _own_device(unit: Unit, preset: Preset) -> int:
    return reached_device(unit.connection, unit.caller, Permission.RUN, preset.device_key or 0).key


def _group_members(unit: Unit, preset: Preset) -> list[int]:
    group = reached_group(unit.connection, unit.caller, Permission.RUN, preset.device_group_id)
    members = [device.key for device in member_devices(unit.connection, group.key, true())]
    if not members:
        raise GroupEmpty(key=group.key)
    return members


def _warnings(connection: Connection, preset: Preset, device_key: int) -> list[str]:
    if preset.event_type_id != WORKFLOW:
        cameras = list_cameras(connection, device_key)
        return camera_warnings(EVENT_TYPES[preset.event_type_id], preset.event_parameters, cameras)
    steps = read_workflow(preset.event_parameters)
    members = [get_preset(connection, step.event_preset_id) for step in steps]
    owners = {member.key: member.device_key for member in members if member is not None}
    return step_warnings(steps, owners, device_key)
