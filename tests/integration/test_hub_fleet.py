"""Two replicas and fifty devices while replicas are killed and started: nothing is lost, nothing is given out twice."""

import asyncio
import random
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from fakes.hub_process import HubProcess, make_device
from fakes.postgres import PostgresServer
from fakes.served_store import SigningClient
from fakes.soak import count, seeded, told

DEVICES = 50
HOLDERS = 2
"""Agents of one type on each device, which compete for its events."""

STOP = {"agentType": "Video", "eventType": "Video_Stop_recording"}


class Fleet:
    """Devices behind a balancer that knows nothing: each request goes to any replica, and again when there is none."""

    def __init__(self, replicas: Sequence[HubProcess], session: aiohttp.ClientSession, dice: random.Random) -> None:
        self._replicas = replicas
        self._session = session
        self._dice = dice
        self.repeats = 0
        self.delivered: list[tuple[int, int]] = []
        self.done: set[int] = set()
        self.all_done = asyncio.Event()
        self.wanted = 0

    async def ask(self, method: str, path: str, body: Any, *, once: bool = False, **headers: str) -> Any:
        """The answer of whichever replica gives one. `once`: a repeat is the same write, by its Idempotency-Key."""
        if once:
            headers["Idempotency-Key"] = str(uuid.uuid4())
        while True:
            client: SigningClient = self._dice.choice(self._replicas).client(self._session)
            try:
                answer = await client.call(method, path, body, headers=headers)
            except aiohttp.ClientError:
                self.repeats += 1
                await asyncio.sleep(0.05)
                continue
            if answer.status < 500:
                assert answer.status == 200, (path, answer)
                return answer.json() if answer.body else None
            await asyncio.sleep(0.05)

    async def holder(self, device: int, process: int) -> None:
        """An agent: waits, takes, reports, until it is cancelled."""
        while True:
            waiting = await self.ask("POST", "/v1/event/list/pending/longpoll", {"deviceID": device})
            if not waiting:
                continue
            body = {"deviceID": device, "agentType": "Video", "processID": process}
            event = await self.ask("POST", "/v1/event/dequeue", body, once=True)
            if event is None:
                continue
            self.delivered.append((event["key"], process))
            report = {"eventStatus": 4, "result": f"by {process}", "processID": process}
            token = {"X-Checkout-Token": event["checkoutToken"]}
            await self.ask("PUT", f"/v1/event/{event['key']}", report, **token)
            self.done.add(event["key"])
            if len(self.done) == self.wanted:
                self.all_done.set()


@asynccontextmanager
async def in_background(*works: Any) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert [error for error in ended if isinstance(error, Exception)] == []


@pytest.mark.soak
@pytest.mark.timeout(count(120, 3600))
async def test_no_event_is_lost_and_none_is_handed_out_twice(postgres_server: PostgresServer, tmp_path: Path) -> None:
    events, kills, dice = count(150, 20_000), count(3, 60), seeded("hub fleet")
    url = postgres_server.database()
    replicas = [HubProcess(tmp_path, url, name=name) for name in ("one", "two")]
    try:
        for replica in replicas:
            await asyncio.to_thread(replica.launch)  # at once, on an empty database
        for replica in replicas:
            await asyncio.to_thread(replica.await_ready)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            fleet = Fleet(replicas, session, dice)
            asked = await _drive(fleet, replicas, session, events, kills, dice)
        assert sorted(key for key, _ in fleet.delivered) == sorted(asked)
        statuses = postgres_server.sql(
            url.split("/")[3].split("?")[0], "SELECT event_status, count(*) FROM events GROUP BY 1"
        )
        assert statuses == f"4|{events}"
        per_replica = Counter(process for _, process in fleet.delivered)
        told("hub_fleet", events=events, devices=DEVICES, kills=kills, repeats=fleet.repeats, holders=dict(per_replica))
    finally:
        for replica in replicas:
            replica.end()


async def _drive(
    fleet: Fleet,
    replicas: Sequence[HubProcess],
    session: aiohttp.ClientSession,
    events: int,
    kills: int,
    dice: random.Random,
) -> list[int]:
    """Queues the events while replicas die and return; the keys that were answered."""
    devices = [await make_device(replicas[0].client(session), f"d{number}") for number in range(DEVICES)]
    fleet.wanted = events
    holders = [fleet.holder(device, 1 + number) for device in devices for number in range(HOLDERS)]
    killed = asyncio.ensure_future(_kill_now_and_then(replicas, kills, dice))
    async with in_background(*holders):
        asked = []
        for _ in range(events):
            body = {"deviceID": dice.choice(devices), **STOP}
            asked.append(int((await fleet.ask("POST", "/v1/event", body, once=True))["eventID"]))
        await killed
        await asyncio.wait_for(fleet.all_done.wait(), 60 + events / 10)
    return asked


async def _kill_now_and_then(replicas: Sequence[HubProcess], kills: int, dice: random.Random) -> None:
    for number in range(kills):
        await asyncio.sleep(dice.uniform(0.2, 1.0))
        replica = replicas[number % len(replicas)]
        await asyncio.to_thread(replica.kill)
        await asyncio.sleep(dice.uniform(0.0, 0.3))
        await asyncio.to_thread(replica.start)
