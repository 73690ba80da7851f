"""Presets bound to the start-up of devices: what depends on them, how they reach their device, when they fire."""

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from presets_store.protocol.event_types import find_event_type
from presets_store.protocol.fields import MAX_LONG_TEXT
from presets_store.protocol.parameters import WORKFLOW, read_workflow
from presets_store.protocol.startup import STANDALONE_SETTING, StandalonePreset
from presets_store.rules.bindings import NotBindable, PresetBound, check_member, fires
from presets_store.rules.event import Event
from presets_store.rules.hiding import holds_secrets
from presets_store.rules.startup import Binding
from presets_store.services.answers import encode
from presets_store.services.changes import Changes, event_of
from presets_store.services.targets import lock_device, lock_preset
from presets_store.services.unit import Unit
from presets_store.storage.devices import bound_devices, mark_fired
from presets_store.storage.events import binding_unfinished
from presets_store.storage.presets import get_preset, get_preset_for_update, presets_mentioning
from presets_store.storage.records import Device, Preset

FIELDS = {Binding.ONLINE: "device_ready_event_preset_id", Binding.STANDALONE: "standalone_event_preset_id"}
"""The member of a device that holds each binding: the key of a preset, 0 for none."""

_MARKS = {Binding.ONLINE: "ready_boot_id", Binding.STANDALONE: "standalone_boot_id"}
SEALING = "binding"
"""`cause` of the events by which a device is told what is bound."""

_UPDATE_SETTING = "Device_Update_setting"
_AHEAD_OF_OTHERS = 0
_SEALING_ATTEMPTS = 5
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Bound:
    """One binding of one device. `preset_key` is what is bound: the preset in question, or a workflow with it."""

    device: Device
    binding: Binding
    preset_key: int

    def sentence(self, asked_key: int) -> str:
        """Why preset `asked_key` must stay as it is, and how to let it go."""
        role = f"the {self.binding} start-up preset of device {self.device.key} ({self.device.serial_number})"
        part = "it is" if self.preset_key == asked_key else f"it is a step of event preset {self.preset_key},"
        path = f"/v1/eventpreset/startupevent/{self.binding}/device/{self.device.key}"
        return f"{part} {role}; end that first with DELETE {path}"


def bound_key(device: Device, binding: Binding) -> int:
    """The key of the preset that is bound, 0 for none."""
    key: int = getattr(device, FIELDS[binding])
    return key


def cause_of(binding: Binding) -> str:
    """`cause` of the events that a binding fires."""
    return f"startup:{binding}"


def of_earlier_boot(event: Event, device: Device, boot_id: str) -> bool:
    """Whether start-up fired the event in a boot before `boot_id`: then its preset is to run anew, from its beginning.

    `device` as it was when the agent started.
    """
    fired = next((binding for binding in Binding if event.cause == cause_of(binding)), None)
    if fired is None:
        return False
    known = {event.boot_id, getattr(device, _MARKS[fired])} - {""}
    return bool(known) and boot_id not in known


def bindings_with(connection: Connection, preset: Preset) -> list[Bound]:
    """Every binding that `preset` is part of: by itself, or as a step of a workflow that is bound."""
    keys = {preset.key, *_workflows_with(connection, preset.key)}
    devices = bound_devices(connection, keys)
    return [
        Bound(device, binding, bound_key(device, binding))
        for device in devices
        for binding in Binding
        if bound_key(device, binding) in keys
    ]


def refuse_bound(preset: Preset, bound: list[Bound], done: str) -> None:
    """Raises PresetBound, which names the bindings, when there are any."""
    if bound:
        sentences = "; ".join(each.sentence(preset.key) for each in bound)
        raise PresetBound(key=preset.key, done=done, bindings=sentences)


def expanded(
    connection: Connection, preset: Preset, look_up: Callable[[Connection, int], Preset | None] = get_preset
) -> StandalonePreset:
    """`preset` with the members of a workflow inside it: all that its device needs. Raises NotBindable."""
    parameters, revision = preset.event_parameters, preset.modified
    if preset.event_type_id == WORKFLOW:
        steps = []
        for index, step in enumerate(read_workflow(parameters)):
            member = check_member(preset, index, step, look_up(connection, step.event_preset_id))
            steps.append(step.model_copy(update={"preset": _whole(member, member.event_parameters, member.modified)}))
            revision = max(revision, member.modified)
        parameters = encode(steps)
    return _whole(preset, parameters, revision)


