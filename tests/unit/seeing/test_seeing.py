"""What is watched on which camera, and what of it becomes a trigger."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from fakes.clock import ManualClock
from fakes.seeing import Cases, OwnCamera
from fakes.served_store import until

from agent.seeing.absence import LOST_AFTER, LOST_AFTER_START
from agent.seeing.entering import MOST_WAITING, TRIES, Entering, Sight
from agent.seeing.seeing import Seeing
from hardware.models import CameraReport
from presets_store.clock import micros
from presets_store.protocol.scripts.inbound import ScriptOutcome, TriggerAnswer
from presets_store.services.caller import Caller
from presets_store.services.scripts.triggers import NewTrigger
from presets_store.storage import StorageUnavailable
from presets_store.storage.scripts.records import AnalyticCase

DEVICE = 3
MOTION = AnalyticCase(
    key=1,
    uuid="01890000-0000-7000-8000-000000000001",
    device_key=DEVICE,
    camera_key=7,
    analytic_type="motion",
    zones=json.dumps([{"name": "door", "kind": "include", "points": [[0, 0], [1, 0], [1, 1]]}]),
    options=json.dumps({"sensitivity": 0.7}),
)
CROSSING = replace(
    MOTION,
    key=2,
    analytic_type="line_crossing",
    zones=json.dumps([{"name": "gate", "kind": "line", "points": [[0, 0], [1, 1]]}]),
    options=json.dumps({"direction": "any", "detector": "onnx", "model": "people"}),
)


class Store:
    """Takes triggers, and refuses as the test says."""

    def __init__(self) -> None:
        self.entered: list[NewTrigger] = []
        self.refusals = 0
        self.outcome = "fired"
        self.free = asyncio.Event()
        self.free.set()

    async def enter(self, caller: Caller, new: NewTrigger) -> TriggerAnswer:
        await self.free.wait()
        if self.refusals:
            self.refusals -= 1
            raise StorageUnavailable(database="store", reason="the disk is full")
        self.entered.append(new)
        return TriggerAnswer(id=new.uuid, scripts=[ScriptOutcome(id=1, outcome=self.outcome, reason="")])


class Eyes:
    """A device with one camera."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = Store()
        self.cases = Cases()
        self.camera = OwnCamera()
        self.fired = 0
        self.entering = Entering(self.store, self.clock, self._fire)
        models = {"people": ("/models/people.onnx",)}
        self.seeing = Seeing(self.cases, DEVICE, [self.camera], self.clock, models, self.entering)

    def _fire(self) -> None:
        self.fired += 1

    @property
    def host(self) -> Any:
        return self.camera.client

    async def entered(self, count: int) -> list[NewTrigger]:
        await until(lambda: len(self.store.entered) >= count)
        await asyncio.sleep(0.01)
        assert len(self.store.entered) == count
        return self.store.entered

    async def watched(self, count: int) -> None:
        await until(lambda: len(self.host.orders) >= count)
        assert len(self.host.orders) == count

    async def waits(self, seconds: float) -> None:
        """Somebody waits for so long, which then is over."""
        await until(lambda: any(abs(at - self.clock.mono - seconds) < 1e-6 for at, *_ in self.clock._sleepers))
        self.clock.advance(seconds)

    def state(self, state: Any, reason: str = "") -> None:
        self.seeing.told("main", CameraReport(state=state, reason=reason))


@pytest.fixture
async def eyes() -> AsyncIterator[Eyes]:
    eyes = Eyes()
    tasks = [asyncio.create_task(eyes.seeing.run()), asyncio.create_task(eyes.entering.run())]
    await until(lambda: eyes.cases.asked)
    yield eyes
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def test_what_begins_and_changes_is_a_trigger_and_what_lasts_is_none(eyes: Eyes) -> None:
    eyes.cases.become(MOTION)
    await eyes.watched(1)
    order = eyes.host.orders[0]
    assert (order.analyser, order.options, order.zones[0].name) == ("motion", {"sensitivity": 0.7}, "door")
    eyes.clock.advance(5)
    eyes.host.sees(zone="door", mono=1003.5, jpeg=b"picture", count=1)
    eyes.host.sees(zone="door", mono=1004.5, count=1)
    eyes.host.sees(zone="door", mono=1005.0, count=2)
    eyes.host.sees(zone="door", active=False)
    eyes.host.sees(zone="door", count=2)
    first, second, third = await eyes.entered(3)
    assert (first.event, first.camera_key, first.image, first.source) == ("motion", 7, b"picture", "vision")
    assert first.occurred_us == micros(eyes.clock.now() - 1.5)
    assert dict(first.attributes) == {
        "count": 1,
        "case": MOTION.uuid,
        "zone": "door",
        "value": 0.25,
        "boxes": [[0.1, 0.2, 0.3, 0.4]],
        "scores": [],
    }
    assert [trigger.attributes["count"] for trigger in (second, third)] == [2, 2]
    assert eyes.fired == 3


async def test_each_crossing_is_a_trigger_and_a_network_comes_from_the_settings(eyes: Eyes) -> None:
    eyes.cases.become(CROSSING)
    await eyes.watched(1)
    assert eyes.host.orders[0].model_files == ("/models/people.onnx",)
    for _ in range(3):
        eyes.host.sees(zone="gate")
    assert [trigger.event for trigger in await eyes.entered(3)] == ["line_crossing"] * 3


