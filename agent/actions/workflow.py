"""Workflow_Event_preset_workflow: runs its presets in order, each as an event of its own, and stops at the first error.

The steps' events are the memory: a step has one event, made at most once whatever is killed, and a new attempt goes on
from what they say.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ClassVar, TypeVar

from agent.actions.process import end_event
from agent.context import Context
from agent.errors import StepFailed, StepImpossible
from agent.running import ActionTraits, Failed, Parameters, Result, Running, Stopped, StopReason
from presets_store.errors import CuelightError, Kind
from presets_store.protocol.parameters import WORKFLOW
from presets_store.protocol.parameters.device import WorkflowStep
from presets_store.protocol.startup import StandalonePreset
from presets_store.protocol.statuses import EventStatus
from presets_store.rules.commands import AlreadyEnded
from presets_store.rules.event import Event
from presets_store.rules.workflow import goes_on, step_index
from presets_store.services.caller import INSIDE
from presets_store.services.wakeups import Signal
from presets_store.storage.records import Preset

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

TRY_AGAIN = 1.0
"""Seconds until the store is asked again when it could not be read or written."""

Stopping = asyncio.Future[StopReason]


class EventPresetWorkflow:
    """Its steps by the IDs of presets of this store, or with the whole presets in them."""

    traits: ClassVar = ActionTraits(resumable=True, coordinates=True)

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """Result: `{"steps": [...]}`, what became of each. Raises Failed at the first error, Stopped."""
        return await Workflow(context, parameters["steps"]).run()


class Workflow:
    """One attempt at a workflow."""

    def __init__(self, context: Context, steps: Sequence[WorkflowStep]) -> None:
        self._context = context
        self._steps = steps
        self._names: list[str] = []
        self._made: dict[int, Event] = {}

    async def run(self) -> Result:
        """Until its last step is done, or one fails, or it is stopped."""
        stopping = asyncio.ensure_future(self._context.stop.wait())
        try:
            await self._look_back()
            await self._check()
            for index in range(len(self._steps)):
                await self._step(index, stopping)
                self._context.progress(100 * (index + 1) / len(self._steps))
        finally:
            stopping.cancel()
        return self._result()

    async def _check(self) -> None:
        """Refuses a workflow with a step that cannot be started, before any is. Raises Failed."""
        wanted = {step.event_preset_id for step in self._steps if step.preset is None}
        known: dict[int, Preset] = await self._ask(lambda: self._context.events.presets(wanted))
        for index, step in enumerate(self._steps):
            preset: Preset | StandalonePreset | None = step.preset or known.get(step.event_preset_id)
            self._names.append(preset.event_preset_name if preset else "")
            if index in self._made:
                continue
            if step.preset is None and self._context.event.upstream:
                raise self._impossible(index, "its number is that of another store; give the whole preset")
            if preset is None:
                raise self._impossible(index, "there is no such preset")
            if preset.event_type_id == WORKFLOW:
                raise self._impossible(index, "it is a workflow itself; a workflow's steps must be other presets")

    async def _step(self, index: int, stopping: Stopping) -> None:
        """Runs one step until it is done. Raises Failed, Stopped."""
        await self._mind_stop()
        self._made[index] = self._made.get(index) or await self._start(index)
        self._made[index] = event = await self._follow(self._made[index], stopping)
        if event.terminal and event.event_status is not EventStatus.COMPLETE:
            await self._mind_stop()  # which may have stopped the step as well
            raise self._failed(index, event)

    async def _start(self, index: int) -> Event:
        step = self._steps[index]
        preset = step.preset or step.event_preset_id
        try:
            return await self._ask(
                lambda: self._context.events.child(self._context.event, index, preset, step.device_id)
            )
        except CuelightError as error:
            raise self._impossible(index, error.message) from error

    async def _follow(self, event: Event, stopping: Stopping) -> Event:
        """Waits until the step's event is done. Raises Stopped."""
        key = event.key
        with self._context.wakeups.listening(event.device_key) as news:
            while not stopping.done():
                news.clear()
                event = await self._ask(lambda: self._context.events.require(key))
                running = self._context.running.by_key(key)
                if self._is_done(event, running):
                    return event
                begun = [running.begun] if running is not None and not running.begun.is_set() else []
                await _first_of(stopping, news, *begun)
        await self._mind_stop()
        return event

    def _is_done(self, event: Event, running: Running | None) -> bool:
        """At its end; a step that goes on until it is stopped at its first frame, or once it runs by another agent."""
        if event.terminal:
            return True
        if event.event_status is not EventStatus.PROCESSING or not goes_on(event):
            return False
        elsewhere = event.holder != self._context.event.holder
        return elsewhere or (running is not None and running.begun.is_set())

    async def _mind_stop(self) -> None:
        """Raises Stopped when a stop was asked for, its steps ended; those a stop of the agent ends by itself."""
        reason = self._context.stop.reason
        if reason is None:
            return
        if reason is not StopReason.SHUTDOWN:
            for event in await self._look_back():
                await self._end(event)
            await self._look_back()
        raise Stopped(reason, {**self._result(), "endedBy": self._context.stop.by})

    async def _end(self, event: Event) -> None:
        """Ends one step: here at once, on another device as soon as that hears of it."""
        if event.terminal:
            return
        if event.device_key == self._context.event.device_key:
            await end_event(self._context, event)
        else:
            with contextlib.suppress(AlreadyEnded):
                await self._context.events.end(INSIDE, event.key)

    async def _look_back(self) -> list[Event]:
        """The steps' events so far, as they are now."""
        events = await self._ask(lambda: self._context.events.steps_of(self._context.event))
        self._made = {step_index(event): event for event in events}
        return events

    async def _ask(self, question: Callable[[], Awaitable[Answer]]) -> Answer:
        """What the store answers; one in trouble for a moment ends no workflow."""
        while True:
            try:
                return await question()
            except CuelightError as error:
                if error.kind is not Kind.UNAVAILABLE:
                    raise
                if self._context.stop.reason is StopReason.SHUTDOWN:
                    raise Stopped(StopReason.SHUTDOWN, self._result()) from error
                logger.error("a workflow waits for the store: %s", error, extra={"event": self._context.event.key})
                await self._context.clock.sleep(TRY_AGAIN)

    def _impossible(self, index: int, reason: str) -> Failed:
        error = StepImpossible(step=index + 1, steps=len(self._steps), preset=self._preset(index), reason=reason)
        return Failed(error.code, error.message, {**self._result(), "failed": self._told_of(index, None)})

    def _failed(self, index: int, event: Event) -> Failed:
        code, message = _told(event)
        error = StepFailed(
            step=index + 1,
            steps=len(self._steps),
            preset=self._preset(index),
            event=event.key,
            status=event.event_status.wire_name,
            message=message,
        )
        failed = {**self._told_of(index, event), "error": {"code": code, "message": message}}
        return Failed(error.code, error.message, {**self._result(), "failed": failed})

    def _result(self) -> Result:
        return {"steps": [self._told_of(index, event) for index, event in sorted(self._made.items())]}

    def _preset(self, index: int) -> str:
        """The step's preset in the words of a sentence."""
        number, name = self._steps[index].event_preset_id, self._names[index]
        return f"preset {number} {name!r}" if name else f"preset {number}"

    def _told_of(self, index: int, event: Event | None) -> dict[str, Any]:
        told: dict[str, Any] = {
            "step": index + 1, "presetID": self._steps[index].event_preset_id, "preset": self._names[index]
        }  # fmt: skip
        return told if event is None else {**told, "eventID": event.key, "status": event.event_status.wire_name}


async def _first_of(stopping: Stopping, *events: asyncio.Event | Signal) -> None:
    """Returns when a stop was asked for or one of the events is set."""
    waiting: list[asyncio.Future[Any]] = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait([stopping, *waiting], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()


def _told(event: Event) -> tuple[str, str]:
    """Code and message of an event's result."""
    try:
        result = json.loads(event.result)
    except ValueError:
        return "", event.result
    if not isinstance(result, dict):
        return "", event.result
    return str(result.get("code", "")), str(result.get("message", result.get("note", "")))
