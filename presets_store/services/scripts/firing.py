"""What fired on devices, told to their hub: noted once, and what only the hub can do about it done then."""

import base64
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import uuid4

from presets_store.delivery.outbox import Kind
from presets_store.errors import CuelightError
from presets_store.protocol.scripts.jpeg import jpeg_problem
from presets_store.protocol.scripts.mirroring import FiredScript, FiredTrigger
from presets_store.rules.permissions import Permission
from presets_store.rules.scripts.catalogue import RUN_PRESET, SHOW_CAMERA, SHOW_CAMERA_SIDEBAR, SOUND, CatalogueEvent
from presets_store.services.caller import Caller
from presets_store.services.changes import Changes
from presets_store.services.reach import reached_device_locked
from presets_store.services.scripts.bounds import BOUNDS, Bounds, Pruning
from presets_store.services.scripts.catalogue import event_named
from presets_store.services.scripts.mirroring import LEFT_TO_HUB, concerns
from presets_store.services.scripts.reactions import Occasion, notify, prepare
from presets_store.services.scripts.triggers import FAILED, FIRED, TriggersService
from presets_store.services.unit import Unit, Units
from presets_store.storage.cameras import list_cameras
from presets_store.storage.records import Camera
from presets_store.storage.scripts.decisions import add_decision, claim_firing, last_firings
from presets_store.storage.scripts.deliveries import add_delivery
from presets_store.storage.scripts.mirror import own_script
from presets_store.storage.scripts.records import Decision, Delivery, DeliveryStatus, Trigger
from presets_store.storage.scripts.triggers import add_trigger, keep_image

logger = logging.getLogger(__name__)

LATE: Final = "late"
"""Why a reaction of the hub is left out although the script fired: it was told too long afterwards."""
SHOWN_WITHIN: Final = 60_000_000
RUN_WITHIN: Final = 300_000_000
"""Microseconds from the trigger within which the hub shows a camera, and runs a preset of another device."""

_SHOWN: Final = frozenset({SHOW_CAMERA, SHOW_CAMERA_SIDEBAR, SOUND})


class FiringService:
    """The hub's side. A repeat changes nothing: a trigger is known by its uuid."""

    def __init__(self, units: Units, changes: Changes, triggers: TriggersService, bounds: Bounds = BOUNDS) -> None:
        self._units = units
        self._changes = changes
        self._triggers = triggers
        self._pruning = Pruning(bounds)

    async def take(self, caller: Caller, device_key: int, told: Sequence[FiredTrigger]) -> None:
        """All of them, or none. Scripts that do not concern the device, or are gone, are passed over.

        Raises NotFound, Forbidden.
        """

        def take(unit: Unit) -> None:
            reached_device_locked(unit.connection, caller, Permission.REPORT, device_key)
            cameras = {camera.camera_id: camera for camera in list_cameras(unit.connection, device_key)}
            for each in told:
                self._take(unit, each, cameras, device_key)

        await self._units.write(caller, take)

    def _take(self, unit: Unit, told: FiredTrigger, cameras: Mapping[str, Camera], device_key: int) -> None:
        camera = cameras.get(told.camera_id) or _no_camera(device_key, told)
        found = [(fired, own_script(unit.connection, str(fired.script_uuid))) for fired in told.scripts]
        scripts = [
            (fired, script) for fired, script in found if script is not None and concerns(script, cameras.values())
        ]
        if not scripts:
            return
        image = _image(told)
        trigger = add_trigger(unit.connection, _trigger(unit, told, camera, len(scripts), image=bool(image)))
        if trigger is None:
            return
        if image:
            keep_image(unit.connection, trigger.key, image)
        event = event_named(unit.connection, told.event_name) or _forgotten(told.event_name)
        seen = self._triggers.seen(unit, trigger, event, camera, _attributes(told))
        for fired, script in scripts:
            self._follow(Occasion(unit, self._changes, script, seen), fired)
        self._pruning.entered(unit.connection, len(image))

    def _follow(self, occasion: Occasion, fired: FiredScript) -> None:
        """Notes that the script fired there, and does the rest here."""
        unit, script, trigger = occasion.unit, occasion.script, occasion.seen.trigger
        if last_firings(unit.connection, [script.uuid], trigger.camera_key).get(script.uuid, 0) < fired.decided_date:
            claim_firing(unit.connection, script.uuid, trigger.camera_key, fired.decided_date, 0)
        outcome, reason, event_key = _rest(occasion, carried_out=bool(fired.carried_out))
        decision = Decision(
            script_uuid=script.uuid,
            trigger_uuid=trigger.uuid,
            camera_key=trigger.camera_key,
            decided=fired.decided_date,
            outcome=outcome,
            reason=reason,
            event_key=event_key,
        )
        self._pruning.decided(unit.connection, script.uuid)
        add_decision(unit.connection, decision)
        _notify_others(occasion, fired)


