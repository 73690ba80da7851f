"""Thousands of requests that wait, and how soon each is answered when its event comes."""

import asyncio
import gc
import itertools
import json
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psutil

from bench.hub.hubs import BenchHub, request_bytes
from bench.plain_http import Connection
from bench.results import percentile

_BEGUN = 125
"""Polls that begin in a second: half more than in a minute of waiting come again."""

_CALLERS = 50
"""Who ask for events."""

_SETTLED_SECONDS = 2.0
_MIB = 2**20

Ask = Callable[[Connection, int], Awaitable[Any]]
"""Over a connection, about the device of this key."""


@dataclass(frozen=True, slots=True)
class Held:
    """KiB of the server's memory for each poll; seconds from asking for an event until its device is told."""

    kib: float
    p50: float
    p99: float


class _Crowd:
    """Polls that wait. One that is answered with an event is followed by one of a device that has had none."""

    def __init__(self, url: str, poll: Ask, keys: Iterator[int]) -> None:
        self._url = url
        self._poll = poll
        self._keys = keys
        self._running: set[asyncio.Task[None]] = set()
        self.waiting: list[int] = []
        self.asked: dict[int, float] = {}
        self.took: list[float] = []

    async def gather(self, count: int) -> None:
        """Returns when `count` of them wait."""
        for _ in range(count):
            task = asyncio.create_task(self._wait())
            self._running.add(task)
            task.add_done_callback(self._running.discard)
            await asyncio.sleep(1 / _BEGUN)
        await asyncio.sleep(_SETTLED_SECONDS)

    async def _wait(self) -> None:
        connection = await Connection.open(self._url)
        for key in self._keys:
            self.waiting.append(key)
            while not await self._poll(connection, key):  # nothing came within a minute
                pass
            self.took.append(time.perf_counter() - self.asked.pop(key))

    def choose(self, dice: random.Random) -> int:
        """A device that waits, and is not chosen again."""
        place = dice.randrange(len(self.waiting))
        self.waiting[place], self.waiting[-1] = self.waiting[-1], self.waiting[place]
        return self.waiting.pop()

    async def leave(self) -> None:
        for task in self._running:
            task.cancel()
        for task in list(self._running):
            with suppress(asyncio.CancelledError):
                await task


async def held(
    url: str, pid: int, keys: list[int], polls: int, events: tuple[int, float], poll: Ask, wake: Ask
) -> Held:
    """`events`: how many a second, for how many seconds; `keys` has a device for each poll and each event."""
    crowd = _Crowd(url, poll, iter(keys))
    before = _memory(pid)
    await crowd.gather(polls)
    each = (_memory(pid) - before) / polls * 1024
    gc.collect()
    gc.freeze()  # else the crowd's own garbage collection, up to a second long, is taken for the server's time
    rate, seconds = events
    callers: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(_CALLERS):
        callers.put_nowait(await Connection.open(url))

    async def ask(key: int) -> None:
        caller = await callers.get()
        await wake(caller, key)
        callers.put_nowait(caller)

    dice, began = random.Random(5), time.perf_counter()
    asking = []
    for number in range(int(rate * seconds)):
        due = began + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        key = crowd.choose(dice)
        crowd.asked[key] = due  # and not when it is sent: a server that falls behind is not to gain by it
        asking.append(asyncio.create_task(ask(key)))
    await asyncio.gather(*asking)
    async with asyncio.timeout(300):
        while len(crowd.took) < len(asking):  # noqa: ASYNC110 - the crowd is no place for a signal per answer
            await asyncio.sleep(0.05)
    await crowd.leave()
    return Held(each, percentile(crowd.took, 0.5), percentile(crowd.took, 0.99))


async def held_by_hub(hub: BenchHub, polls: int, events: tuple[int, float]) -> Held:
    """Long-polls of as many devices."""

    async def poll(connection: Connection, key: int) -> Any:
        return await hub.ask(connection, "POST", "/v1/event/list/pending/longpoll", {"deviceID": key})

    async def wake(connection: Connection, key: int) -> None:
        body = {"deviceID": key, "agentType": "Video", "eventType": "Video_Stop_recording"}
        await hub.ask(connection, "POST", "/v1/event", body)

    keys = await hub.new_devices(polls + int(events[0] * events[1]))
    return await held(hub.url, hub.pid, keys, polls, events, poll, wake)


async def held_by_nothing(url: str, pid: int, polls: int, events: tuple[int, float]) -> Held:
    """The same requests to handlers that only wait for each other."""

    async def poll(connection: Connection, key: int) -> Any:
        return json.loads(await connection.ask(request_bytes("POST", f"/wait/{key}", "{}", {})))

    async def wake(connection: Connection, key: int) -> None:
        await connection.ask(request_bytes("POST", f"/wake/{key}", "{}", {}))

    keys = list(itertools.islice(itertools.count(1), polls + int(events[0] * events[1])))
    return await held(url, pid, keys, polls, events, poll, wake)


def _memory(pid: int) -> float:
    """MiB of this process alone."""
    return float(psutil.Process(pid).memory_info().rss / _MIB)
