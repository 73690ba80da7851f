"""How many requests are accepted durably, against what the disk can do at all."""

import asyncio
import json
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench.agents import BenchAgent, bench_agent
from bench.plain_http import Connection
from bench.results import Result, percentile
from presets_store.clock import SystemClock
from presets_store.protocol.events import CreateEvent
from presets_store.sealing import KEY_BYTES, KEY_ID_BYTES, Sealer
from presets_store.services import build_services
from presets_store.services.caller import INSIDE
from presets_store.storage import open_database

CALLERS = 64
SECONDS = 10.0
MOST_REQUESTS = 60_000
SINGLE_REQUESTS = 300
RATE_AIM = 0.5
P50_AIM_MS = 5.0
OTHER = "bench-other-device"


async def measure(_: Path) -> list[Result]:
    """Events for a device that is not the agent's own, so that accepting alone is measured."""
    async with bench_agent(backend="null") as agent:
        await agent.client.request("POST", "/v1/device", {"serialNumber": OTHER, "deviceName": OTHER})
        await _create(agent)
        single = [await _create(agent) for _ in range(SINGLE_REQUESTS)]
        bare = await asyncio.to_thread(bare_commits, len(_body()))
        rate = await _rate(agent)
    inside = await store_rate()
    middle = percentile(single, 0.5) * 1000
    ratio = rate / bare
    limit = f"bare synchronous=FULL commits of the same size, {bare:.0f}/s"
    commit = f"one bare commit, {1000 / bare:.2f} ms"
    slow = middle * bare / 1000
    return [
        Result(f"accepted requests, {CALLERS} callers", rate, "1/s", limit, ratio, "half", ratio >= RATE_AIM),
        Result(f"accepted events, {CALLERS} callers, without HTTP", inside, "1/s", limit, inside / bare, None, None),
        Result("accepted request, one caller, p50", middle, "ms", commit, slow, "at most 5 ms", middle <= P50_AIM_MS),
        Result("accepted request, one caller, p99", percentile(single, 0.99) * 1000, "ms", "", None, None, None),
    ]


async def store_rate() -> float:
    """Events that the store itself accepts per second: the same work without HTTP and signatures."""
    with tempfile.TemporaryDirectory(prefix="cuelight-bench-", dir=Path.home()) as folder:
        database = await open_database(f"sqlite:///{folder}/store.db")
        services = await build_services(
            database, SystemClock(), Sealer(bytes(KEY_BYTES), "00" * KEY_ID_BYTES), own_serial=OTHER
        )
        body = CreateEvent.model_validate(_wanted())

        async def accept() -> None:
            await services.events.create(INSIDE, body)

        rate = await _per_second(accept)
        await database.close()
    return rate


def bare_commits(size: int) -> float:
    """Commits per second of one connection that inserts a row of `size` bytes, on the same file system."""
    with tempfile.TemporaryDirectory(prefix="cuelight-bench-", dir=Path.home()) as folder:
        connection = sqlite3.connect(Path(folder) / "bare.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE rows (key INTEGER PRIMARY KEY, body TEXT)")
        started, done = time.perf_counter(), 0
        while time.perf_counter() - started < SECONDS / 2:
            connection.execute("INSERT INTO rows (body) VALUES (?)", ("x" * size,))
            done += 1
        elapsed = time.perf_counter() - started
        connection.close()
    return done / elapsed


def _body() -> str:
    return json.dumps(_wanted())


def _wanted() -> dict[str, object]:
    parameters = json.dumps({"durationSeconds": 10, "fps": 30, "bitrate": 5_000_000, "width": 1280, "height": 720})
    return {"deviceSerial": OTHER, "eventType": "Video_Start_recording", "eventParameters": parameters}


async def _create(agent: BenchAgent) -> float:
    """Seconds that one accepted request took."""
    started = time.perf_counter()
    await agent.client.request("POST", "/v1/event", _wanted())
    return time.perf_counter() - started


async def _rate(agent: BenchAgent) -> float:
    """Accepted requests per second over HTTP, signed beforehand, so that the callers leave the server its cores."""
    requests = iter(agent.signed_requests("/v1/event", _body(), MOST_REQUESTS))
    connections: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(CALLERS):
        connections.put_nowait(await Connection.open(agent.client.url))

    async def accept() -> None:
        connection = connections.get_nowait()
        await connection.ask(next(requests))
        connections.put_nowait(connection)

    rate = await _per_second(accept)
    while not connections.empty():
        connections.get_nowait().close()
    return rate


async def _per_second(accept: Callable[[], Awaitable[None]]) -> float:
    """How often `accept` is done per second with all callers at work."""
    started = time.perf_counter()

    async def caller() -> int:
        done = 0
        while time.perf_counter() - started < SECONDS:
            await accept()
            done += 1
        return done

    accepted = sum(await asyncio.gather(*(caller() for _ in range(CALLERS))))
    return accepted / (time.perf_counter() - started)
