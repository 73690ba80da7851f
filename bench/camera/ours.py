"""The agent on an emulated camera of its own: what each of its works costs, host processes included."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fakes.emulator.camera import EmulatedCamera

from bench.agents import BenchAgent, bench_agent, until_quiet
from bench.camera.costs import SECONDS, Cost, watch
from bench.camera.peers import HEIGHT, RATE, STREAM_PORT, WIDTH, first_frame, hd_camera
from bench.camera.viewing import by_tcp, viewing

_SIZE = {"width": WIDTH, "height": HEIGHT, "fps": RATE}
_SPARE_SECONDS = 5


@asynccontextmanager
async def agent_at_camera(folder: Path, name: str, **settings: Any) -> AsyncIterator[tuple[BenchAgent, EmulatedCamera]]:
    """A quiet agent."""
    async with hd_camera(folder, name) as camera:
        address = str(camera.by_id)
        async with bench_agent(environment=camera.environment, backend="v4l2", address=address, **settings) as agent:
            await asyncio.to_thread(until_quiet, agent.process)
            yield agent, camera


async def recording(folder: Path, **parameters: Any) -> Cost:
    """A recording by an event."""
    async with agent_at_camera(folder, "recording") as (agent, camera):
        long = SECONDS + _SPARE_SECONDS
        event = await agent.run_event("Video_Start_recording", **_SIZE, durationSeconds=long, **parameters)
        await first_frame(camera)
        cost = await watch(agent.process.pid)
        result = await agent.ended(event)
        _check(result, long)
        return cost


def _check(result: dict[str, Any], seconds: float) -> None:
    """A cheap recording that is not whole would be no comparison."""
    frames = sum(clip["frames"] for clip in result["clips"])
    if abs(frames - seconds * RATE) > 2:
        raise RuntimeError(f"{frames} frames were recorded in {seconds} s")


async def watching(folder: Path) -> Cost:
    """The motion watch alone."""
    async with agent_at_camera(folder, "watching", module="bench.camera.watched_agent") as (agent, camera):
        await first_frame(camera)
        return await watch(agent.process.pid)


async def previewing(folder: Path) -> Cost:
    """One viewer of the local API's moving pictures."""
    async with agent_at_camera(folder, "previewing") as (agent, _), _viewer(agent):
        return await watch(agent.process.pid)


@asynccontextmanager
async def _viewer(agent: BenchAgent) -> AsyncIterator[None]:
    link = (await agent.client.request("POST", "/v1/camera/main/viewlink", {})).json()
    port = urlsplit(agent.url).port or 0
    async with viewing(by_tcp(port), link["mjpeg"]):
        yield


async def everything(folder: Path) -> Cost:
    """Recording, stream, viewer and motion watch of one camera, as their event types ask for it."""
    module = "bench.camera.watched_agent"
    async with agent_at_camera(folder, "everything", module=module) as (agent, _):
        long = SECONDS + 3 * _SPARE_SECONDS
        recording = await agent.run_event("Video_Start_recording", **_SIZE, durationSeconds=long)
        to = {"receiverIPAddress": "127.0.0.1", "port": STREAM_PORT}
        stream = await agent.run_event("Video_Start_send_UDP_video", **_SIZE, **to, durationSeconds=long)
        async with _viewer(agent):
            await asyncio.sleep(1)
            cost = await watch(agent.process.pid)
        _check(await agent.ended(recording), long)
        await agent.ended(stream)
        return cost


async def first_frame_before_request(folder: Path, pre_roll: float) -> float:
    """Milliseconds from the request to the clip's first frame, with a warm camera; negative when it lies before."""
    async with agent_at_camera(folder, "warm", keep_warm=True, ring_seconds=pre_roll + 1) as (agent, camera):
        await first_frame(camera)
        await asyncio.sleep(pre_roll + 2)
        requested = time.monotonic_ns()
        event = await agent.run_event(
            "Video_Start_recording", **_SIZE, encoding="copy", durationSeconds=0.5, preRollSeconds=pre_roll
        )
        result = await agent.ended(event)
        sidecar = json.loads((agent.media / (result["clips"][0]["file"] + ".json")).read_text())
        return float(sidecar["first_mono_ns"] - requested) / 1e6
