"""A real agent to measure, on a state folder of its own."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil

from agent.upstream.client import SignedClient
from agent.upstream.credentials import Credentials
from presets_store.clock import SystemClock
from presets_store.protocol.signing import sign_headers

MIB = 2**20
SERIAL = "bench-1"


class BenchAgent:
    """The process, a signed client of its API, and what it costs."""

    def __init__(self, folder: Path, process: "subprocess.Popen[bytes]", client: SignedClient, url: str) -> None:
        self.folder = folder
        self.url = url
        self._key = _key(folder)
        self.media = folder / "media"
        self.process = psutil.Process(process.pid)
        self.client = client

    @property
    def host(self) -> psutil.Process:
        """The camera host."""
        return next(child for child in self.process.children() if "hardware.host" in " ".join(child.cmdline()))

    def signed_requests(self, path: str, body: str, count: int) -> list[bytes]:
        """`count` whole POST requests, each with its own nonce and signature."""
        return [self._signed(path, body) for _ in range(count)]

    def _signed(self, path: str, body: str) -> bytes:
        access, secret = self._key
        headers = sign_headers(secret, access, "POST", path, {}, body, str(uuid.uuid4()), int(time.time()))
        lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body.encode())}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()

    async def run_event(self, event_type: str, **parameters: Any) -> int:
        """Queues an event on the agent's own device; answers its key."""
        body = {"deviceSerial": SERIAL, "eventType": event_type, "eventParameters": json.dumps(parameters)}
        return int((await self.client.request("POST", "/v1/event", body)).json()["eventID"])

    async def ended(self, event: int) -> dict[str, Any]:
        """The event's result when it is Complete; raises RuntimeError when it ended otherwise."""
        while True:
            record = (await self.client.request("GET", f"/v1/event/{event}")).json()
            if record["eventStatus"] == 4:
                return dict(json.loads(record["result"]))
            if record["eventStatus"] > 4:
                raise RuntimeError(f"event {event}: {record['result']}")
            await asyncio.sleep(0.02)


@asynccontextmanager
async def bench_agent(
    environment: dict[str, str] | None = None, module: str = "agent", **camera: Any
) -> AsyncIterator[BenchAgent]:
    """A ready agent with one camera; gone with its folder at the end. `environment` is put into its own."""
    with tempfile.TemporaryDirectory(prefix="cuelight-bench-", dir=Path.home()) as name:
        folder = Path(name)
        process = _started(
            [sys.executable, "-P", "-m", module, "run"], agent_environment(folder, camera) | (environment or {})
        )
        try:
            url = await asyncio.to_thread(ready_url, process)
            access, secret = _key(folder)
            client = SignedClient(url, Credentials(access, secret), SystemClock())
            try:
                yield BenchAgent(folder, process, client, url)
            finally:
                await client.close()
        finally:
            process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(process.wait, 30)
            if process.stdout:
                process.stdout.close()


def agent_environment(folder: Path, camera: dict[str, Any]) -> dict[str, str]:
    """The environment of an agent with this camera whose state is in `folder`."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("CUELIGHT_")},
        "CUELIGHT_STATE_FOLDER": str(folder),
        "CUELIGHT_API__PORT": "0",
        "CUELIGHT_DEVICE__SERIAL": SERIAL,
        "CUELIGHT_CAMERAS": json.dumps([{"id": "main", **camera}]),
        "CUELIGHT_LOG__LEVEL": "WARNING",
    }


def _started(command: list[str], environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)


def ready_url(process: "subprocess.Popen[bytes]") -> str:
    """The address of its API, when it says that it is ready."""
    url = ""
    for line in process.stdout or ():
        if line.strip().startswith(b"API"):
            url = line.split()[1].decode()
        if line.strip().startswith(b"data"):
            return url
    raise RuntimeError("the agent did not become ready")


def _key(folder: Path) -> tuple[str, str]:
    lines = (folder / "first-access-key.txt").read_text().splitlines()
    return lines[0].removeprefix("access key: "), lines[1].removeprefix("secret key: ")


def cpu_seconds(process: psutil.Process) -> float:
    """User and system time so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


def until_quiet(process: psutil.Process, seconds: float = 1.0) -> None:
    """Returns when the process has used next to no CPU for a while: start-up is over."""
    before = cpu_seconds(process)
    while True:
        time.sleep(seconds)
        now = cpu_seconds(process)
        if now - before < 0.02 * seconds:
            return
        before = now
