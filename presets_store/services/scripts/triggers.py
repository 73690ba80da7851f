"""Where triggers enter: what a camera saw, or an integration module tells, and what scripts make of it."""

import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, or_

from presets_store.clock import Clock
from presets_store.errors import CuelightError, Kind
from presets_store.ids import uuid7
from presets_store.protocol.errors import FieldProblem, FieldsError
from presets_store.protocol.live import LiveKind
from presets_store.protocol.scripts.inbound import InboundEvent, LiveTrigger, ScriptOutcome, TriggerAnswer
from presets_store.rules.permissions import Permission
from presets_store.rules.scripts.catalogue import CatalogueEvent
from presets_store.rules.scripts.matching import COOLDOWN, OTHER_CAMERA, MatchedTrigger, decide, matched
from presets_store.rules.scripts.placeholders import common_values
from presets_store.services.caller import Caller
from presets_store.services.changes import Changes
from presets_store.services.reach import in_reach, require_reach
from presets_store.services.scripts.bounds import BOUNDS, Bounds, Pruning
from presets_store.services.scripts.catalogue import event_named, event_with_id
from presets_store.services.scripts.reactions import Occasion, notify, prepare
from presets_store.services.scripts.telling import Seen
from presets_store.services.targets import require_device
from presets_store.services.unit import Unit, Units
from presets_store.storage.cameras import cameras_where, get_camera
from presets_store.storage.records import Camera
from presets_store.storage.scripts.decisions import (
    add_decisions,
    claim_firing,
    count_reasons,
    decisions_of_trigger,
    last_firings,
)
from presets_store.storage.scripts.records import Decision, Script, Trigger
from presets_store.storage.scripts.scripts import scripts_of_event
from presets_store.storage.scripts.triggers import (
    add_trigger,
    find_trigger,
    keep_image,
    note_fired,
    trigger_known_as,
)
from presets_store.storage.tables import cameras

logger = logging.getLogger(__name__)

FIRED: Final = "fired"
NOT: Final = "not"
FAILED: Final = "failed"
"""The outcomes of a decision. `failed`: the reaction could not be carried out; the users are told all the same."""

TOO_OLD: Final = "too_old"
OLDEST: Final = 3_600_000_000
"""Microseconds after which nothing is done any more about what happened: a module that sends what gathered while it
had no line makes no recordings of now.
"""

_SECOND: Final = 1_000_000
_KEY: Final = re.compile(r"[0-9]{1,18}", re.ASCII)


class BadTrigger(FieldsError):
    """What was told names an event or a camera that there is not, or a picture that is none."""

    code = "bad_trigger"
    kind = Kind.UNPROCESSABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTrigger:
    """What happened at a camera. `event`: by name or id. `occurred_us`: Unix epoch microseconds, 0 for now.

    `uuid`: "" for a new one. `source`: who tells; `external_id`: its own name for it, "" for none. By either a repeat
    is known. `image`: a JPEG that was looked at (`protocol.scripts.jpeg`).
    """

    event: str | int
    camera_key: int
    occurred_us: int = 0
    attributes: Mapping[str, Any] = field(default_factory=dict)
    image: bytes | None = None
    uuid: str = ""
    source: str = ""
    external_id: str = ""


