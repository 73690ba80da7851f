"""A file sent to a hub: by the agent's uploader, and by curl to the same signed address."""

import asyncio
import hashlib
import os
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.upstream.transport import Transport
from agent.upstream.uploads.bucket import TokenBucket
from agent.upstream.uploads.reading import Source
from agent.upstream.uploads.sending import Sender
from bench.hub.hubs import PLACE, BenchHub
from bench.plain_http import Connection
from bench.results import percentile
from bench.upstream.devices import PEER_SERIAL, enrolled
from presets_store.clock import SystemClock

UNLIMITED = 0


@dataclass(frozen=True, slots=True)
class Sent:
    """Seconds from the first byte to the hub's answer, each the median of `rounds`, for a file of `length` bytes."""

    length: int
    rounds: int
    ours: float
    curl: float


async def sent_both_ways(hub: BenchHub, length: int, rounds: int) -> Sent:
    """In turns, and once each before it counts. Every time the whole file goes, and is on the hub's disk in the end."""
    with tempfile.TemporaryDirectory(prefix="cuelight-bench-", dir=PLACE) as folder:
        file = Path(folder) / "clip.mp4"
        await asyncio.to_thread(file.write_bytes, os.urandom(length))
        digest = hashlib.sha256(await asyncio.to_thread(file.read_bytes)).hexdigest()
        source = Source(file, file.name, length, digest)
        address = await _address(hub, source)
        ours: list[float] = []
        curl: list[float] = []
        async with _sender() as sender:
            for _ in range(rounds + 1):
                began = time.perf_counter()
                await sender.send(address, source, lambda _: None, begun=False)
                ours.append(time.perf_counter() - began)
                curl.append(await _by_curl(file, address))
    return Sent(length, rounds, percentile(ours[1:], 0.5), percentile(curl[1:], 0.5))


async def _address(hub: BenchHub, source: Source) -> str:
    """Where the file is to be sent."""
    operator = await Connection.open(hub.url)
    try:
        await enrolled(hub, operator, f"{PEER_SERIAL}-{source.size}")
        body = {"filename": source.name, "fileSize": source.size, "sHA256Hash": source.sha256}
        named = {"deviceName": f"{PEER_SERIAL}-{source.size}"}
        return str((await hub.ask(operator, "POST", "/v1/file", body | named))["fileLocation"])
    finally:
        operator.close()


@asynccontextmanager
async def _sender() -> AsyncIterator[Sender]:
    clock = SystemClock()
    sender = Sender(Transport("", clock), clock, TokenBucket(UNLIMITED, clock), "the hub")
    try:
        yield sender
    finally:
        await sender.close()


async def _by_curl(file: Path, address: str) -> float:
    """As curl measures it: without the start of its process. Raises RuntimeError unless the status is 200."""
    told = ("--write-out", "%{http_code} %{time_total}", "--output", "/dev/null", "--silent", "--show-error")
    process = await asyncio.create_subprocess_exec(
        "curl", *told, "--upload-file", str(file), address, stdout=asyncio.subprocess.PIPE
    )
    answer, _ = await process.communicate()
    status, seconds = answer.decode().split()
    if status != "200":
        raise RuntimeError(f"curl was answered {status}")
    return float(seconds)
