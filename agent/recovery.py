"""At each start: what becomes of the events that were Processing when the agent last ended.

Nothing of an earlier agent runs any more when this is called: its hosts have ended and the media folder is reconciled.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent.actions import traits_of
from agent.media import MediaLibrary
from agent.outcomes import Outcome, complete, interrupted, stopped
from agent.parameters import parameters_of
from agent.running import Result, StopReason
from presets_store.errors import CuelightError
from presets_store.protocol.statuses import EventStatus
from presets_store.rules.event import Event
from presets_store.services.events import EventsService

logger = logging.getLogger(__name__)

CameraOf = Callable[[Event], str | None]
"""The id of the camera that an event's parameters mean; None when they mean none that exists."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason`: STOPPED or ENDED when somebody had asked for the end (`by`), None when it was only cut off."""

    event: Event
    reason: StopReason | None = None
    by: str = ""


def judge(unfinished: Sequence[Event], camera_of: CameraOf) -> list[Verdict]:
    """What each event that was cut off (Processing) deserves: pure.

    A stop that had been accepted, begun or not, is carried out on what it was to end: else that would go on in a new
    attempt. One that still waits is left to the dispatcher, which will find nothing to end.
    """
    stops = [
        event for event in unfinished if traits_of(event.event_type_id).ends_others and event.event_status in _ASKED
    ]
    cut_off = [event for event in unfinished if event.event_status is EventStatus.PROCESSING]
    return [_verdict(event, stops, camera_of) for event in cut_off]


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
        return StopReason.ENDED if _named_event(stop) == event.key else None
    began_before = event.started <= (stop.started or stop.created)
    if traits_of(event.event_type_id).sink is kind and began_before and camera_of(stop) == camera_of(event):
        return StopReason.STOPPED
    return None


def _named_event(stop: Event) -> int | None:
    try:
        named = parameters_of(stop).get("eventID")
    except CuelightError:
        return None
    return named if isinstance(named, int) else None


class Recovery:
    """Carries the verdicts out."""

    def __init__(self, events: EventsService, media: MediaLibrary, device_key: int, camera_of: CameraOf) -> None:
        self._events = events
        self._media = media
        self._device_key = device_key
        self._camera_of = camera_of

    async def run(self) -> int:
        """Ends or re-queues every event that was cut off; answers how many there were."""
        verdicts = judge(await self._events.unfinished(self._device_key), self._camera_of)
        for verdict in verdicts:
            await self._carry_out(verdict)
        return len(verdicts)

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
        """The clips that the event has made."""
        clips = await self._media.clips_of(event)
        return {"clips": clips, "seconds": round(sum(clip["seconds"] for clip in clips), 3)} if clips else {}
