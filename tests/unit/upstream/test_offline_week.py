"""A week without a link, on a clock that is moved: disk and memory are bounded, and then all is told, in order."""

import asyncio
import gc
import json
import logging
import re
import tracemalloc
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fakes.soak import count, told
from fakes.two_stores import HANDED, TwoStores, two_stores
from sqlalchemy import Connection

from agent.errors import UpstreamUnreachable
from agent.upstream.client import Answer
from agent.upstream.custody import Custody
from agent.upstream.linkstate import LinkWatch
from agent.upstream.loglines import LogLines
from agent.upstream.peer import Peer
from agent.upstream.pump import Pump
from agent.upstream.reports import Reports
from agent.upstream.telemetry import Telemetry
from presets_store.clock import micros
from presets_store.protocol.statuses import EventStatus
from presets_store.rules.event import Event
from presets_store.services.reports import REPORTS_SIZE, ReportsService
from presets_store.storage.records import ReportKind

log = logging.getLogger("agent.some.part")

STEP = count(30, 1)
"""Minutes between two looks at the device; each has its health record."""
STEPS = 7 * 24 * 60 // STEP
ROOM = count(200_000, REPORTS_SIZE // 4)
"""Less than such a week's health takes."""
EVENT_EVERY = count(5, 12)
LOG_EVERY = 7
HEALTH = {"cpu": {"percent": [12.5, 8.0, 3.1, 40.2], "temp": 51.2}, "camera": "online", "note": "x" * 900}
RESULT = json.dumps({"clips": [{"file": "2026-11-23/main-0001.mp4", "seconds": 30.0, "sha256": "ab" * 32}] * 3})
OUTCOME_BYTES = 6000
"""Of an event and its report, with their places in the indexes."""
MEMORY = 500_000


class Line:
    """The way to the hub; cut at first."""

    def __init__(self, stores: TwoStores) -> None:
        self.client = stores.client
        self.url = stores.client.url
        self.down = True
        self.tries = 0

    async def request(self, method: str, path: str, body: object = None, **options: Any) -> Answer:
        self.tries += 1
        if self.down:
            raise UpstreamUnreachable(url=self.url, reason="the line is cut")
        return await self.client.request(method, path, body, **options)


@dataclass
class Week:
    """What happened without a link."""

    local: list[str] = field(default_factory=list)
    remote: list[int] = field(default_factory=list)
    memory: int = 0
    last: int = 0
    """When health was told last (microseconds)."""


class Device:
    """What the agent runs under an upstream, with ROOM bytes for what may be dropped."""

    def __init__(self, stores: TwoStores) -> None:
        self.stores = stores
        self.line: Any = Line(stores)
        self.link = LinkWatch(stores.clock)
        self.events = stores.own.services.events
        self.reports = Counted(stores.own.services.database, stores.clock, stores.client.url, ROOM)
        self.lines = LogLines(stores.clock.monotonic)
        self.week = Week()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        stores, services, clock, line = self.stores, self.stores.own.services, self.stores.clock, self.line
        shared = (line, clock, services.wakeups, stores.own.device, stores.serial)
        pump = Pump(services.outbox, line.url, *shared, peer=Peer(line), link=self.link)
        telemetry = Telemetry(self.reports, self.lines, line, clock, self.link, stores.serial)
        progress = Reports(services.events, *shared, link=self.link, custody=Custody(line, clock, self.link))
        tasks = [asyncio.create_task(each.run()) for each in (pump, telemetry, progress)]
        log.addHandler(self.lines)
        log.propagate = False  # pytest keeps every record, and memory is measured here
        try:
            yield
            assert not any(task.done() for task in tasks)
        finally:
            log.propagate = True
            log.removeHandler(self.lines)
            for task in tasks:
                task.cancel()

    async def step(self, number: int, taken: list[Event]) -> None:
        """What a device does meanwhile: its health, now and then a message and an event, progress of what runs."""
        self.week.last = micros(self.stores.clock.now())
        health = {"time": {"datetime": self.week.last / 1000}, **HEALTH}
        self.reports.add(ReportKind.HEALTH, {"deviceName": self.stores.serial, "healthJSON": json.dumps(health)})
        if number % LOG_EVERY == 0:
            log.warning(f"the lens is dirty for the {number}th time")  # noqa: G004  # else the like is only counted
        for event in taken:
            self.events.publish_progress(event, number / STEPS * 100)
        if number % EVENT_EVERY == 0:
            self.week.local.append(await self.local_event())
        self.stores.pass_time(STEP * 60)
        await asyncio.sleep(0)

    async def local_event(self) -> str:
        body = {"deviceSerial": self.stores.serial, "eventType": "Video_Test_stop"}
        key = (await self.stores.own.client.json("POST", "/v1/event", body))["eventID"]
        event = await self.begun(key)
        await self.events.finish(key, 1, EventStatus.COMPLETE, RESULT)
        return event.uuid

    async def begun(self, key: int) -> Event:
        return await self.events.begin(key, holder="1:11:1", boot_id="boot-1", process_id=1)


def size_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("store.db*"))