def queue_sealing(unit: Unit, changes: Changes, device_key: int, preset: Preset | None) -> Event:
    """Queues the event by which the device keeps `preset` for a start without a network; None: forgets the one it has.

    Members of a workflow stay locked until the unit ends, so that what is sent is what is stored. Raises NotBindable.
    """
    value = "" if preset is None else encode(expanded(unit.connection, preset, get_preset_for_update))
    if preset is not None and len(value) > MAX_LONG_TEXT:
        reason = (
            f"whole, it has {len(value)} characters of JSON; {MAX_LONG_TEXT} fit on a device, shorten its parameters"
        )
        raise NotBindable(key=preset.key, reason=reason)
    kind = find_event_type(_UPDATE_SETTING)
    wanted = Event(
        uuid="",
        device_key=device_key,
        agent_type_id=kind.agent_type_id,
        event_type_id=kind.id,
        event_parameters=json.dumps({"name": STANDALONE_SETTING, "value": value}, ensure_ascii=False),
        priority=_AHEAD_OF_OTHERS,
        max_attempts=_SEALING_ATTEMPTS,
        cause=SEALING,
    )
    return changes.add(unit, wanted)


def seal_again(unit: Unit, changes: Changes, bound: list[Bound]) -> None:
    """Sends what devices keep for a start without a network once more, after a change. Raises NotBindable.

    Locked and looked at again: another writer may have ended the binding, or changed the workflow, in the meantime, and
    what is queued last must be what is stored.
    """
    for each in bound:
        if each.binding is Binding.STANDALONE:
            preset = lock_preset(unit.connection, each.preset_key)
            device = lock_device(unit.connection, each.device.key)
            if bound_key(device, Binding.STANDALONE) == preset.key:
                queue_sealing(unit, changes, device.key, preset)


def fire_online(unit: Unit, changes: Changes, device: Device, boot_id: str, *, again: bool = False) -> Event | None:
    """Queues the event of the device's online binding; None when none is bound, or it fired already.

    `again`: although it fired. `device` is locked by the caller: of several calls for the same start one fires.
    """
    key = bound_key(device, Binding.ONLINE)
    preset = get_preset(unit.connection, key) if key else None
    if key and preset is None:
        logger.warning("event preset %d, bound to the start-up of device %d, does not exist", key, device.key)
    return None if preset is None else fire(unit, changes, device, Binding.ONLINE, boot_id, preset, again=again)


def fire(
    unit: Unit,
    changes: Changes,
    device: Device,
    binding: Binding,
    boot_id: str,
    preset: Preset | StandalonePreset,
    *,
    again: bool = False,
) -> Event | None:
    """Queues the event of `preset` for this start of the device, and marks the boot; None when it fired already.

    `again`: whatever the mark says. `device` is locked by the caller.
    """
    cause, mark = cause_of(binding), _MARKS[binding]
    unfinished = not boot_id and binding_unfinished(unit.connection, device.key, cause)
    if not again and not fires(getattr(device, mark), boot_id, unfinished=unfinished):
        return None
    if boot_id:
        mark_fired(unit.connection, device.key, **{mark: boot_id})
    return changes.add(unit, event_of(preset, device.key, cause))


def _workflows_with(connection: Connection, key: int) -> Iterator[int]:
    for workflow in presets_mentioning(connection, WORKFLOW, key):
        if any(step.event_preset_id == key for step in read_workflow(workflow.event_parameters)):
            yield workflow.key


def _whole(preset: Preset, parameters: str, revision: int) -> StandalonePreset:
    if holds_secrets(preset.event_type_id, parameters):
        reason = "a device keeps a network, with its password, from the first time on that it is told of it"
        raise NotBindable(key=preset.key, reason=reason)
    return StandalonePreset.model_construct(
        key=preset.key,
        uuid=preset.uuid,
        event_preset_name=preset.event_preset_name,
        device_id=preset.device_key or 0,
        agent_type_id=preset.agent_type_id,
        event_type_id=preset.event_type_id,
        event_parameters=parameters,
        priority=preset.priority,
        max_attempts=preset.max_attempts,
        expiration_epoch=preset.expiration_epoch,
        tag_string=preset.tag_string,
        tag_number=preset.tag_number,
        revision=revision,
    )
