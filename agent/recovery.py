"""At each start: what becomes of the events that were Processing when the agent last ended.

Nothing of an earlier agent runs any more when this is called: its hosts have ended and the media folder is reconciled.
"""

import contextlib
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from agent.actions import traits_of
from agent.box.aftermath import REBOOT, RESTART, aftermath
from agent.cameras import Cameras
from agent.media.library import MediaLibrary
from agent.outcomes import Outcome, complete, interrupted, stopped
from agent.parameters import parameters_of
from agent.running import Result, SinkKind, StopReason
from agent.update.following import UPDATE
from presets_store.errors import CuelightError
from presets_store.protocol.statuses import EventStatus
from presets_store.rules.event import Event
from presets_store.rules.lifecycle import attempts_allowed
from presets_store.rules.workflow import workflow_of
from presets_store.services import Services
from presets_store.services.bindings import of_earlier_boot
from presets_store.services.caller import INSIDE
from presets_store.services.events import EventsService

logger = logging.getLogger(__name__)

CameraOf = Callable[[Event], str | None]
"""The id of the camera that an event's parameters mean; None when they mean none that exists."""

HOSTS_WITHIN = 10.0

_DONE = {REBOOT: "reboot", RESTART: "restart"}
_ENDING_US = (REBOOT, RESTART, UPDATE)

NEXT_START = "the next start of the device"
"""What ends an event that start-up fired in an earlier boot: its preset gets the camera for a run of its own."""