@pytest.mark.soak
@pytest.mark.timeout(count(120, 1800))
async def test_a_week_offline_costs_little_room_and_is_reported_in_full(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        device = Device(stores)
        taken = [await taken_here(device) for _ in range(3)]
        before = await asyncio.to_thread(size_in, tmp_path / "own")
        async with device.running():
            await offline(device, taken)
            grown = await asyncio.to_thread(size_in, tmp_path / "own") - before
            outcomes = len(device.week.local) + len(taken)
            log_of_database = 5_000_000  # SQLite's own, at most some thousand pages between two checkpoints
            assert grown < 1.5 * ROOM + outcomes * OUTCOME_BYTES + log_of_database
            assert device.line.tries <= STEPS * 3, "of outcomes, progress and messages one try between two steps"
            waiting = await device.reports.waiting()
            await reconnected(device)
        await check_events(device, taken)
        await check_telemetry(device)
    told("offline week", steps=STEPS, outcomes=outcomes, reports=waiting, disk=grown, memory=device.week.memory)


async def taken_here(device: Device) -> Event:
    """An event of the hub that began before the line was cut."""
    handed = await device.stores.handed_out(HANDED)
    device.week.remote.append(handed.key)
    return await device.begun((await device.events.accept(device.line.url, handed)).key)


async def offline(device: Device, taken: list[Event]) -> None:
    """The time without a link. What is in memory by its end is hardly more than was after a quarter of it."""
    for number in range(STEPS // 4):
        await device.step(number, taken)
    tracemalloc.start()
    gc.collect()
    early = tracemalloc.get_traced_memory()[0]
    for number in range(STEPS // 4, STEPS):
        await device.step(number, taken)
    gc.collect()
    late = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    device.week.memory = late - early
    assert device.week.memory < MEMORY
    for event in taken:
        await device.events.finish(event.key, 1, EventStatus.COMPLETE, RESULT)


async def reconnected(device: Device) -> None:
    """The line is there again, until all has arrived."""
    await device.stores.hub.services.sweep()
    device.line.down = False
    device.link.reached()
    outbox, reports = device.stores.own.services.outbox, device.reports
    async with asyncio.timeout(count(60, 1000)):
        while await outbox.depth(device.line.url) or await reports.dropped() or await reports.waiting():
            await asyncio.sleep(0.01)
            device.stores.pass_time(0.1)


async def check_events(device: Device, taken: list[Event]) -> None:
    hub, week = device.stores.hub, device.week
    for remote, event in zip(week.remote, taken, strict=True):
        there = await hub.services.events.require(remote)
        assert (there.event_status, there.result) == (EventStatus.COMPLETE, RESULT)
        assert (there.uuid != event.uuid, there.attempt_number) == (True, 1)
    recorded: list[dict[str, Any]] = await hub.client.json("POST", "/v1/event/list", {"deviceID": 0, "count": 1000})
    keys = [each["key"] for each in recorded if each["key"] not in week.remote]
    arrived = [await hub.services.events.require(key) for key in sorted(keys)]
    assert [event.uuid for event in arrived] == week.local, "each is there, in order, and nothing besides"
    assert all(event.result == RESULT and event.event_status is EventStatus.COMPLETE for event in arrived)
    assert [event.created for event in arrived] == sorted({event.created for event in arrived}), "as dated here"


async def check_telemetry(device: Device) -> None:
    """What was kept is there, the newest of it, without a gap; what was not is told."""

    def read(connection: Connection) -> tuple[list[int], list[str]]:
        health = connection.exec_driver_sql("SELECT health_date FROM device_health ORDER BY health_date").scalars()
        logs = connection.exec_driver_sql("SELECT message FROM log_messages ORDER BY message_date").scalars()
        return list(health), list(logs)

    health, logs = await device.stores.hub.services.database.read(read)
    dropped = [int(number) for text in logs if "dropped while" in text for number in re.findall(r"(\d+) [lh]", text)]
    assert device.reports.added == len(health) + len(logs) + sum(dropped)
    assert sum(dropped) > 0
    assert health == [health[0] + number * STEP * 60_000_000 for number in range(len(health))], "each step has one"
    assert health[-1] == device.week.last


class Counted(ReportsService):
    """Counts what it was ever told."""

    added = 0

    def add(self, kind: ReportKind, body: Mapping[str, Any]) -> None:
        self.added += 1
        super().add(kind, body)
