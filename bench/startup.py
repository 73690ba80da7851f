"""A device that starts without network: from exec of the agent to the first frame of its standalone preset's clip.

Each run is the first start after the preset was bound: a copy of one prepared state folder, a new process. Right
before or after it comes its peer, which knows what is in the sealed cache without reading it (bench/unread_cache.py);
ratios are medians over these pairs. The first frame may be older than the event: the camera films into its ring while
the store is still being opened.
"""

import asyncio
import base64
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from agent.cli.client import AgentClient
from bench.agents import agent_environment, ready_url
from bench.results import Result, percentile
from bench.unread_cache import ENTRIES
from hardware.sources.file import FOOTAGE
from presets_store.cache import open_cache
from presets_store.sealing import load_keyring

Found = TypeVar("Found")

RUNS = 20
AIM = 1.2
CLIP_SECONDS = 0.3
WITHIN = 30.0
CAMERA = {"backend": "file"}
COMPLETE = 4

AGENT = ("-m", "agent", "run")
UNREAD = ("-m", "bench.unread_cache", "run")

ONE_PACKET = """
import sys, time
import av
with av.open(sys.argv[1]) as container:
    next(container.demux(video=0))
print(time.monotonic_ns())
"""


@dataclass(frozen=True, slots=True)
class Start:
    """One start, in milliseconds since exec. `frame`: capture of the clip's first one. `event`: made in the store."""

    frame: float
    event: float


async def measure(folder: Path) -> list[Result]:  # noqa: ARG001  # a real disk is wanted, as the other agents have
    """With the cache, without reading it, with the database destroyed, and what Python and PyAV alone take."""
    return await asyncio.to_thread(_measure)


def _measure() -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="cuelight-bench-", dir=Path.home()) as name:
        folder = Path(name)
        template = folder / "template"
        _prepare(template)
        known = {ENTRIES: _entries(template)}
        read, unread, destroyed, floor = [], [], [], []
        for number in range(RUNS):
            if number % 2:
                read.append(_start(template, folder / "state", AGENT))
            unread.append(_start(template, folder / "state", UNREAD, known))
            if not number % 2:
                read.append(_start(template, folder / "state", AGENT))
            destroyed.append(_start(template, folder / "state", AGENT, destroy=True))
            floor.append(_floor())
    return _results(read, unread, destroyed, percentile(floor, 0.5))


def _results(read: list[Start], unread: list[Start], destroyed: list[Start], floor: float) -> list[Result]:
    frame, peer = _middle(read, "frame"), _middle(unread, "frame")
    event, peer_event = _middle(read, "event"), _middle(unread, "event")
    lost, lost_event = _middle(destroyed, "frame"), _middle(destroyed, "event")
    slowest = max(start.frame for start in read)
    ratio, event_ratio = _ratio(read, unread, "frame"), _ratio(read, unread, "event")
    name = "standalone start, exec to"
    without = "the same without reading the cache"
    bare = f"exec of Python to one packet of the same file by PyAV, {floor:.0f} ms"
    aim = f"at most {AIM} times"
    return [
        Result(f"{name} first recorded frame, p50", frame, "ms", f"{without}, {peer:.0f} ms", ratio, aim, ratio <= AIM),
        Result(f"{name} first recorded frame, slowest of {RUNS}", slowest, "ms", bare, slowest / floor, None, None),
        Result(f"{name} stored event, p50", event, "ms", f"{without}, {peer_event:.0f} ms", event_ratio, None, None),
        Result(f"{name} first recorded frame, database destroyed, p50", lost, "ms", bare, lost / floor, None, None),
        Result(f"{name} stored event, database destroyed, p50", lost_event, "ms", "", None, None, None),
    ]


def _middle(starts: list[Start], what: str) -> float:
    return percentile([getattr(start, what) for start in starts], 0.5)


def _ratio(starts: list[Start], peers: list[Start], what: str) -> float:
    pairs = zip(starts, peers, strict=True)
    return percentile([getattr(start, what) / getattr(peer, what) for start, peer in pairs], 0.5)


def _prepare(state: Path) -> None:
    """An agent that has a preset bound as standalone, and was stopped then."""
    with _running(state, AGENT, {}) as process:
        ready_url(process)
        client = AgentClient(state / "api.sock")
        preset = client.post(
            "/v1/eventpreset",
            {
                "eventPresetName": "Standalone",
                "deviceID": client.get("/v1/status")["deviceID"],
                "deviceGroupID": 0,
                "eventType": "Video_Start_recording",
                "eventParameters": json.dumps({"durationSeconds": CLIP_SECONDS}),
                "priority": 1,
                "maxAttempts": 1,
                "expirationEpoch": 0,
            },
        )
        event = client.post(f"/v1/eventpreset/startupevent/standalone/{preset['key']}", {})["EventID"]
        _await(lambda: client.get(f"/v1/event/{event}")["eventStatus"] == COMPLETE, "the preset to be sealed")


def _entries(state: Path) -> str:
    """What is in the sealed cache, as bench/unread_cache.py takes it."""
    cache, report = open_cache(state / "sealed", load_keyring(state / "seal.key")[0])
    if report.damage:
        raise RuntimeError(report.damage)
    values = {name: base64.b64encode(cache.get(name) or b"").decode() for name in cache.names()}
    cache.close()
    return json.dumps(values)


def _start(
    template: Path,
    state: Path,
    program: tuple[str, ...],
    more: dict[str, str] | None = None,
    *,
    destroy: bool = False,
) -> Start:
    shutil.copytree(template, state)
    if destroy:
        (state / "cuelight.db").write_bytes(os.urandom((state / "cuelight.db").stat().st_size))
    mono, wall = time.monotonic_ns(), time.time()
    try:
        with _running(state, program, more or {}):
            (sidecar,) = _await(lambda: _closed_sidecars(state / "media"), "the clip")
        return Start(frame=(sidecar["first_mono_ns"] - mono) / 1e6, event=(_accepted(state) - wall) * 1e3)
    finally:
        shutil.rmtree(state)


@contextmanager
def _running(state: Path, program: tuple[str, ...], more: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    environment = agent_environment(state, CAMERA) | more
    command = [sys.executable, "-P", *program]
    log = state.with_name("agent.log")  # of the last one; that it finds a destroyed database is no news here
    with log.open("wb") as errors:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        if process.wait(WITHIN) != 0:
            raise RuntimeError(f"the agent ended with exit code {process.returncode}: {log.read_text()}")
        if process.stdout:
            process.stdout.close()


def _accepted(state: Path) -> float:
    """When (epoch s) the start-up event became a row of the database."""
    with closing(sqlite3.connect(state / "cuelight.db")) as connection:
        (row,) = connection.execute("SELECT created FROM events WHERE cause LIKE 'startup:%'").fetchall()
        return float(row[0]) / 1e6


def _closed_sidecars(media: Path) -> list[dict[str, Any]]:
    found = [json.loads(path.read_bytes()) for path in media.rglob("*.json")]
    return [sidecar for sidecar in found if sidecar["closed"]]


def _floor() -> float:
    """Milliseconds from exec of Python to one packet of the camera's file, read by PyAV."""
    started = time.monotonic_ns()
    command = [sys.executable, "-P", "-c", ONE_PACKET, str(FOOTAGE)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True)
    return (int(done.stdout) - started) / 1e6


def _await(look: Callable[[], Found], what: str) -> Found:
    """The first answer that is not empty."""
    deadline = time.monotonic() + WITHIN
    while not (found := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {WITHIN:g} s in vain for {what}")
        time.sleep(0.05)
    return found
