"""Two devices of one hub: one has the agent, the other the minimal loop."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import agents
from bench.hub.hubs import BenchHub, request_bytes
from bench.plain_http import Connection
from bench.upstream.starts import FILE
from presets_store.services.people.keys import NewKey

PEER_SERIAL = "bench-2"


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A device's record at the hub, and the key pair that is its own."""

    device: int
    serial: str
    pair: NewKey


async def enrolled(hub: BenchHub, operator: Connection, serial: str) -> Enrolled:
    """A new device."""
    made = await hub.ask(operator, "POST", "/v1/device", {"serialNumber": serial, "deviceName": serial})
    offered = await hub.ask(operator, "POST", "/v1/enrolment", {"deviceID": made["key"]})
    body = json.dumps({"token": offered["token"], "serialNumber": serial})
    answer = json.loads(await operator.ask(request_bytes("POST", "/v1/register/device", body, {})))
    return Enrolled(int(made["key"]), serial, NewKey(answer["accessKey"], answer["secretKey"]))


@asynccontextmanager
async def agent_of(device: Enrolled, url: str) -> AsyncIterator[Path]:
    """A ready agent whose upstream is there; the file of its starts. It has no camera: what is asked needs none."""
    assert device.serial == agents.SERIAL
    with tempfile.TemporaryDirectory(prefix="cuelight-bench-") as folder:
        starts = Path(folder) / "starts"
        environment = {
            "CUELIGHT_UPSTREAM__URL": url,
            "CUELIGHT_UPSTREAM__ACCESS_KEY": device.pair.access_key,
            "CUELIGHT_UPSTREAM__SECRET_KEY": device.pair.secret,
            FILE: str(starts),
        }
        async with agents.bench_agent(environment, "bench.upstream.timed_agent", backend="null"):
            yield starts


@asynccontextmanager
async def loop_of(device: Enrolled, url: str) -> AsyncIterator[Path]:
    """The minimal loop of the third-party client; the file of its starts."""
    with tempfile.TemporaryDirectory(prefix="cuelight-bench-") as folder:
        starts = Path(folder) / "starts"
        pair = {"BENCH_ACCESS_KEY": device.pair.access_key, "BENCH_SECRET_KEY": device.pair.secret}
        process = subprocess.Popen(  # noqa: ASYNC220 - it only starts
            [sys.executable, "-P", "-W", "ignore", "-m", "bench.upstream.minimal_loop", url, device.serial],
            env=os.environ | pair | {FILE: str(starts)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        try:
            yield starts
        finally:
            process.terminate()
            await asyncio.to_thread(process.wait, 10)
