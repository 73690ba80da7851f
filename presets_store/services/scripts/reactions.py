"""What a script does when it fires: an event, a request, a message, something to be shown. One function for each."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import true

from presets_store.delivery.outbox import Kind, Message, enqueue
from presets_store.protocol.errors import BadParameters, FieldProblem
from presets_store.protocol.event_types import EVENT_TYPES
from presets_store.protocol.fields import MAX_JSON_TEXT
from presets_store.protocol.live import LiveKind
from presets_store.protocol.parameters import parse_parameters
from presets_store.protocol.parsing import parse_body
from presets_store.protocol.scripts.inbound import LiveReaction
from presets_store.protocol.startup import StandalonePreset
from presets_store.rules.event import Event
from presets_store.rules.scripts import catalogue
from presets_store.rules.scripts.placeholders import fill
from presets_store.services.changes import Changes, event_of
from presets_store.services.errors import GroupEmpty, NotFound
from presets_store.services.scripts.mirroring import LEFT_TO_HUB, PRESET
from presets_store.services.scripts.telling import Seen, title_of, webhook_body, words_of
from presets_store.services.unit import Unit
from presets_store.storage.fleet.groups import member_devices
from presets_store.storage.presets import get_preset
from presets_store.storage.scripts.records import Script


@dataclass(frozen=True, slots=True)
class Occasion:
    """One script that fires at what was seen, inside a unit."""

    unit: Unit
    changes: Changes
    script: Script
    seen: Seen

    @property
    def extra(self) -> dict[str, Any]:
        """What the script says beside its reaction's name, without secrets."""
        extra: dict[str, Any] = json.loads(self.script.extra)
        return extra


CarryOut = Callable[[], int]
"""Writes what was prepared; the key of the event that it queued, 0 for none. It refuses nothing any more."""

Prepare = Callable[[Occasion], CarryOut]
"""Raises CuelightError for what cannot be carried out; writes nothing."""


def prepare(occasion: Occasion) -> CarryOut | None:
    """The script's reaction; None when it has none but to notify its users."""
    found = _REACTIONS.get(occasion.script.reaction)
    return None if found is None else found(occasion)


def notify(occasion: Occasion) -> None:
    """Enters what the script's users are told on their channels."""
    users = json.loads(occasion.script.users)
    if users:
        script, seen = occasion.script, occasion.seen
        message = Message(Kind.NOTIFY, title_of(script, seen), words_of(script, occasion.extra, seen))
        enqueue(occasion.unit, script, seen.trigger, message, users)


def left_to_upstream(script: Script) -> bool:
    """Whether the store that a mirrored script comes from carries its reaction out, once it hears that it fired: it has
    the secrets, and the presets of other devices.
    """
    if not script.upstream:
        return False
    preset_elsewhere = script.reaction == catalogue.RUN_PRESET and "preset" not in json.loads(script.extra)
    return script.reaction in LEFT_TO_HUB or preset_elsewhere


def _run_preset(occasion: Occasion) -> CarryOut:
    if left_to_upstream(occasion.script):
        return lambda: 0
    wanted = _wanted_events(occasion)
    parameters = occasion.extra.get("parameters") or {}
    if parameters:
        filled = fill(parameters, occasion.seen.values_for(occasion.script))
        wanted = [_overlaid(event, filled, occasion.changes) for event in wanted]

    def run() -> int:
        if len(wanted) == 1:
            return occasion.changes.add(occasion.unit, wanted[0]).key
        return occasion.changes.add_together(occasion.unit, wanted)[0].key

    return run


def _wanted_events(occasion: Occasion) -> list[Event]:
    """Those of the preset, on its device or on each device of its group. Raises NotFound, GroupEmpty."""
    extra, cause = occasion.extra, f"script:{occasion.script.uuid}"
    if "preset" in extra:  # a mirrored one, whole, of this device
        mirrored = parse_body(StandalonePreset, extra["preset"])
        return [event_of(mirrored, occasion.seen.trigger.device_key, cause)]
    key = int(extra.get(PRESET, 0))
    preset = get_preset(occasion.unit.connection, key)
    if preset is None:
        raise NotFound(what="event preset", name=key)
    if preset.device_key:
        return [event_of(preset, preset.device_key, cause)]
    members = member_devices(occasion.unit.connection, preset.device_group_id, true())
    if not members:
        raise GroupEmpty(key=preset.device_group_id)
    return [event_of(preset, device.key, cause) for device in members]


def _overlaid(event: Event, parameters: Mapping[str, Any], changes: Changes) -> Event:
    """The event with these parameters over those of the preset. Raises BadParameters, BadJson, SealBroken."""
    kind = EVENT_TYPES[event.event_type_id]
    before = json.loads(changes.secrets.open(event).event_parameters or "{}")
    if not isinstance(before, dict):
        problem = FieldProblem("", "are the steps of a workflow", "a script without parameters of its own")
        raise BadParameters([problem], event_type=kind.wire_name)
    text = json.dumps({**before, **parameters}, ensure_ascii=False)
    if len(text) > MAX_JSON_TEXT:
        problem = FieldProblem("", "are too long", f"at most {MAX_JSON_TEXT} characters of JSON")
        raise BadParameters([problem], event_type=kind.wire_name)
    parse_parameters(kind, text)
    return replace(event, event_parameters=changes.secrets.seal(kind.id, text))


def _tell(kind: Kind) -> Prepare:
    def prepare_to_tell(occasion: Occasion) -> CarryOut:
        if left_to_upstream(occasion.script):
            return lambda: 0
        script, seen = occasion.script, occasion.seen
        say = webhook_body if kind is Kind.WEBHOOK else words_of
        message = Message(kind, title_of(script, seen), say(script, occasion.extra, seen))

        def tell() -> int:
            enqueue(occasion.unit, script, seen.trigger, message)
            return 0

        return tell

    return prepare_to_tell


def _show(occasion: Occasion) -> CarryOut:
    script, seen = occasion.script, occasion.seen
    record = LiveReaction.model_construct(
        reaction=script.reaction,
        script_id=script.key,
        title=script.title,
        event=seen.trigger.event_name,
        camera_id=seen.trigger.camera_key,
        camera_name=seen.camera_name,
        trigger_uuid=seen.trigger.uuid,
        date=seen.trigger.occurred,
        users=json.loads(script.users),
    )

    def show() -> int:
        occasion.unit.told.append((LiveKind.REACTION, seen.trigger.device_key, record))
        return 0

    return show


_REACTIONS: Final[Mapping[str, Prepare]] = MappingProxyType(
    {
        catalogue.RUN_PRESET: _run_preset,
        catalogue.WEBHOOK: _tell(Kind.WEBHOOK),
        catalogue.TELEGRAM: _tell(Kind.TELEGRAM),
        catalogue.SHOW_CAMERA: _show,
        catalogue.SHOW_CAMERA_SIDEBAR: _show,
        catalogue.SOUND: _show,
    }
)
"""By the name in the catalogue; `notify` is what each does beside."""