class TriggersService:
    """All that a trigger causes is one transaction with it: events, deliveries, decisions, counters."""

    def __init__(self, units: Units, changes: Changes, clock: Clock, zone: ZoneInfo, bounds: Bounds = BOUNDS) -> None:
        self._units = units
        self._changes = changes
        self._clock = clock
        self._zone = zone
        self._pruning = Pruning(bounds)
        self._complaints: dict[str, str] = {}

    async def enter(self, caller: Caller, new: NewTrigger) -> TriggerAnswer:
        """What the scripts of the event make of it; a repeat answers what was decided first, and changes nothing.

        Raises Forbidden unless the caller may run events on the camera's device, BadTrigger.
        """
        return await self._units.write(caller, lambda unit: self._enter(unit, new))

    async def tell(self, caller: Caller, body: InboundEvent, image: bytes | None) -> TriggerAnswer:
        """As `enter`, for what an integration module tells; its repeats are known by its access key, or its user."""

        def tell(unit: Unit) -> TriggerAnswer:
            camera = _camera_called(unit.connection, caller, body.camera)
            new = NewTrigger(
                event=body.event,
                camera_key=camera.key,
                occurred_us=body.occurred_at,
                attributes=body.attributes,
                image=image,
                source=sender_of(caller),
                external_id=body.external_id,
            )
            return self._enter(unit, new)

        return await self._units.write(caller, tell)

    def _enter(self, unit: Unit, new: NewTrigger) -> TriggerAnswer:
        camera = get_camera(unit.connection, new.camera_key)
        if camera is None:
            raise _no_camera()
        require_reach(unit.connection, unit.caller, Permission.RUN, camera.device_key)
        event = _event_called(unit.connection, new.event)
        trigger = add_trigger(unit.connection, self._trigger(unit, new, event, camera))
        if trigger is None:
            return _answered_before(unit.connection, new)
        outcomes = self._look(unit, self.seen(unit, trigger, event, camera, new.attributes))
        image = new.image if any(each.outcome != NOT for each in outcomes) else None
        if image:  # it goes with what is told; of the many at which nothing fired none is kept
            keep_image(unit.connection, trigger.key, image)
        self._pruning.entered(unit.connection, len(image or b""))
        return TriggerAnswer(id=trigger.uuid, scripts=outcomes)

    def _trigger(self, unit: Unit, new: NewTrigger, event: CatalogueEvent, camera: Camera) -> Trigger:
        return Trigger(
            uuid=new.uuid or uuid7(self._clock.now()),
            event_name=event.name,
            device_key=camera.device_key,
            camera_key=camera.key,
            source=new.source,
            external_id=new.external_id,
            occurred=min(new.occurred_us or unit.now, unit.now),  # its sender's clock may be ahead
            received=unit.now,
            clock_quality=self._clock.quality().value,
            attributes=json.dumps(dict(new.attributes), ensure_ascii=False),
        )

    def seen(
        self, unit: Unit, trigger: Trigger, event: CatalogueEvent, camera: Camera, attributes: Mapping[str, Any]
    ) -> Seen:
        """What scripts look at. Of the attributes only plain values can stand for placeholders."""
        device = require_device(unit.connection, camera.device_key)
        camera_name, device_name = camera.name or camera.camera_id, device.device_name or device.serial_number
        common = common_values(
            event=event.name,
            camera=camera_name,
            device=device_name,
            script="",
            occurred_us=trigger.occurred,
            zone=self._zone,
        )
        told = {name: value for name, value in attributes.items() if not isinstance(value, dict | list)}
        return Seen(
            trigger=trigger,
            camera_name=camera_name,
            device_name=device_name,
            event_description=event.description,
            values={**told, **common},
        )

    def _look(self, unit: Unit, seen: Seen) -> list[ScriptOutcome]:
        """What each script decides, carried out, stored and counted.

        Those of other cameras are only counted: in a fleet these are nearly all.
        """
        connection, trigger = unit.connection, seen.trigger
        scripts = scripts_of_event(connection, trigger.event_name)
        firings = last_firings(connection, [script.uuid for script in scripts], trigger.camera_key)
        made = [(script, self._decided(unit, script, seen, firings.get(script.uuid, 0))) for script in scripts]
        if made:
            count_reasons(connection, [(script.uuid, each.reason or each.outcome) for script, each in made])
        asked = [(script, each) for script, each in made if each.reason != OTHER_CAMERA]
        if asked:
            add_decisions(connection, [each for _, each in asked])
        for script, _ in asked:
            self._pruning.decided(connection, script.uuid)
        self._note(unit, trigger, [script for script, each in asked if each.outcome == FIRED])
        return [_outcome(script, each) for script, each in asked]

    def _note(self, unit: Unit, trigger: Trigger, fired: Sequence[Script]) -> None:
        if fired:
            untold = any(script.upstream for script in fired)
            note_fired(unit.connection, trigger.key, len(fired), 0 if untold else unit.now)
            unit.told.append((LiveKind.TRIGGER, trigger.device_key, _live(trigger, len(fired))))

    def _decided(self, unit: Unit, script: Script, seen: Seen, last_fired: int) -> Decision:
        outcome, reason, event_key = self._considered(unit, script, seen, last_fired)
        return Decision(
            script_uuid=script.uuid,
            trigger_uuid=seen.trigger.uuid,
            camera_key=seen.trigger.camera_key,
            decided=unit.now,
            outcome=outcome,
            reason=reason,
            event_key=event_key,
        )

    def _considered(self, unit: Unit, script: Script, seen: Seen, last_fired: int) -> tuple[str, str, int]:
        trigger = seen.trigger
        told = MatchedTrigger(trigger.event_name, trigger.camera_key, trigger.occurred)
        decision = decide(matched(script), told, unit.now, self._zone, last_fired)
        if not decision.fired:
            return NOT, decision.reason, 0
        if unit.now - trigger.occurred > OLDEST:
            return NOT, TOO_OLD, 0
        return self._carried_out(Occasion(unit, self._changes, script, seen))

    def _carried_out(self, occasion: Occasion) -> tuple[str, str, int]:
        unit, script = occasion.unit, occasion.script
        try:
            carry_out = prepare(occasion)
        except CuelightError as refused:
            self._complain(script, refused)
            notify(occasion)
            return FAILED, refused.code, 0
        event_key = 0
        if carry_out is not None:
            cooldown = script.cooldown_seconds * _SECOND
            if not claim_firing(unit.connection, script.uuid, occasion.seen.trigger.camera_key, unit.now, cooldown):
                return NOT, COOLDOWN, 0
            event_key = carry_out()
        notify(occasion)
        return FIRED, "", event_key

    def _complain(self, script: Script, refused: CuelightError) -> None:
        """Once, and not at each of the triggers that follow."""
        if self._complaints.get(script.uuid) != refused.message:
            self._complaints[script.uuid] = refused.message
            logger.warning("the reaction of script %d cannot be carried out: %s", script.key, refused)


