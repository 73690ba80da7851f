"""What fired on this device because of scripts of its upstream, until that has heard of it."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from sqlalchemy import Connection

from presets_store.protocol.scripts.mirroring import MOST_TOLD, FiredScript, FiredTrigger, ToldUser
from presets_store.services.caller import INSIDE
from presets_store.services.scripts.reactions import left_to_upstream
from presets_store.services.unit import Unit, Units
from presets_store.storage.cameras import list_cameras
from presets_store.storage.scripts.mirror import being_sent, fired_at, leave_to_upstream, mirrored, sent_for, take_back
from presets_store.storage.scripts.records import Decision, Delivery, Script, Trigger
from presets_store.storage.scripts.triggers import image_of, mark_told, untold_triggers

BATCH_BYTES: Final = 600_000
"""Of a request, about; what is larger goes alone."""
LARGEST_IMAGE: Final = 500_000
"""Bytes of a picture that goes with its trigger."""
_AROUND: Final = 1000
"""Bytes of all the rest of one."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What to tell, in its order. `keys`: the triggers that this settles. `left`: deliveries that are the upstream's
    from now on.
    """

    told: list[FiredTrigger] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)


class UntoldService:
    """The device's side."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def waits(self) -> bool:
        """Whether there is anything to tell, or to settle."""
        return bool(await self._units.read(lambda connection: untold_triggers(connection, 1)))

    async def next(self, upstream: str, device_key: int, most: int = MOST_TOLD) -> Batch:
        """The oldest that the upstream has not heard of; not those because of which something is just being sent.

        What is still to be sent because of them is not sent from here any more, unless it is taken back.
        """

        def take(unit: Unit) -> Batch:
            batch = _batch(unit, upstream, device_key, most)
            uuids = [str(each.trigger_uuid) for each in batch.told]
            return replace(batch, left=leave_to_upstream(unit.connection, uuids))

        return await self._units.write(INSIDE, take)

    async def settle(self, keys: Sequence[int]) -> None:
        """The upstream has heard of these, or will never take them."""
        await self._units.write(INSIDE, lambda unit: mark_told(unit.connection, keys, unit.now))

    async def take_back(self, keys: Sequence[int]) -> None:
        """The upstream has certainly not heard of them: these deliveries are ours again."""
        if keys:
            await self._units.write(INSIDE, lambda unit: take_back(unit.connection, keys))


def _batch(unit: Unit, upstream: str, device_key: int, most: int) -> Batch:
    connection = unit.connection
    found = untold_triggers(connection, most)
    uuids = [trigger.uuid for trigger in found]
    on_their_way = being_sent(connection, uuids, unit.now)
    fired, sent = fired_at(connection, uuids, upstream), sent_for(connection, uuids)
    scripts = {script.uuid: script for script in mirrored(connection, Script, upstream)}
    cameras = {camera.key: camera.camera_id for camera in list_cameras(connection, device_key)}
    batch, size = Batch(), 0
    for trigger in found:
        if trigger.uuid in on_their_way:
            break
        decisions = [decision for decision in fired if decision.trigger_uuid == trigger.uuid]
        if decisions:
            image = _image(connection, trigger)
            size += len(image) + len(trigger.attributes) + _AROUND
            if size > BATCH_BYTES and batch.told:
                break
            told = [_script(scripts[decision.script_uuid], decision, sent) for decision in decisions]
            batch.told.append(_trigger(trigger, cameras.get(trigger.camera_key, ""), image, told))
        batch.keys.append(trigger.key)
    return batch


def _image(connection: Connection, trigger: Trigger) -> str:
    """In base64; "" without one, or when it is too large to be sent."""
    image = (image_of(connection, trigger.uuid) or b"") if trigger.image else b""
    return base64.b64encode(image).decode() if len(image) <= LARGEST_IMAGE else ""


def _script(script: Script, decision: Decision, sent: Sequence[Delivery]) -> FiredScript:
    theirs = [
        delivery
        for delivery in sent
        if (delivery.trigger_uuid, delivery.script_uuid) == (decision.trigger_uuid, script.uuid)
        and delivery.channel_uuid
    ]
    return FiredScript(
        script_uuid=script.uuid,
        decided_date=decision.decided,
        carried_out=int(not left_to_upstream(script)),
        told=[ToldUser(user_id=each.user_key, channel_uuid=each.channel_uuid, sent_date=each.sent) for each in theirs],
    )


def _trigger(trigger: Trigger, camera_id: str, image: str, scripts: list[FiredScript]) -> FiredTrigger:
    return FiredTrigger(
        trigger_uuid=trigger.uuid,
        event_name=trigger.event_name,
        camera_id=camera_id,
        occurred_date=trigger.occurred,
        clock_quality=trigger.clock_quality,
        attributes=trigger.attributes,
        image=image,
        scripts=scripts,
    )
