"""New events and changes of events, with everything that belongs in the same transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from presets_store.clock import Clock
from presets_store.ids import uuid7
from presets_store.protocol.agent_types import AgentType
from presets_store.protocol.event_types import EventType, find_event_type
from presets_store.protocol.live import LiveKind
from presets_store.protocol.parameters import parameters_text, parse_parameters
from presets_store.protocol.startup import StandalonePreset
from presets_store.rules.commands import Cancel, Command, Ended, Progress, QueueEndProcess, Redeliver, SendOutcome
from presets_store.rules.event import Event
from presets_store.rules.lifecycle import attempts_allowed, transition
from presets_store.services.caller import INSIDE
from presets_store.services.errors import NotFound
from presets_store.services.outbox import report_of
from presets_store.services.sealed.parameters import ParameterSecrets
from presets_store.services.unit import Unit
from presets_store.storage.devices import get_device
from presets_store.storage.events import accept_event, get_event_for_update, insert_event, update_event
from presets_store.storage.outbox import add_to_outbox
from presets_store.storage.records import Preset

END_PROCESS = "Device_End_process"
_ENDS_FIRST = 0

TAKEN_BACK = '{"code": "taken_back", "message": "the upstream took it back before it began"}'
"""The result of an event that ended at the upstream while nobody could tell the device."""


@dataclass(slots=True)
class Reporting:
    """Where outcomes of the own device's events go: a destination's name, "" for nowhere. `own_device` 0: none."""

    own_device: int = 0
    destination: str = ""

    def wanted(self, event: Event) -> bool:
        return bool(self.destination) and event.device_key == self.own_device


class Changes:
    """Writes events inside a unit."""

    def __init__(self, clock: Clock, reporting: Reporting, secrets: ParameterSecrets) -> None:
        self._clock = clock
        self._reporting = reporting
        self.secrets = secrets

    def add(self, unit: Unit, wanted: Event) -> Event:
        """Stores a new event; its uuid, times and author are filled in. Who waits is woken after the commit."""
        event = insert_event(unit.connection, self._new(unit, wanted))
        unit.changed.append((LiveKind.EVENT, event))
        return event

    def add_together(self, unit: Unit, wanted: Sequence[Event]) -> list[Event]:
        """Stores the events of one group run, one or more: it has the number of the first."""
        first = self.add(unit, wanted[0])
        numbered = replace(first, group_run_id=first.key)
        update_event(unit.connection, first, numbered)
        return [numbered, *(self.add(unit, replace(event, group_run_id=first.key)) for event in wanted[1:])]

    def accept(self, unit: Unit, handed: Event) -> tuple[Event, bool]:
        """Stores what an upstream handed out (`upstream`, `remote_id`), or applies that it did so again; is it new?"""
        counted = min(handed.attempt_number, attempts_allowed(handed) - 1)  # some count an attempt as they hand it out
        event, new = accept_event(unit.connection, self._new(unit, replace(handed, attempt_number=counted)))
        if new:
            unit.changed.append((LiveKind.EVENT, event))
            return event, True
        again = Redeliver(token=handed.checkout_token, attempt=handed.attempt_number)
        return self.apply(unit, require_event(unit, event.key), again), False

    def _new(self, unit: Unit, wanted: Event) -> Event:
        return replace(
            wanted,
            uuid=wanted.uuid or self.new_uuid(),
            event_parameters=self.secrets.seal(wanted.event_type_id, wanted.event_parameters),
            clock_quality=self._clock.quality().value,
            created=unit.now,
            modified=unit.now,
            created_by=unit.caller.name,
            modified_by=unit.caller.name,
        )

    def new_uuid(self) -> str:
        return uuid7(self._clock.now())

    def apply(self, unit: Unit, event: Event, command: Command) -> Event:
        """The event after `command`, stored with its effects. Raises TransitionRefused."""
        return self._carry_out(unit, event, command)[0]

    def cancel(self, unit: Unit, event: Event) -> Event | None:
        """Ends an event that waits, asks the device to end one that it has: the event that asks, or None."""
        return self._carry_out(unit, event, Cancel(by=unit.caller.name))[1]

    def take_back(self, unit: Unit, event: Event) -> Event:
        """Ends a Pending event, because its upstream has said that it is over there: there is nobody to tell."""
        after = replace(transition(event, Cancel(by=INSIDE.name), unit.now).event, result=TAKEN_BACK)
        update_event(unit.connection, event, after)
        unit.changed.append((LiveKind.EVENT, after))
        return after

    def _carry_out(self, unit: Unit, event: Event, command: Command) -> tuple[Event, Event | None]:
        step = transition(event, command, unit.now)
        after = step.event
        if after != event:
            update_event(unit.connection, event, after)
            kind = LiveKind.PROGRESS if isinstance(command, Progress) else LiveKind.EVENT
            unit.changed.append((kind, after))
        queued = None
        for effect in step.effects:
            if isinstance(effect, QueueEndProcess):
                queued = self._queue_end(unit, after, effect)
            elif isinstance(effect, Ended | SendOutcome) and self._reporting.wanted(after):
                self._report(unit, after)
        return after, queued

    def _queue_end(self, unit: Unit, event: Event, effect: QueueEndProcess) -> Event:
        """Queues the event that ends `event` on its device, ahead of all that wait."""
        kind = find_event_type(END_PROCESS)
        wanted = Event(
            uuid="",
            device_key=event.device_key,
            agent_type_id=int(AgentType.DEVICE),
            event_type_id=kind.id,
            event_parameters=effect.parameters,
            priority=_ENDS_FIRST,
            cause="cancel",
        )
        return self.add(unit, wanted)

    def _report(self, unit: Unit, event: Event) -> None:
        device = get_device(unit.connection, event.device_key)
        serial = device.serial_number if device else ""
        add_to_outbox(unit.connection, report_of(event, serial, self._reporting.destination, unit.now))


def require_event(unit: Unit, key: int) -> Event:
    """The event, locked for this unit. Raises NotFound."""
    event = get_event_for_update(unit.connection, key)
    if event is None:
        raise NotFound(what="event", name=key)
    return event


def event_of(preset: Preset | StandalonePreset, device_key: int, cause: str = "api") -> Event:
    """The event that `preset` becomes on a device, to be added. Raises UnknownEventType."""
    return Event(
        uuid="",
        device_key=device_key,
        agent_type_id=find_event_type(preset.event_type_id).agent_type_id,
        event_type_id=preset.event_type_id,
        event_parameters=preset.event_parameters,
        priority=preset.priority,
        max_attempts=preset.max_attempts,
        expiration_epoch=preset.expiration_epoch,
        tag_string=preset.tag_string,
        tag_number=preset.tag_number,
        preset_key=preset.key or None,
        cause=cause,
    )


def typed(event_type: str | int, agent_type: str | int, parameters: str) -> tuple[EventType, str]:
    """The event type that a request means, and the parameters text to store. Raises what the protocol does."""
    kind = find_event_type(event_type, agent_type or None)
    parse_parameters(kind, parameters)
    return kind, parameters_text(parameters)