def sender_of(caller: Caller) -> str:
    """By whom repeats are told apart: an access key, or the user of a session, whose next one has another name."""
    user = caller.principal.user_key
    return f"user:{user}" if user and caller.name.startswith("session:") else caller.name


def _answered_before(connection: Connection, new: NewTrigger) -> TriggerAnswer:
    known = find_trigger(connection, new.uuid) or trigger_known_as(connection, new.source, new.external_id)
    if known is None:
        raise LookupError("a trigger that is there already cannot be found")
    decisions = {decision.script_uuid: decision for decision in decisions_of_trigger(connection, known.uuid)}
    scripts = scripts_of_event(connection, known.event_name)
    outcomes = [_outcome(script, decisions[script.uuid]) for script in scripts if script.uuid in decisions]
    return TriggerAnswer(id=known.uuid, scripts=outcomes)


def _live(trigger: Trigger, fired: int) -> LiveTrigger:
    return LiveTrigger.model_construct(
        trigger_uuid=trigger.uuid,
        event=trigger.event_name,
        camera_id=trigger.camera_key,
        date=trigger.occurred,
        fired=fired,
    )


def _outcome(script: Script, decision: Decision) -> ScriptOutcome:
    return ScriptOutcome(id=script.key, outcome=decision.outcome, reason=decision.reason)


def _event_called(connection: Connection, name: str | int) -> CatalogueEvent:
    """By id, else by name. Raises BadTrigger."""
    found = event_with_id(connection, _number(str(name))) or event_named(connection, str(name))
    if found is None:
        right = "one that GET /api/v1/basic-configurations shows"
        raise BadTrigger([FieldProblem("event", "is not in the catalogue", right)])
    return found


def _camera_called(connection: Connection, caller: Caller, name: str) -> Camera:
    """A camera in the caller's reach: by key, else by name or camera id. Raises BadTrigger, Forbidden."""
    caller.principal.require(Permission.RUN)
    within = in_reach(caller, cameras.c.device_key)
    called = cameras_where(connection, cameras.c.key == _number(name), within)
    called = called or cameras_where(connection, or_(cameras.c.name == name, cameras.c.camera_id == name), within)
    if len(called) > 1:
        raise BadTrigger([FieldProblem("camera", "is the name of several cameras", "the key of one of them")])
    if not called:
        raise _no_camera()
    return called[0]


def _number(text: str) -> int:
    """The key that a text is; 0 for none."""
    return int(text) if _KEY.fullmatch(text) else 0


def _no_camera() -> BadTrigger:
    right = "the key, name or camera id of one that is within reach"
    return BadTrigger([FieldProblem("camera", "is not known", right)])
