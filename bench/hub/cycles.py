"""Events from being asked for to being done, as devices and their operators see them."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from bench.hub.hubs import BenchHub
from bench.plain_http import Connection
from bench.results import percentile

REQUESTS = 5
"""Of one cycle: wait, create, dequeue, Processing, Complete."""

_PROCESS = 1


@dataclass(frozen=True, slots=True)
class Cycles:
    """How many in a second, by all devices together; seconds that one takes."""

    per_second: float
    p50: float
    p99: float


async def repeated(work: Callable[[int], Awaitable[object]], workers: int, seconds: float) -> Cycles:
    """`work`, again and again, by so many at once; each is told its number."""
    began = time.perf_counter()
    took: list[float] = []

    async def worker(number: int) -> None:
        while (start := time.perf_counter()) - began < seconds:
            await work(number)
            took.append(time.perf_counter() - start)

    await asyncio.gather(*(worker(number) for number in range(workers)))
    elapsed = time.perf_counter() - began
    return Cycles(len(took) / elapsed, percentile(took, 0.5), percentile(took, 0.99))


class CyclingDevice:
    """A device that waits for its event, takes it, and reports; and an operator who asks for one."""

    def __init__(self, hub: BenchHub, key: int, device: Connection, operator: Connection) -> None:
        self._hub = hub
        self._key = key
        self._device = device
        self._operator = operator

    @classmethod
    async def on(cls, hub: BenchHub, key: int) -> "CyclingDevice":
        return cls(hub, key, await Connection.open(hub.url), await Connection.open(hub.url))

    async def cycle(self) -> int:
        """One event until it is Complete; its key."""
        body = {"deviceID": self._key, "agentType": "Video"}
        waiting = asyncio.create_task(self._ask("POST", "/v1/event/list/pending/longpoll", {"deviceID": self._key}))
        wanted = body | {"eventType": "Video_Stop_recording"}
        created = await self._hub.ask(self._operator, "POST", "/v1/event", wanted)
        await waiting
        event = await self._ask("POST", "/v1/event/dequeue", body | {"processID": _PROCESS})
        assert event["key"] == int(created["eventID"])
        token = {"X-Checkout-Token": event["checkoutToken"]}
        for status in (3, 4):
            report = {"eventStatus": status, "processID": _PROCESS}
            await self._ask("PUT", f"/v1/event/{event['key']}", report, **token)
        return int(event["key"])

    def close(self) -> None:
        self._device.close()
        self._operator.close()

    async def _ask(self, method: str, path: str, body: dict[str, Any], **headers: str) -> Any:
        return await self._hub.ask(self._device, method, path, body, **headers)


async def cycles(hub: BenchHub, keys: list[int], seconds: float) -> Cycles:
    """By all of these devices at once."""
    cycling = [await CyclingDevice.on(hub, key) for key in keys]
    for device in cycling:  # once each before it counts: what is first used is made then
        await device.cycle()
    figures = await repeated(lambda number: cycling[number].cycle(), len(cycling), seconds)
    for device in cycling:
        device.close()
    return figures
