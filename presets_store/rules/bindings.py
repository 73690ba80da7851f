"""Which preset may be bound to a device's start-up, and when a binding fires (events-api.md section 12.3). Pure."""

from typing import ClassVar, Protocol, TypeVar

from presets_store.errors import CuelightError, Kind
from presets_store.protocol.parameters import WORKFLOW
from presets_store.protocol.parameters.device import WorkflowStep
from presets_store.rules.startup import Binding

_MAX_ECHO = 64


class StartupStateUnknown(CuelightError):
    code: ClassVar[str] = "startup_state_unknown"
    kind: ClassVar[Kind] = Kind.INVALID
    template: ClassVar[str] = (
        "{state!r} is no start-up state: it is online (the device starts and reaches its server) or standalone (it "
        "starts without a network)"
    )


class NotBindable(CuelightError):
    code: ClassVar[str] = "preset_not_bindable"
    kind: ClassVar[Kind] = Kind.INVALID
    template: ClassVar[str] = "event preset {key} cannot be a start-up preset: {reason}"


class PresetBound(CuelightError):
    code: ClassVar[str] = "preset_bound"
    kind: ClassVar[Kind] = Kind.CONFLICT
    template: ClassVar[str] = "event preset {key} cannot be {done}: {bindings}"


class BindablePreset(Protocol):
    """What the rules look at."""

    @property
    def key(self) -> int: ...
    @property
    def device_key(self) -> int | None: ...
    @property
    def event_type_id(self) -> int: ...


PresetT = TypeVar("PresetT", bound=BindablePreset)


def binding_of(state: str) -> Binding:
    """The binding that `{deviceState}` names. Raises StartupStateUnknown."""
    try:
        return Binding(state)
    except ValueError:
        raise StartupStateUnknown(state=state[:_MAX_ECHO]) from None


def check_bindable(preset: BindablePreset, asked_device: int = 0, asked_group: int = 0) -> int:
    """The device to whose start-up `preset` is bound: its own. A request may name it, and must not name another.

    Raises NotBindable.
    """
    if preset.device_key is None:
        reason = "it targets a device group, and a start-up preset belongs to one device; copy it to each device"
        raise NotBindable(key=preset.key, reason=reason)
    if asked_group:
        reason = f"the request names device group {asked_group}, but a start-up preset belongs to one device"
        raise NotBindable(key=preset.key, reason=reason)
    if asked_device not in (0, preset.device_key):
        reason = f"it belongs to device {preset.device_key}, not to device {asked_device}; copy it there first"
        raise NotBindable(key=preset.key, reason=reason)
    return preset.device_key


def check_member(workflow: BindablePreset, index: int, step: WorkflowStep, member: PresetT | None) -> PresetT:
    """The member that `step` names, if the device can run it on its own. `index` counts the steps from 0.

    Raises NotBindable.
    """
    name = f"its step {index + 1} names event preset {step.event_preset_id}, which"
    if member is None:
        raise NotBindable(key=workflow.key, reason=f"{name} does not exist")
    if member.event_type_id == WORKFLOW:
        raise NotBindable(key=workflow.key, reason=f"{name} is a workflow itself; put its steps in its place")
    if member.device_key is None:
        raise NotBindable(key=workflow.key, reason=f"{name} targets a device group")
    for device in (member.device_key, step.device_id or member.device_key):
        if device != workflow.device_key:
            reason = f"{name} is for device {device}; a device can run only its own presets without a network"
            raise NotBindable(key=workflow.key, reason=reason)
    return member


def fires(fired_in: str, boot_id: str, *, unfinished: bool) -> bool:
    """Whether a binding fires now: once in each boot; without a boot ID, when nothing that it fired is still going on.

    `fired_in` is the boot in which it fired last, "" for never.
    """
    return fired_in != boot_id if boot_id else not unfinished
