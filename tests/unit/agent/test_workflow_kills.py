"""Workflows killed between any two of their steps: nothing starts twice in an attempt, nothing out of order."""

import asyncio
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from fakes.acting import tools_on
from fakes.clock import ManualClock
from fakes.served_store import SEALER, SERIAL, empty_store
from fakes.stored import make_preset
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.actions import ACTIONS
from agent.context import Context
from agent.dispatcher import Dispatcher
from agent.errors import UnknownEvent
from agent.recovery import Recovery
from agent.running import ActionTraits, Parameters, Result
from presets_store.protocol.events import CreateEvent
from presets_store.protocol.statuses import EventStatus
from presets_store.rules.event import Event
from presets_store.rules.workflow import step_index
from presets_store.services import Services, build_services
from presets_store.services.caller import INSIDE
from presets_store.storage import Database, open_database
from presets_store.storage.presets import insert_preset
from presets_store.storage.records import Preset

TRIAL, WORKFLOW = 7, 33


class Step:
    """Fails in its first attempts as often as `fails` says; notes each start."""

    traits: ClassVar = ActionTraits(resumable=True)

    def __init__(self) -> None:
        self.starts: list[tuple[int, int]] = []

    async def run(self, context: Context, parameters: Parameters) -> Result:
        self.starts.append((step_index(context.event), context.event.attempt_number))
        if parameters["fails"]:
            raise UnknownEvent(event=0)
        return {}


class Killer:
    """At the given one of all the moments before and after a write of the agent, the agent goes on no further."""

    def __init__(self, moment: int | None) -> None:
        self._left = moment
        self.struck = asyncio.Event()

    async def pass_by(self) -> None:
        if self._left is None:
            return
        self._left -= 1
        if self._left < 0:
            self.struck.set()
            await asyncio.Event().wait()

    def around(self, write: Callable[..., Awaitable[Event]]) -> Callable[..., Awaitable[Event]]:
        async def watched(*arguments: Any, **named: Any) -> Event:
            await self.pass_by()
            event = await write(*arguments, **named)
            await self.pass_by()
            return event

        return watched


async def life(services: Services, clock: ManualClock, folder: Path, workflow: int, killer: Killer) -> None:
    """One agent, from its recovery to its violent end, or until the workflow has ended."""
    tools = tools_on(services, clock, folder)
    assert services.own is not None
    await Recovery(tools.events, tools.media, services.own.key, lambda _event: None).run()
    for name in ("begin", "child", "finish"):
        setattr(services.events, name, killer.around(getattr(services.events, name)))
    dispatcher = Dispatcher(tools, services.wakeups, services.own.key, boot_id="boot", process_id=1)
    running = asyncio.create_task(dispatcher.run())
    over = asyncio.create_task(_over(services, workflow))
    struck = asyncio.create_task(killer.struck.wait())
    try:
        async with asyncio.timeout(10):
            await asyncio.wait([over, struck], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (over, struck, running):
            task.cancel()
        await asyncio.wait([running])
        await dispatcher._tasks.drain(0)


async def _over(services: Services, workflow: int) -> None:
    assert services.own is not None
    with services.wakeups.listening(services.own.key) as news:
        while not (await services.events.require(workflow)).terminal:
            await news.wait()
            news.clear()


async def killed_workflow(fails: list[bool], kills: list[int], action: Step) -> tuple[Event, list[Event]]:
    """The workflow and its steps when it has ended; its agent was killed at each of these moments."""
    clock = ManualClock()
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="cuelight-kills-"))
    try:
        await asyncio.to_thread(shutil.copy, await empty_store(), folder / "store.db")
        database = await open_database(f"sqlite:///{folder / 'store.db'}")
        try:
            key = await _queued(database, clock, fails, attempts=len(kills) + 1)
            for moment in (*kills, None):
                services = await build_services(database, clock, SEALER, own_serial=SERIAL)
                if not (await services.events.require(key)).terminal:
                    await life(services, clock, folder, key, Killer(moment))
            workflow = await services.events.require(key)
            return workflow, await services.events.steps_of(workflow)
        finally:
            await database.close()
    finally:
        await asyncio.to_thread(shutil.rmtree, folder)


async def _queued(database: Database, clock: ManualClock, fails: list[bool], attempts: int) -> int:
    services = await build_services(database, clock, SEALER, own_serial=SERIAL)
    assert services.own is not None
    device, steps = services.own.key, []
    for failing in fails:
        wanted = make_preset(
            device, event_type_id=TRIAL, event_parameters=json.dumps({"fails": failing}), max_attempts=attempts
        )
        steps.append({"deviceID": device, "eventPresetID": await _kept(database, wanted)})
    body = CreateEvent(
        device_id=device, event_type=str(WORKFLOW), event_parameters=json.dumps(steps), max_attempts=attempts
    )
    return (await services.events.create(INSIDE, body)).event_id


async def _kept(database: Database, preset: Preset) -> int:
    return (await database.write(lambda connection: insert_preset(connection, preset))).key


@given(st.lists(st.booleans(), min_size=1, max_size=4), st.lists(st.integers(0, 20), max_size=3))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_killed_workflow_starts_no_step_twice_in_an_attempt(
    monkeypatch: pytest.MonkeyPatch, fails: list[bool], kills: list[int]
) -> None:
    action = Step()
    monkeypatch.setitem(ACTIONS, TRIAL, action)
    workflow, steps = asyncio.run(killed_workflow(fails, kills, action))

    assert max(Counter(action.starts).values(), default=0) <= 1
    assert [step_index(step) for step in steps] == list(range(len(steps))), "one event for each step, in order"
    first_starts = list(dict.fromkeys(index for index, _ in action.starts))
    assert first_starts == sorted(first_starts)
    failed = fails.index(True) if any(fails) else None
    assert [step.event_status for step in steps] == [
        EventStatus.ERROR if index == failed else EventStatus.COMPLETE for index in range(len(steps))
    ]
    assert len(steps) == (len(fails) if failed is None else failed + 1)
    assert workflow.event_status is (EventStatus.COMPLETE if failed is None else EventStatus.ERROR)
