"""Workflows on a real store and a real dispatcher; the steps' actions do what their parameters say."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from fakes.acting import tools_on
from fakes.clock import ManualClock
from fakes.served_store import SERIAL, ServedStore, until
from sqlalchemy import Connection, text

from agent.actions import ACTIONS
from agent.context import Context
from agent.dispatcher import MAX_RUNNING, Dispatcher
from agent.errors import UnknownEvent
from agent.recovery import Recovery
from agent.running import ActionTraits, Parameters, Result, Stopped
from presets_store.protocol.statuses import EventStatus
from presets_store.rules.event import Event
from presets_store.services.caller import INSIDE
from presets_store.storage.errors import StorageUnavailable

WORKFLOW, TRIAL, RECORD, RECORD_STOP = (
    "Workflow_Event_preset_workflow", "Video_Test_event", "Video_Start_recording", "Video_Stop_recording"
)  # fmt: skip


class Scripted:
    """Ends as its parameter `then` says: `fail`; `hold`, until it is stopped; `retry`, not in its first attempt."""

    traits: ClassVar = ActionTraits(resumable=True)

    def __init__(self) -> None:
        self.starts: list[tuple[int, int]] = []
        self.may_begin = asyncio.Event()
        self.may_begin.set()

    async def run(self, context: Context, parameters: Parameters) -> Result:
        self.starts.append((context.event.key, context.event.attempt_number))
        match parameters.get("then"):
            case "retry" if context.event.attempt_number == 1:
                raise Stopped(await context.stop.wait(), {})
            case "fail":
                raise UnknownEvent(event=0)
            case "hold":
                await self.may_begin.wait()
                context.begun()
                raise Stopped(await context.stop.wait(), {})
        return {}


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    action = Scripted()
    monkeypatch.setitem(ACTIONS, 1, action)
    monkeypatch.setitem(ACTIONS, 7, action)
    return action


async def preset(store: ServedStore, name: str, event_type: str = TRIAL, **parameters: Any) -> int:
    body = {
        "eventPresetName": name, "deviceID": store.device, "eventType": event_type,
        "eventParameters": json.dumps(parameters),
    }  # fmt: skip
    return int((await store.client.json("POST", "/v1/eventpreset", body))["key"])


async def queue(store: ServedStore, steps: list[Any], **fields: Any) -> int:
    """A workflow of preset IDs, or of whole steps."""
    whole = [step if isinstance(step, dict) else {"deviceID": 0, "eventPresetID": step} for step in steps]
    body = {"deviceSerial": SERIAL, "eventType": WORKFLOW, "eventParameters": json.dumps(whole), **fields}
    return int((await store.client.json("POST", "/v1/event", body))["eventID"])


@asynccontextmanager
async def dispatching(store: ServedStore, folder: Path) -> AsyncIterator[Dispatcher]:
    tools = tools_on(store.services, store.clock, folder)
    await Recovery(tools.events, tools.media, store.device, lambda _event: None).run()
    dispatcher = Dispatcher(tools, store.services.wakeups, store.device, boot_id="boot", process_id=1)
    running = asyncio.create_task(dispatcher.run())
    try:
        yield dispatcher
    finally:
        await dispatcher.stop(5)
        running.cancel()


async def ended(store: ServedStore, key: int) -> Event:
    return await reached(store, key, lambda event: event.terminal)


async def reached(store: ServedStore, key: int, wanted: Callable[[Event], bool]) -> Event:
    for _ in range(3000):
        event = await store.services.events.require(key)
        if wanted(event):
            return event
        await asyncio.sleep(0.001)
    raise AssertionError(f"event {key} stays {event.event_status.wire_name}: {event.result}")


async def steps_of(store: ServedStore, key: int) -> list[Event]:
    events = store.services.events
    return await events.steps_of(await events.require(key))


def told(event: Event) -> dict[str, Any]:
    return dict(json.loads(event.result))


async def test_steps_run_in_order_each_as_an_event_of_its_own(
    store: ServedStore, tmp_path: Path, scripted: Scripted
) -> None:
    presets = [await preset(store, name) for name in ("first", "second")]
    key = await queue(store, presets)
    async with dispatching(store, tmp_path):
        workflow = await ended(store, key)
    assert workflow.event_status is EventStatus.COMPLETE
    first, second = await steps_of(store, key)
    assert [event.cause for event in (first, second)] == [f"workflow:{workflow.uuid}:{index}" for index in (0, 1)]
    assert [event.preset_key for event in (first, second)] == presets
    assert first.ended <= second.created
    assert [(step["preset"], step["eventID"], step["status"]) for step in told(workflow)["steps"]] == [
        ("first", first.key, "Complete"), ("second", second.key, "Complete")
    ]  # fmt: skip


async def test_it_stops_at_the_first_error_and_names_it(store: ServedStore, tmp_path: Path, scripted: Scripted) -> None:
    presets = [await preset(store, "well"), await preset(store, "badly", then="fail"), await preset(store, "never")]
    key = await queue(store, presets)
    async with dispatching(store, tmp_path):
        workflow = await ended(store, key)
    made = await steps_of(store, key)
    assert len(made) == 2
    result = told(workflow)
    assert (workflow.event_status, result["code"]) == (EventStatus.ERROR, "step_failed")
    assert result["failed"] == {
        "step": 2, "presetID": presets[1], "preset": "badly", "eventID": made[1].key, "status": "Error",
        "error": {"code": "unknown_event", "message": "no event 0 on this device"},
    }  # fmt: skip
    assert "step 2 of 3" in result["message"]
    assert "'badly'" in result["message"]


async def test_a_start_without_a_duration_is_done_at_its_first_frame_and_goes_on(
    store: ServedStore, tmp_path: Path, scripted: Scripted
) -> None:
    scripted.may_begin.clear()
    presets = [await preset(store, "camera", RECORD, then="hold"), await preset(store, "after")]
    key = await queue(store, presets)
    async with dispatching(store, tmp_path):
        await until(lambda: scripted.starts)
        await asyncio.sleep(0.05)
        assert len(await steps_of(store, key)) == 1, "Processing alone is not the first frame"
        scripted.may_begin.set()
        assert (await ended(store, key)).event_status is EventStatus.COMPLETE
        first, _ = await steps_of(store, key)
        assert first.event_status is EventStatus.PROCESSING


async def test_one_with_a_duration_is_done_at_its_end(store: ServedStore, tmp_path: Path, scripted: Scripted) -> None:
    presets = [await preset(store, "camera", RECORD, then="hold", durationSeconds=5), await preset(store, "after")]
    key = await queue(store, presets)
    async with dispatching(store, tmp_path) as dispatcher:
        await until(lambda: scripted.starts)
        await asyncio.sleep(0.05)
        (step,) = await steps_of(store, key)
        running = dispatcher.by_key(step.key)
        assert running is not None
        assert running.begun.is_set()
        await store.services.events.end(INSIDE, step.key)
        workflow = await ended(store, key)
    assert told(workflow)["failed"]["status"] == "Cancelled", "a step that somebody ended has not done its work"


async def test_the_presets_may_be_in_the_steps_themselves(
    store: ServedStore, tmp_path: Path, scripted: Scripted
) -> None:
    whole = {"eventTypeID": 7, "eventPresetName": "inside", "deviceID": 4711, "key": 9, "tagString": "x"}
    key = await queue(store, [{"deviceID": 4711, "eventPresetID": 9, "preset": whole}])
    async with dispatching(store, tmp_path):
        workflow = await ended(store, key)
    (step,) = await steps_of(store, key)
    assert workflow.event_status is EventStatus.COMPLETE
    assert (step.device_key, step.preset_key, step.tag_string) == (store.device, 9, "x")
    assert told(workflow)["steps"][0]["preset"] == "inside"


@pytest.mark.parametrize("what", ["unknown", "nested", "foreign"])
async def test_a_step_that_cannot_be_started_is_refused_before_any_is(
    store: ServedStore, tmp_path: Path, scripted: Scripted, what: str
) -> None:
    first = await preset(store, "first")
    second = await preset(store, "inner", WORKFLOW) if what == "nested" else 4711
    key = await queue(store, [first, second])
    if what == "foreign":
        await from_upstream(store, key)
    async with dispatching(store, tmp_path):
        workflow = await ended(store, key)
    assert (workflow.event_status, told(workflow)["code"]) == (EventStatus.ERROR, "step_impossible")
    assert str(first if what == "foreign" else second) in told(workflow)["message"]
    assert scripted.starts == []


async def from_upstream(store: ServedStore, key: int) -> None:
    change = text("UPDATE events SET upstream = 'https://hub', remote_id = 1 WHERE key = :key")

    def write(connection: Connection) -> None:
        connection.execute(change, {"key": key})

    await store.services.database.write(write)


async def test_an_empty_workflow_is_done(store: ServedStore, tmp_path: Path) -> None:
    body = {"deviceSerial": SERIAL, "eventType": WORKFLOW}
    key = (await store.client.json("POST", "/v1/event", body))["eventID"]
    async with dispatching(store, tmp_path):
        assert (await ended(store, key)).event_status is EventStatus.COMPLETE


async def test_progress_is_the_share_of_steps_that_are_done(
    store: ServedStore, tmp_path: Path, scripted: Scripted
) -> None:
    presets = [await preset(store, "one"), await preset(store, "two", RECORD, then="hold", durationSeconds=9)]
    key = await queue(store, presets)
    async with dispatching(store, tmp_path):
        await until(lambda: len(scripted.starts) == 2)
        assert (await store.services.events.get(INSIDE, key)).percent_complete == 50


async def test_many_workflows_leave_their_steps_room(store: ServedStore, tmp_path: Path, scripted: Scripted) -> None:
    one = await preset(store, "one")
    keys = [await queue(store, [one, one]) for _ in range(MAX_RUNNING + 4)]
    async with dispatching(store, tmp_path):
        for key in keys:
            assert (await ended(store, key)).event_status is EventStatus.COMPLETE
    assert len(scripted.starts) == 2 * (MAX_RUNNING + 4)


async def test_its_end_ends_its_steps(store: ServedStore, tmp_path: Path, scripted: Scripted) -> None:
    presets = [
        await preset(store, "goes on", RECORD, then="hold"),
        await preset(store, "long", RECORD, then="hold", durationSeconds=60),
    ]
    key = await queue(store, presets)
    async with dispatching(store, tmp_path):
        await until(lambda: len(scripted.starts) == 2)
        await store.services.events.end(INSIDE, key)
        workflow = await ended(store, key)
        assert workflow.event_status is EventStatus.CANCELLED
        assert [step.event_status for step in await steps_of(store, key)] == [EventStatus.CANCELLED] * 2
        assert [step["status"] for step in told(workflow)["steps"]] == ["Cancelled"] * 2


async def test_a_stop_of_the_agent_interrupts_it_and_it_goes_on_where_it_was(
    store: ServedStore, tmp_path: Path, scripted: Scripted
) -> None:
    body = {"eventPresetName": "long", "deviceID": store.device, "eventType": TRIAL, "maxAttempts": 2}
    long = (await store.client.json("POST", "/v1/eventpreset", {**body, "eventParameters": '{"then": "retry"}'}))["key"]
    key = await queue(store, [await preset(store, "once"), long], maxAttempts=2)
    async with dispatching(store, tmp_path):
        await until(lambda: len(scripted.starts) == 2)
    async with dispatching(store, tmp_path):
        workflow = await ended(store, key)
    assert (workflow.event_status, workflow.attempt_number) == (EventStatus.COMPLETE, 2)
    once, other = await steps_of(store, key)
    assert scripted.starts.count((once.key, 1)) == 1
    assert scripted.starts[-1] == (other.key, 2)


async def test_a_step_of_another_device_counts_as_begun_when_that_runs_it(
    store: ServedStore, tmp_path: Path, scripted: Scripted
) -> None:
    other = (await store.client.json("POST", "/v1/device", {"serialNumber": "other"}))["key"]
    camera = await preset(store, "camera", RECORD)
    long = await preset(store, "long", RECORD, then="hold", durationSeconds=60)
    key = await queue(store, [{"deviceID": other, "eventPresetID": camera}, long])
    async with dispatching(store, tmp_path):
        step = await first_step(store, key)
        assert step.device_key == other
        assert scripted.starts == []
        await store.client.call("PUT", f"/v1/event/{step.key}", {"eventStatus": 3})
        await until(lambda: scripted.starts)
        await store.services.events.end(INSIDE, key)
        assert (await ended(store, key)).event_status is EventStatus.CANCELLED
    pending = await store.services.events.pending(other)
    assert [json.loads(event.event_parameters) for event in pending] == [{"eventID": step.key}]


async def first_step(store: ServedStore, key: int) -> Event:
    for _ in range(2000):
        if steps := await steps_of(store, key):
            return steps[0]
        await asyncio.sleep(0.001)
    raise AssertionError("no step was made")


async def test_a_store_in_trouble_for_a_moment_ends_no_workflow(
    store: ServedStore, tmp_path: Path, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    child, troubles = store.services.events.child, [StorageUnavailable(database="cuelight.db", reason="disk I/O error")]

    async def troubled(*arguments: Any) -> Event:
        if troubles:
            raise troubles.pop()
        return await child(*arguments)

    monkeypatch.setattr(store.services.events, "child", troubled)
    key = await queue(store, [await preset(store, "one")])
    async with dispatching(store, tmp_path):
        await until(lambda: not troubles)
        await asyncio.sleep(0.01)
        assert isinstance(store.clock, ManualClock)
        store.clock.advance(2)
        assert (await ended(store, key)).event_status is EventStatus.COMPLETE


async def test_a_store_in_trouble_does_not_keep_the_agent_from_stopping(
    store: ServedStore, tmp_path: Path, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = 0

    async def troubled(*_arguments: Any) -> Event:
        nonlocal tries
        tries += 1
        raise StorageUnavailable(database="cuelight.db", reason="disk I/O error")

    monkeypatch.setattr(store.services.events, "child", troubled)
    key = await queue(store, [await preset(store, "one")], maxAttempts=2)
    async with dispatching(store, tmp_path) as dispatcher:
        await until(lambda: tries)
        stopping = asyncio.create_task(dispatcher.stop(5))
        assert isinstance(store.clock, ManualClock)
        while not stopping.done():
            await asyncio.sleep(0.005)
            store.clock.advance(1)
        await stopping
    waiting = await store.services.events.require(key)
    assert (waiting.event_status, waiting.attempt_number) == (EventStatus.PENDING, 1), "it goes on at the next start"


async def test_a_waiting_step_of_a_workflow_that_is_over_does_not_start(
    store: ServedStore, tmp_path: Path, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The agent stopped between making the step and starting it, and the workflow has no attempt left."""
    key = await queue(store, [await preset(store, "one")])
    reached_child: asyncio.Event = asyncio.Event()
    child = store.services.events.child

    async def then_never_looked_at(*arguments: Any) -> Event:
        begin: Callable[..., Awaitable[Event]] = store.services.events.begin

        async def never(event: int, **named: Any) -> Event:
            if event == key:
                return await begin(event, **named)
            raise StorageUnavailable(database="cuelight.db", reason="busy")

        monkeypatch.setattr(store.services.events, "begin", never)
        event = await child(*arguments)
        reached_child.set()
        return event

    monkeypatch.setattr(store.services.events, "child", then_never_looked_at)
    async with dispatching(store, tmp_path):
        await asyncio.wait_for(reached_child.wait(), 5)
    monkeypatch.undo()
    async with dispatching(store, tmp_path):
        (step,) = await steps_of(store, key)
    assert told(await ended(store, key))["code"] == "interrupted"
    assert step.event_status is EventStatus.CANCELLED