def _none(_: Event) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason`: STOPPED or ENDED when somebody had asked for the end (`by`), None when it was only cut off."""

    event: Event
    reason: StopReason | None = None
    by: str = ""


def judge(unfinished: Sequence[Event], camera_of: CameraOf, outlived: Callable[[Event], bool] = _none) -> list[Verdict]:
    """What each event that was cut off (Processing) deserves: pure. `outlived` ones are not gone on with.

    A stop that had been accepted, begun or not, is carried out on what it was to end: else that would go on in a new
    attempt. One that still waits is left to the dispatcher, which will find nothing to end. A workflow that was to end
    takes its steps with it.
    """
    stops = [
        event for event in unfinished if traits_of(event.event_type_id).ends_others and event.event_status in _ASKED
    ]
    cut_off = [event for event in unfinished if event.event_status is EventStatus.PROCESSING]
    verdicts = [
        Verdict(event, StopReason.ENDED, by=NEXT_START) if outlived(event) else _verdict(event, stops, camera_of)
        for event in cut_off
    ]
    ended = {verdict.event.uuid: verdict for verdict in verdicts if verdict.reason is StopReason.ENDED}
    return [_with_its_workflow(verdict, ended) for verdict in verdicts]


def orphans(unfinished: Sequence[Event], verdicts: Sequence[Verdict]) -> list[Event]:
    """Steps that wait although their workflow is over or ends now, and have never begun; those of one that was to end
    in any case: pure.
    """
    ended = {verdict.event.uuid for verdict in verdicts if verdict.reason is not None}
    lives = {event.uuid for event in unfinished if event.uuid not in ended and _may_go_on(event)}
    waiting = [event for event in unfinished if event.event_status is EventStatus.PENDING and workflow_of(event)]
    return [
        event
        for event in waiting
        if workflow_of(event) in ended or (workflow_of(event) not in lives and event.attempt_number == 0)
    ]


def _may_go_on(event: Event) -> bool:
    return event.event_status is not EventStatus.PROCESSING or event.attempt_number < attempts_allowed(event)


def _with_its_workflow(verdict: Verdict, ended: Mapping[str, Verdict]) -> Verdict:
    workflow = ended.get(workflow_of(verdict.event))
    return verdict if workflow is None else Verdict(verdict.event, StopReason.ENDED, by=workflow.by)


_ASKED = (EventStatus.PENDING, EventStatus.PROCESSING)


def _verdict(event: Event, stops: Sequence[Event], camera_of: CameraOf) -> Verdict:
    if event in stops:
        return Verdict(event, StopReason.STOPPED)
    for stop in stops:
        reason = _reason(stop, event, camera_of)
        if reason is not None:
            return Verdict(event, reason, by=f"event {stop.key}")
    return Verdict(event)


def _reason(stop: Event, event: Event, camera_of: CameraOf) -> StopReason | None:
    """Why `stop` ends `event`; None when it does not."""
    kind = traits_of(stop.event_type_id).ends
    if kind is None:
        return StopReason.ENDED if _names(stop, event) else None
    began_before = event.started <= (stop.started or stop.created)
    same = kind is SinkKind.SOUND or camera_of(stop) == camera_of(event)
    if traits_of(event.event_type_id).sink is kind and began_before and same:
        return StopReason.STOPPED
    return None


def _names(stop: Event, event: Event) -> bool:
    """Whether `stop` names `event`, by the key that its sender knows."""
    try:
        named = parameters_of(stop).get("eventID")
    except CuelightError:
        return False
    if stop.upstream:
        return stop.upstream == event.upstream and named == event.remote_id is not None
    return bool(named == event.key)


class Recovery:
    """Carries the verdicts out."""

    def __init__(
        self,
        events: EventsService,
        media: MediaLibrary,
        device_key: int,
        camera_of: CameraOf,
        outlived: Callable[[Event], bool] = _none,
        *,
        boot_id: str = "",
    ) -> None:
        self._outlived = outlived
        self._boot_id = boot_id
        self.rebooting: list[Event] = []
        """After `run`: events whose reboot may still come."""
        self._events = events
        self._media = media
        self._device_key = device_key
        self._camera_of = camera_of

    async def run(self) -> int:
        """Ends or re-queues every event that was cut off; answers how many there were."""
        unfinished = await self._after_power(await self._events.unfinished(self._device_key))
        unfinished = await self._without_outlived(unfinished)
        verdicts = judge(unfinished, self._camera_of, self._outlived)
        for step in orphans(unfinished, verdicts):
            await self._events.end(INSIDE, step.key)
            logger.warning("a step is not started, its workflow is over", extra={"event": step.key})
        for verdict in verdicts:
            if verdict.reason is StopReason.ENDED:
                await self._end_elsewhere(verdict.event)
            await self._carry_out(verdict)
        return len(verdicts)

    async def _after_power(self, unfinished: Sequence[Event]) -> list[Event]:
        """Ends what this start itself is the outcome of; the others."""
        others = []
        for event in unfinished:
            if event.event_type_id not in _ENDING_US or event.event_status is not EventStatus.PROCESSING:
                others.append(event)
                continue
            if event.event_type_id == UPDATE:
                continue  # agent.update.following waits for its outcome
            outcome = aftermath(event, self._boot_id, os.getpid())
            if outcome is None:
                self.rebooting.append(event)
                continue
            await self._events.finish(event.key, event.attempt_number, outcome.status, outcome.text)
            logger.info("the %s that was asked for is done", _DONE[event.event_type_id], extra={"event": event.key})
        return others

    async def _without_outlived(self, unfinished: Sequence[Event]) -> list[Event]:
        """Cancels what waits although its time is over; the others."""
        waiting = [event for event in unfinished if event.event_status is EventStatus.PENDING and self._outlived(event)]
        for event in waiting:
            await self._events.end(INSIDE, event.key)
            logger.warning("an event is not begun any more, because of %s", NEXT_START, extra={"event": event.key})
        return [event for event in unfinished if event not in waiting]

    async def _end_elsewhere(self, workflow: Event) -> None:
        """Has other devices end the steps that they run of a workflow that was to end."""
        for step in await self._events.steps_of(workflow):
            if step.device_key != self._device_key and not step.terminal:
                await self._events.end(INSIDE, step.key)

    async def _carry_out(self, verdict: Verdict) -> None:
        event = verdict.event
        outcome = await self._outcome(verdict)
        if outcome.interrupted and traits_of(event.event_type_id).resumable:
            after = await self._events.interrupt(event.key, event.attempt_number, outcome.text)
        else:
            after = await self._events.finish(event.key, event.attempt_number, outcome.status, outcome.text)
        logger.warning(
            "an event was cut off and is now %s: %s",
            after.event_status.wire_name,
            outcome.summary,
            extra={"event": event.key, "attempt": event.attempt_number},
        )

    async def _outcome(self, verdict: Verdict) -> Outcome:
        event = verdict.event
        result = await self._so_far(event)
        if verdict.reason is None:
            return interrupted(event.attempt_number, "the agent ended while it ran", result)
        note = {"note": f"carried out at the restart of the agent ({verdict.by or 'after it was cut off'})"}
        if traits_of(event.event_type_id).ends_others:
            return complete(note)
        return stopped(verdict.reason, event.attempt_number, {**result, **note, "endedBy": verdict.by})

    async def _so_far(self, event: Event) -> Result:
        """The clips, photos or sounds that the event has made."""
        kind = traits_of(event.event_type_id).sink
        if kind in (SinkKind.PHOTOS, SinkKind.FRAMES):
            return (await self._media.photos_of(event)).told()
        if kind is SinkKind.SOUND:
            return {"audioClips": await self._media.sounds.of(event)}
        clips = await self._media.clips_of(event)
        return {"clips": clips, "seconds": round(sum(clip["seconds"] for clip in clips), 3)} if clips else {}


async def recover(services: Services, cameras: Cameras, media: MediaLibrary, boot_id: str) -> list[Event]:
    """Takes up what an earlier agent left: files first, then events. Waits until no host of it writes any more.

    Answers the events whose reboot may still come.
    """
    occupied = await cameras.occupied(HOSTS_WITHIN)
    if occupied:
        logger.error("no host could take camera %s yet; open segments of it stay as they are", ", ".join(occupied))
    changed = await media.reconcile(occupied)
    if changed:
        logger.warning("the media folder was reconciled: %s", changed)

    def camera_of(event: Event) -> str | None:
        with contextlib.suppress(CuelightError):
            return cameras.pick(parameters_of(event)).camera_id
        return None

    def outlived(event: Event) -> bool:
        return services.own is not None and of_earlier_boot(event, services.own, boot_id)

    recovery = Recovery(services.events, media, services.own_device.key, camera_of, outlived, boot_id=boot_id)
    await recovery.run()
    return recovery.rebooting
