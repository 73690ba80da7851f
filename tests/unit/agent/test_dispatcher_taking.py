"""What an upstream hands out begins by the transaction that accepts it, and by no other when it has to wait."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import ClassVar

import pytest
from fakes.acting import tools_on
from fakes.clock import ManualClock
from fakes.served_store import SERIAL, ServedStore
from fakes.stored import make_event

from agent.actions import ACTIONS
from agent.context import Context
from agent.dispatcher import MAX_RUNNING, Dispatcher
from agent.running import ActionTraits, Parameters, Result
from presets_store.protocol.event_types import find_event_type
from presets_store.protocol.events import EventRecord
from presets_store.protocol.statuses import EventStatus
from presets_store.rules.event import Event
from presets_store.services.wakeups import Wakeups
from presets_store.services.wire import event_record
from presets_store.storage.events import get_event

HUB = "https://hub.example"
TRIAL, STOP = find_event_type("Video_Test_event"), find_event_type("Video_Test_stop")
_keys = count(1000)


class Counting:
    """Counts its starts, and goes on until it is stopped."""

    traits: ClassVar = ActionTraits()

    def __init__(self) -> None:
        self.started: list[int] = []

    async def run(self, context: Context, parameters: Parameters) -> Result:
        self.started.append(context.event.key)
        await context.stop.wait()
        return {}


@pytest.fixture
def action(monkeypatch: pytest.MonkeyPatch) -> Counting:
    counting = Counting()
    monkeypatch.setitem(ACTIONS, TRIAL.id, counting)
    return counting


@asynccontextmanager
async def deaf(store: ServedStore, folder: Path) -> AsyncIterator[Dispatcher]:
    """A dispatcher that hears of nothing but its stop, so that what begins was begun by `take`."""
    tools = tools_on(store.services, store.clock, folder)
    dispatcher = Dispatcher(tools, Wakeups(), store.device, boot_id="boot", process_id=1)
    running = asyncio.create_task(dispatcher.run())
    try:
        yield dispatcher
    finally:
        await dispatcher.stop(5)
        running.cancel()


def handed(kind: int = TRIAL.id, **fields: object) -> EventRecord:
    fields = {"key": next(_keys), "checkout_token": "t", "priority": 1, **fields}
    event = make_event(1, event_type_id=kind, event_status=EventStatus.CHECKED_OUT, **fields)
    return event_record(event)


async def queue(store: ServedStore) -> int:
    body = {"deviceSerial": SERIAL, "eventType": TRIAL.wire_name}
    return int((await store.client.json("POST", "/v1/event", body))["eventID"])


async def stored(store: ServedStore, event: Event) -> Event:
    found = await store.services.database.read(lambda connection: get_event(connection, event.key))
    assert found is not None
    return found


async def test_it_has_begun_when_it_is_there(store: ServedStore, tmp_path: Path, action: Counting) -> None:
    async with deaf(store, tmp_path) as dispatcher:
        event = await dispatcher.take(HUB, handed())
        kept = await stored(store, event)
        assert (kept.event_status, kept.attempt_number, kept.boot_id) == (EventStatus.PROCESSING, 1, "boot")
        assert dispatcher.by_key(event.key) is not None
        await asyncio.sleep(0)
        assert action.started == [event.key]


async def test_handed_out_again_it_does_not_begin_again(store: ServedStore, tmp_path: Path, action: Counting) -> None:
    async with deaf(store, tmp_path) as dispatcher:
        record = handed()
        first, second = await dispatcher.take(HUB, record), await dispatcher.take(HUB, record)
        assert first.key == second.key
        await asyncio.sleep(0)
        assert action.started == [first.key]
        assert (await stored(store, first)).attempt_number == 1


async def test_behind_one_that_waits_it_waits(store: ServedStore, tmp_path: Path, action: Counting) -> None:
    async with deaf(store, tmp_path) as dispatcher:
        await asyncio.sleep(0.05)  # the look at its start is over
        before = await queue(store)
        event = await dispatcher.take(HUB, handed())
        assert (await stored(store, event)).event_status is EventStatus.PENDING
        urgent = await dispatcher.take(HUB, handed(priority=0))
        assert (await stored(store, urgent)).event_status is EventStatus.PROCESSING
        assert before not in action.started


async def test_one_that_is_too_late_is_accepted_and_does_not_begin(
    store: ServedStore, tmp_path: Path, action: Counting
) -> None:
    assert isinstance(store.clock, ManualClock)
    async with deaf(store, tmp_path) as dispatcher:
        event = await dispatcher.take(HUB, handed(expiration_epoch=int(store.clock.now()) - 1))
        assert (await stored(store, event)).event_status is EventStatus.PENDING
        assert action.started == []


async def test_without_room_it_waits_and_a_stop_does_not(store: ServedStore, tmp_path: Path, action: Counting) -> None:
    async with deaf(store, tmp_path) as dispatcher:
        for _ in range(MAX_RUNNING):
            await dispatcher.take(HUB, handed())
        waiting = await dispatcher.take(HUB, handed())
        assert (await stored(store, waiting)).event_status is EventStatus.PENDING
        ending = find_event_type("Device_End_process")
        running = await stored(store, await dispatcher.take(HUB, handed(ending.id, event_parameters="{}", priority=0)))
        assert running.event_status is not EventStatus.PENDING


async def test_nothing_begins_once_the_agent_stops(store: ServedStore, tmp_path: Path, action: Counting) -> None:
    async with deaf(store, tmp_path) as dispatcher:
        await dispatcher.stop(5)
        event = await dispatcher.take(HUB, handed())
        assert (await stored(store, event)).event_status is EventStatus.PENDING
    assert action.started == []


async def test_what_cannot_be_carried_out_ends_as_that(store: ServedStore, tmp_path: Path) -> None:
    async with deaf(store, tmp_path) as dispatcher:
        event = await dispatcher.take(HUB, handed(find_event_type("Video_Join_conference").id))
        for _ in range(2000):
            kept = await stored(store, event)
            if kept.terminal:
                break
            await asyncio.sleep(0.001)
        assert kept.event_status is EventStatus.ERROR
        assert json.loads(kept.result)["code"] == "unsupported"