async def test_a_watch_is_ordered_again_from_each_new_host(eyes: Eyes) -> None:
    eyes.cases.become(MOTION)
    await eyes.watched(1)
    eyes.host.lose()
    await eyes.waits(1)
    eyes.host.up.set()
    await eyes.watched(2)
    eyes.host.sees()
    await eyes.entered(1)


async def test_changed_cases_take_effect_at_once_and_a_name_changes_nothing(eyes: Eyes) -> None:
    eyes.cases.become(MOTION)
    await eyes.watched(1)
    first = eyes.host.orders[0].sink_id
    eyes.cases.become(replace(MOTION, name="Front door"))
    await until(lambda: eyes.cases.asked == 3)
    assert eyes.host.stopped == []
    eyes.cases.become(replace(MOTION, options="{}"))
    await eyes.watched(2)
    assert eyes.host.stopped == [first]
    eyes.cases.become()
    await until(lambda: len(eyes.host.stopped) == 2)
    assert len(eyes.host.orders) == 2


async def test_without_a_case_no_host_is_asked_for_anything(eyes: Eyes) -> None:
    eyes.cases.become(replace(MOTION, camera_key=8), replace(MOTION, device_key=DEVICE + 1))
    await until(lambda: eyes.cases.asked == 2)
    await asyncio.sleep(0.01)
    assert eyes.host.orders == []


@pytest.mark.parametrize("how", ["refused", "failed", "unreadable"])
async def test_a_watch_that_does_not_work_is_tried_again_ever_more_seldom(
    eyes: Eyes, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    eyes.host.refusal = "there is no such option" if how == "refused" else ""
    eyes.cases.become(replace(MOTION, zones="[{}]") if how == "unreadable" else MOTION)
    for orders, pause in ((1, 1), (2, 2), (3, 4)):
        if how != "unreadable":
            await eyes.watched(orders)
        if how == "failed":
            eyes.host.fail()
        await eyes.waits(pause)
    assert [record.levelname for record in caplog.records if "does not work" in record.message] == ["ERROR"]


async def test_a_lost_camera_is_missed_after_a_while_and_told_when_it_is_back(eyes: Eyes) -> None:
    eyes.state("open")
    eyes.state("stalled", "no picture")
    eyes.clock.advance(LOST_AFTER - 1)
    eyes.state("open")
    eyes.state("unavailable", "unplugged")
    began = eyes.clock.now()
    eyes.clock.advance(LOST_AFTER - 1)
    eyes.state("opening")
    eyes.state("unavailable", "still unplugged")
    eyes.clock.advance(1)
    (lost,) = await eyes.entered(1)
    assert (lost.event, dict(lost.attributes), lost.occurred_us) == (
        "camera_lost", {"reason": "unplugged"}, micros(began),
    )  # fmt: skip
    eyes.state("unavailable")
    eyes.clock.advance(LOST_AFTER_START)
    eyes.state("open")
    assert [trigger.event for trigger in await eyes.entered(2)] == ["camera_lost", "camera_back"]


async def test_a_camera_that_was_never_there_has_longer_and_one_that_nobody_uses_is_not_missed(eyes: Eyes) -> None:
    eyes.state("unavailable")
    eyes.clock.advance(LOST_AFTER_START - 1)
    eyes.state("closed")
    eyes.clock.advance(LOST_AFTER_START)
    await asyncio.sleep(0.01)
    assert eyes.store.entered == []
    eyes.state("unavailable")
    eyes.clock.advance(LOST_AFTER_START)
    assert [trigger.event for trigger in await eyes.entered(1)] == ["camera_lost"]


async def test_when_the_store_is_slow_the_newest_of_a_place_stands_for_the_others(
    eyes: Eyes, caplog: pytest.LogCaptureFixture
) -> None:
    eyes.store.free.clear()
    for number in range(MOST_WAITING + 200):
        eyes.entering.add(Sight("motion", 7, 1.0, {"number": number}, place=f"{number % 5}"))
        await asyncio.sleep(0)
    eyes.store.free.set()
    await until(lambda: any("made no triggers" in record.message for record in caplog.records))
    numbers = [trigger.attributes["number"] for trigger in eyes.store.entered]
    assert len(numbers) <= MOST_WAITING + 1
    assert set(range(MOST_WAITING + 195, MOST_WAITING + 200)) <= set(numbers)


async def test_a_store_that_cannot_write_is_asked_again_under_the_same_uuid(eyes: Eyes) -> None:
    eyes.store.refusals = TRIES - 1
    eyes.entering.add(Sight("motion", 7, 1.0, {}))
    for _ in range(TRIES - 1):
        await eyes.waits(1)
    await eyes.entered(1)
    eyes.store.refusals = TRIES
    eyes.entering.add(Sight("motion", 7, 2.0, {}))
    eyes.store.outcome = "not"
    for _ in range(TRIES - 1):
        await eyes.waits(1)
    eyes.entering.add(Sight("no_motion", 7, 3.0, {}))
    assert [trigger.event for trigger in await eyes.entered(2)] == ["motion", "no_motion"]
    assert eyes.fired == 1