def _rest(occasion: Occasion, *, carried_out: bool) -> tuple[str, str, int]:
    """What of the reaction is the hub's: outcome, reason, and the key of the event that it made."""
    reaction, age = occasion.script.reaction, occasion.unit.now - occasion.seen.trigger.occurred
    if reaction in _SHOWN:
        due, late = age <= SHOWN_WITHIN, False  # the device has shown it to those who listen there
    elif reaction == RUN_PRESET and not carried_out:
        due, late = age <= RUN_WITHIN, age > RUN_WITHIN
    else:
        due, late = reaction in LEFT_TO_HUB, False
    if not due:
        return FIRED, LATE if late else "", 0
    try:
        carry_out = prepare(occasion)
    except CuelightError as refused:
        logger.warning("the reaction of script %d cannot be carried out: %s", occasion.script.key, refused)
        return FAILED, refused.code, 0
    return FIRED, "", carry_out() if carry_out is not None else 0


def _notify_others(occasion: Occasion, fired: FiredScript) -> None:
    """Whom the device has told is not told again, by no channel."""
    unit, script, trigger = occasion.unit, occasion.script, occasion.seen.trigger
    users: list[int] = json.loads(script.users)
    for told in fired.told:
        if told.user_id in users:
            sent = Delivery(
                uuid=str(uuid4()),
                kind=Kind.NOTIFY.value,
                script_uuid=script.uuid,
                trigger_uuid=trigger.uuid,
                user_key=told.user_id,
                channel_uuid=str(told.channel_uuid),
                status=DeliveryStatus.SENT,
                created=unit.now,
                sent=told.sent_date or trigger.occurred,
                result="sent by the device",
            )
            add_delivery(unit.connection, sent)
    known = {told.user_id for told in fired.told}
    notify(replace(occasion, script=replace(script, users=json.dumps([user for user in users if user not in known]))))


def _trigger(unit: Unit, told: FiredTrigger, camera: Camera, fired: int, *, image: bool) -> Trigger:
    return Trigger(
        uuid=str(told.trigger_uuid),
        event_name=told.event_name,
        device_key=camera.device_key,
        camera_key=camera.key,
        source=f"device:{camera.device_key}",
        occurred=min(told.occurred_date, unit.now),
        received=unit.now,
        clock_quality=told.clock_quality,
        attributes=json.dumps(_attributes(told), ensure_ascii=False),
        image=image,
        fired=fired,
        told=unit.now,
    )


def _image(told: FiredTrigger) -> bytes:
    """The picture; b"" without one, or when it is none that could be shown."""
    try:
        image = base64.b64decode(told.image, validate=True)
    except ValueError:
        return b""
    return b"" if not image or jpeg_problem(image) else image


def _attributes(told: FiredTrigger) -> Mapping[str, Any]:
    try:
        attributes = json.loads(told.attributes or "{}")
    except (ValueError, RecursionError):
        return {}
    return attributes if isinstance(attributes, dict) else {}


def _no_camera(device_key: int, told: FiredTrigger) -> Camera:
    """Stands for one that the device does not have any more."""
    return Camera(device_key=device_key, camera_index=0, camera_id=told.camera_id, name=told.camera_id)


def _forgotten(name: str) -> CatalogueEvent:
    """Stands for an event that is in the catalogue no more."""
    return CatalogueEvent(id=0, name=name, description="", color="", analytic_type="")