async def test_a_step_cannot_end_its_own_workflow_and_neither_waits_for_the_other(
    store: ServedStore, tmp_path: Path, scripted: Scripted
) -> None:
    earlier = await queue(store, [await preset(store, "one")])
    step = await preset(store, "end the workflow", "Device_End_process", eventID=earlier + 1)
    assert await queue(store, [step]) == earlier + 1
    async with dispatching(store, tmp_path):
        event = await ended(store, earlier + 1)
    assert event.event_status is EventStatus.ERROR
    assert "an event other than the workflow" in json.loads(event.result)["message"]


async def test_events_that_were_recorded_as_steps_elsewhere_are_none_of_this_workflow(
    store: ServedStore, tmp_path: Path, scripted: Scripted
) -> None:
    key = await queue(store, [await preset(store, "one")])
    workflow = await store.services.events.require(key)
    body = {"deviceSerial": SERIAL, "eventTypeID": 7, "eventStatus": 4, "attemptNumber": 1}
    for tail in ("0", "x"):
        named = {"eventUUID": str(uuid4()), "cause": f"workflow:{workflow.uuid}:{tail}"}
        await store.client.json("POST", "/v1/event/record", body | named)
    async with dispatching(store, tmp_path):
        assert (await ended(store, key)).event_status is EventStatus.COMPLETE
    assert len(scripted.starts) == 1
