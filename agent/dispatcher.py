"""Takes what waits in the device's own store, starts each at most once per attempt, and writes its outcome."""

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from agent.actions import ACTIONS, traits_of
from agent.attempt import Attempt, Tools
from agent.errors import AlreadyActive, MicrophoneTaken
from agent.outcomes import Outcome, failure
from agent.parameters import parameters_of
from agent.running import MICROPHONE, ActionTraits, Parameters, Running, SinkKind, StopReason
from agent.tasks import TaskBag
from agent.upstream.custody import Custody
from presets_store.errors import CuelightError, Kind
from presets_store.protocol.agent_types import AgentType
from presets_store.protocol.errors import UnsupportedEventType
from presets_store.protocol.event_types import EVENT_TYPES, unsupported_reason
from presets_store.protocol.events import EventRecord
from presets_store.protocol.statuses import EventStatus
from presets_store.rules.commands import holder_name
from presets_store.rules.event import Event
from presets_store.services.wakeups import Wakeups, signalled

logger = logging.getLogger(__name__)

MAX_RUNNING = 32
"""Actions at once, and as many that coordinate others; more wait as Pending. Stops, ends and settings never wait."""

LOOK_EVERY = 30.0
"""Seconds between two looks without a wake-up: a safety net."""

RETRY_DELAYS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""Seconds between tries to write an outcome that the database would not take (a full disk, say)."""

AGENT_STOPS = "the agent stops"
"""Who ends what runs when the agent is stopped, as results tell it."""

GivesWay = Callable[[Event, int], Awaitable[str]]
"""Why an event whose sink another event has, by key, is rightly not carried out; "" when that is an error."""


class Dispatcher:
    """The only place where events of this device begin and end."""

    def __init__(
        self,
        tools: Tools,
        wakeups: Wakeups,
        device_key: int,
        *,
        boot_id: str,
        process_id: int,
        custody: Custody | None = None,
        gives_way: GivesWay | None = None,
    ) -> None:
        self._tools = tools
        self._custody = custody
        self._gives_way = gives_way
        self._events = tools.events
        self._clock = tools.clock
        self._wakeups = wakeups
        self._device_key = device_key
        self._boot_id = boot_id
        self._process_id = process_id
        self._holder = holder_name(device_key, AgentType.DEVICE, process_id)
        self._running: dict[int, Running] = {}
        self._asking: set[int] = set()
        self._tasks = TaskBag("action")
        self._stopping = False
        self._looked_last = asyncio.Event()

    def on(self, camera_id: str, kind: SinkKind) -> Running | None:
        """What runs of `kind` on the camera."""
        return next((item for item in self._running.values() if item.sink == (camera_id, kind)), None)

    def by_key(self, event_key: int) -> Running | None:
        """The event, while it runs."""
        return self._running.get(event_key)

    async def take(self, upstream: str, handed: EventRecord) -> Event:
        """Stores what `upstream` handed out; when it is free to run it begins at once, by the same transaction.

        Raises what `EventsService.accept` does.
        """
        ours = self._custody is None or self._custody.holds(handed.key)
        free = not self._stopping and self._has_room(traits_of(handed.event_type_id))
        if not (ours and free):
            return await self._events.accept(upstream, handed)
        await self._heed_new_names(handed.event_parameters)
        event, begun = await self._events.accept_and_begin(
            upstream, handed, holder=self._holder, boot_id=self._boot_id, process_id=self._process_id
        )
        if begun:
            running = self._entered(event)
            if self._stopping:  # since it was asked whether there is room
                running.stop.request(StopReason.SHUTDOWN, by=AGENT_STOPS)
            self._start(event, running)
        return event

    async def run(self) -> None:
        """Until cancelled: starts what is free to run, whenever something may be. After `stop` nothing is started."""
        try:
            with self._wakeups.listening(self._device_key) as signal:
                while not self._stopping:
                    signal.clear()
                    await self._look()
                    await signalled(signal, self._clock, LOOK_EVERY)
                await self._look()
        finally:
            self._looked_last.set()
        await asyncio.Event().wait()  # a system task must not end by itself

    async def stop(self, timeout: float) -> None:
        """Asks every action to stop because the agent does; returns when they have, or after `timeout` seconds.

        Stops that were accepted before are carried out first: else what they are to end would go on after the restart.
        """
        self._stopping = True
        self._wakeups.wake(self._device_key)
        await self._looked_last.wait()
        for running in list(self._running.values()):
            running.stop.request(StopReason.SHUTDOWN, by=AGENT_STOPS)
        await self._tasks.drain(timeout)

    async def _look(self) -> None:
        """Starts what is free to run, in order: an action has its sink before a later one looks for it."""
        try:
            waiting = [event for event in await self._events.pending(self._device_key) if self._has_room_for(event)]
            await self._heed_new_names(*(event.event_parameters for event in waiting))
        except CuelightError as error:  # what runs goes on; the next look may find the store well again
            logger.error("the store cannot be read now: %s", error, extra={"code": error.code})
            return
        for event in self._ours(waiting):
            if self._has_room_for(event):
                await self._launch(event)

    async def _heed_new_names(self, *parameters: str) -> None:
        if any("camera" in each.casefold() for each in parameters):
            await self._tools.cameras.renamed()

    def _ours(self, waiting: Sequence[Event]) -> list[Event]:
        """Those that may begin. Where the upstream may have taken one back meanwhile it is asked, and what would end
        that one waits behind it; nothing else does.
        """
        custody, ours, uncertain = self._custody, list[Event](), False
        for event in waiting:
            ends_others = traits_of(event.event_type_id).ends_others
            if custody is None or ends_others or custody.cleared(event):
                if not (ends_others and uncertain):
                    ours.append(event)
                continue
            uncertain = True
            if event.key not in self._asking:
                self._asking.add(event.key)
                self._tasks.start(self._ask(event, custody))
        return ours

    async def _ask(self, event: Event, custody: Custody) -> None:
        try:
            if await custody.taken_back(event):
                logger.warning("the upstream has taken an event back; it does not begin", extra={"event": event.key})
                await self._events.take_back(event.key)
            else:
                self._wakeups.wake(self._device_key)
        except CuelightError as error:  # the store; the next look asks again
            logger.error("a taken back event stays: %s", error, extra={"event": event.key, "code": error.code})
        finally:
            self._asking.discard(event.key)

    def _has_room_for(self, event: Event) -> bool:
        return event.key not in self._running and self._has_room(traits_of(event.event_type_id))

    def _has_room(self, traits: ActionTraits) -> bool:
        if self._stopping:
            return traits.ends_others
        return traits.immediate or self._in_use(traits.coordinates) < MAX_RUNNING

    def _in_use(self, coordinates: bool) -> int:
        return sum(running.takes_place and running.coordinates is coordinates for running in self._running.values())

    async def _launch(self, event: Event) -> None:
        """Claims the event (Processing, attempt counted, durable) and starts it; a refused claim is not ours to run."""
        running = self._entered(event)
        try:
            event = await self._events.begin(
                event.key, holder=self._holder, boot_id=self._boot_id, process_id=self._process_id
            )
        except CuelightError as refused:
            level = logging.WARNING if refused.kind is Kind.UNAVAILABLE else logging.INFO
            logger.log(level, "event is not started: %s", refused, extra={"event": event.key, "code": refused.code})
            del self._running[event.key]
            return
        self._start(event, running)

    def _entered(self, event: Event) -> Running:
        traits = traits_of(event.event_type_id)
        running = self._running[event.key] = Running(event.key, traits.coordinates, takes_place=not traits.immediate)
        return running

    def _start(self, event: Event, running: Running) -> None:
        prepared = self._prepare(event, running)
        self._tasks.start(self._perform(event, running, prepared))

    async def _perform(self, event: Event, running: Running, prepared: Parameters | CuelightError) -> None:
        try:
            if isinstance(prepared, CuelightError):
                outcome: Outcome | None = await self._refuse(event, prepared)
            else:
                outcome = await self._act(event, running, prepared)
            if outcome is not None:
                await self._settle(event, outcome)
        finally:
            full = self._in_use(running.coordinates) >= MAX_RUNNING
            del self._running[event.key]
            running.ended.set()
            if full:
                self._wakeups.wake(self._device_key)

    async def _refuse(self, event: Event, error: CuelightError) -> Outcome:
        """What becomes of an event that cannot be carried out."""
        if isinstance(error, AlreadyActive) and self._gives_way is not None:
            note = await self._gives_way(event, error.event_key)
            if note:
                return Outcome(EventStatus.CANCELLED, {"note": note})
        return failure(error)

    def _prepare(self, event: Event, running: Running) -> Parameters | CuelightError:
        """The event's parameters, its sink reserved; why it cannot be carried out."""
        name = EVENT_TYPES[event.event_type_id].wire_name
        logger.info("%s begins", name, extra={"event": event.key, "attempt": event.attempt_number})
        action = ACTIONS.get(event.event_type_id)
        try:
            if action is None:
                raise UnsupportedEventType(event_type=name, reason=unsupported_reason(event.event_type_id))
            parameters = parameters_of(self._events.opened(event))
            if action.traits.sink is not None:
                running.sink = self._free_sink(action.traits.sink, parameters)
        except CuelightError as error:
            return error
        return parameters

    def _free_sink(self, kind: SinkKind, parameters: Parameters) -> tuple[str, SinkKind]:
        """Raises AlreadyActive, CameraUnknown."""
        if kind is SinkKind.SOUND:
            recording = self.on(MICROPHONE, kind)
            if recording is not None:
                raise MicrophoneTaken(event=recording.event_key)
            return MICROPHONE, kind
        camera = self._tools.cameras.pick(parameters)
        other = self.on(camera.camera_id, kind)
        if other is not None:
            raise AlreadyActive(kind=kind, camera=camera.name, event=other.event_key)
        return camera.camera_id, kind

    async def _act(self, event: Event, running: Running, parameters: Parameters) -> Outcome | None:
        """Runs the action; every way it may end becomes an outcome, None for one that only the next start knows."""
        name = EVENT_TYPES[event.event_type_id].wire_name
        attempt = Attempt(event, name, self._tools, self, running, self._start_store)
        return await attempt.run(ACTIONS[event.event_type_id], parameters)

    async def _settle(self, event: Event, outcome: Outcome) -> None:
        """Writes the outcome with its report; keeps trying, because what happened must not be lost."""
        for number in itertools.count():
            try:
                await self._write(event, outcome)
            except CuelightError as error:
                if error.kind is not Kind.UNAVAILABLE:
                    logger.error("outcome refused: %s", error, extra={"event": event.key, "code": error.code})
                    return
                delay = RETRY_DELAYS[min(number, len(RETRY_DELAYS) - 1)]
                logger.error("outcome not stored yet: %s; again in %s s", error, delay, extra={"event": event.key})
                await self._clock.sleep(delay)
            else:
                return

    async def _write(self, event: Event, outcome: Outcome) -> None:
        if outcome.interrupted and traits_of(event.event_type_id).resumable:
            after = await self._events.interrupt(event.key, event.attempt_number, outcome.text)
        else:
            after = await self._events.finish(event.key, event.attempt_number, outcome.status, outcome.text)
        status = after.event_status.wire_name
        level = logging.WARNING if outcome.status is EventStatus.ERROR else logging.INFO
        name = EVENT_TYPES[event.event_type_id].wire_name
        logger.log(level, "%s ends as %s: %s", name, status, outcome.summary, extra={"event": event.key})

    def _start_store(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.start(work)
