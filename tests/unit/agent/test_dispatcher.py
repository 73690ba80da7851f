"""The dispatcher on a real store, with actions of the test's own where the real ones would need a camera's frames."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
from fakes.acting import tools_on
from fakes.clock import ManualClock
from fakes.served_store import SERIAL, ServedStore, until

from agent.actions import ACTIONS
from agent.actions.trial import TestEvent
from agent.attempt import Attempt, Tools
from agent.context import Context
from agent.dispatcher import MAX_RUNNING, Dispatcher
from agent.running import ActionTraits, Parameters, Result, Running
from presets_store.protocol.statuses import EventStatus
from presets_store.rules.event import Event
from presets_store.services.wakeups import Wakeups
from presets_store.storage.errors import StorageUnavailable
from presets_store.storage.events import get_event

TRIAL, TRIAL_STOP = "Video_Test_event", "Video_Test_stop"


def tools(store: ServedStore, folder: Path) -> Tools:
    return tools_on(store.services, store.clock, folder)


@asynccontextmanager
async def dispatching(store: ServedStore, folder: Path, wakeups: Wakeups | None = None) -> AsyncIterator[Dispatcher]:
    """`wakeups` of the test's own: then the dispatcher hears of nothing but its start and its stop."""
    dispatcher = Dispatcher(
        tools(store, folder), wakeups or store.services.wakeups, store.device, boot_id="boot", process_id=1
    )
    running = asyncio.create_task(dispatcher.run())
    try:
        yield dispatcher
    finally:
        await dispatcher.stop(5)
        assert not running.done(), "a system task must not end by itself"
        running.cancel()


async def queue(store: ServedStore, event_type: str, **fields: Any) -> int:
    body = {"deviceSerial": SERIAL, "eventType": event_type, **fields}
    key: int = (await store.client.json("POST", "/v1/event", body))["eventID"]
    return key


async def stored(store: ServedStore, key: int) -> Event:
    event = await store.services.database.read(lambda connection: get_event(connection, key))
    assert event is not None
    return event


async def reached(store: ServedStore, key: int, status: EventStatus) -> Event:
    for _ in range(2000):
        event = await stored(store, key)
        if event.event_status is status:
            return event
        await asyncio.sleep(0.001)
    raise AssertionError(f"event {key} did not become {status.wire_name}")


def manual(store: ServedStore) -> ManualClock:
    assert isinstance(store.clock, ManualClock)
    return store.clock


class Waiting:
    """Goes on until it is let go; occupies nothing."""

    traits: ClassVar = ActionTraits()

    def __init__(self, act: Callable[[], None] = lambda: None) -> None:
        self.go = asyncio.Event()
        self.act = act

    async def run(self, context: Context, parameters: Parameters) -> Result:
        stopping = asyncio.ensure_future(context.stop.wait())
        await asyncio.wait({stopping, asyncio.ensure_future(self.go.wait())}, return_when=asyncio.FIRST_COMPLETED)
        self.act()
        return {}


async def test_stops_that_were_accepted_are_carried_out_before_the_agent_stops(
    store: ServedStore, tmp_path: Path
) -> None:
    key = await queue(store, TRIAL, maxAttempts=3)
    async with dispatching(store, tmp_path, Wakeups()) as dispatcher:
        await reached(store, key, EventStatus.PROCESSING)
        stop = await queue(store, TRIAL_STOP)
        later = await queue(store, TRIAL)
        await dispatcher.stop(5)
    assert (await stored(store, key)).event_status is EventStatus.COMPLETE
    assert (await stored(store, stop)).event_status is EventStatus.COMPLETE
    assert (await stored(store, later)).event_status is EventStatus.PENDING


class Resumable(TestEvent):
    traits: ClassVar = ActionTraits(resumable=True)


async def test_a_stop_of_the_agent_interrupts_what_runs(
    store: ServedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ACTIONS, 7, Resumable())
    again, once = await queue(store, TRIAL, maxAttempts=2), None
    async with dispatching(store, tmp_path):
        await reached(store, again, EventStatus.PROCESSING)
    assert (await stored(store, again)).event_status is EventStatus.PENDING
    async with dispatching(store, tmp_path):
        once = await reached(store, again, EventStatus.PROCESSING)
        assert once.attempt_number == 2
    ended = await stored(store, again)
    assert ended.event_status is EventStatus.ERROR
    assert json.loads(ended.result)["code"] == "interrupted"


async def test_beyond_the_limit_actions_wait_and_stops_do_not(
    store: ServedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    action = Waiting()
    monkeypatch.setitem(ACTIONS, 7, action)
    keys = [await queue(store, TRIAL) for _ in range(MAX_RUNNING + 1)]
    async with dispatching(store, tmp_path):
        await reached(store, keys[-2], EventStatus.PROCESSING)
        await reached(store, await queue(store, TRIAL_STOP), EventStatus.COMPLETE)
        assert (await stored(store, keys[-1])).event_status is EventStatus.PENDING
        action.go.set()
        await reached(store, keys[-1], EventStatus.COMPLETE)


class Immediate(Waiting):
    traits: ClassVar = ActionTraits(immediate=True)


async def test_what_never_waits_takes_no_place_of_what_does(
    store: ServedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    transfers, trial = Immediate(), Waiting()
    monkeypatch.setitem(ACTIONS, 13, transfers)
    monkeypatch.setitem(ACTIONS, 7, trial)
    body = {"deviceSerial": SERIAL, "eventType": "Transfer_Transfer_file", "agentType": "Transfer"}
    keys = [(await store.client.json("POST", "/v1/event", body))["eventID"] for _ in range(MAX_RUNNING + 1)]
    async with dispatching(store, tmp_path):
        await reached(store, keys[-1], EventStatus.PROCESSING)
        await reached(store, await queue(store, TRIAL), EventStatus.PROCESSING)
        transfers.go.set()
        trial.go.set()


async def test_a_crash_in_an_action_ends_its_event_and_nothing_else(
    store: ServedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash() -> None:
        raise ZeroDivisionError

    action = Waiting(crash)
    action.go.set()
    monkeypatch.setitem(ACTIONS, 7, action)
    async with dispatching(store, tmp_path):
        event = await reached(store, await queue(store, TRIAL), EventStatus.ERROR)
        assert json.loads(event.result)["code"] == "internal"
        await reached(store, await queue(store, TRIAL_STOP), EventStatus.COMPLETE)


async def test_an_outcome_that_cannot_be_stored_is_tried_until_it_can(
    store: ServedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish, tries = store.services.events.finish, 0

    async def full_disk(*arguments: Any) -> Event:
        nonlocal tries
        tries += 1
        if tries < 4:
            raise StorageUnavailable(database="cuelight.db", reason="disk is full")
        return await finish(*arguments)

    monkeypatch.setattr(store.services.events, "finish", full_disk)
    key = await queue(store, TRIAL_STOP)
    async with dispatching(store, tmp_path):
        for wanted in (1, 2, 3):
            await until(lambda wanted=wanted: tries == wanted)  # type: ignore[misc]
            await asyncio.sleep(0.01)
            manual(store).advance(2)
        await reached(store, key, EventStatus.COMPLETE)


async def test_progress_that_comes_after_the_end_is_dropped_quietly(
    store: ServedStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    key = await queue(store, TRIAL_STOP)
    async with dispatching(store, tmp_path) as dispatcher:
        event = await reached(store, key, EventStatus.COMPLETE)
        attempt = Attempt(event, TRIAL, tools(store, tmp_path), dispatcher, Running(key), lambda work: work.close())
        await attempt._store(50.0)
    assert (await stored(store, key)).percent_complete == 100
    assert "progress" not in caplog.text


async def test_what_cannot_be_resumed_does_not_begin_again_after_a_stop_of_the_agent(
    store: ServedStore, tmp_path: Path
) -> None:
    key = await queue(store, TRIAL, maxAttempts=5)
    async with dispatching(store, tmp_path):
        await reached(store, key, EventStatus.PROCESSING)
    event = await stored(store, key)
    assert (event.event_status, json.loads(event.result)["code"]) == (EventStatus.ERROR, "interrupted")


async def test_a_store_that_cannot_be_read_for_a_moment_ends_nothing(
    store: ServedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pending = store.services.events.pending
    troubles = [StorageUnavailable(database="cuelight.db", reason="disk I/O error")]

    async def troubled(device_key: int) -> list[Event]:
        if troubles:
            raise troubles.pop()
        return await pending(device_key)

    monkeypatch.setattr(store.services.events, "pending", troubled)
    async with dispatching(store, tmp_path):
        await until(lambda: "disk I/O error" in caplog.text)
        await reached(store, await queue(store, TRIAL_STOP), EventStatus.COMPLETE)


async def test_the_end_of_an_event_that_waits_cancels_it(
    store: ServedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    action = Waiting()
    monkeypatch.setitem(ACTIONS, 7, action)
    keys = [await queue(store, TRIAL) for _ in range(MAX_RUNNING + 1)]
    async with dispatching(store, tmp_path):
        await reached(store, keys[-2], EventStatus.PROCESSING)
        end = await queue(store, "Device_End_process", eventParameters=json.dumps({"eventID": keys[-1]}))
        assert json.loads((await reached(store, end, EventStatus.COMPLETE)).result) == {"ended": [keys[-1]]}
        assert (await stored(store, keys[-1])).event_status is EventStatus.CANCELLED
        again = await queue(store, "Device_End_process", eventParameters=json.dumps({"eventID": keys[-1]}))
        assert json.loads((await reached(store, again, EventStatus.COMPLETE)).result)["ended"] == []
