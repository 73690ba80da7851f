"""From the `run` request to the first frame of the clip: its capture time stamp against the moment of the request."""

import asyncio
import json
import subprocess
import time
from pathlib import Path

from bench.agents import BenchAgent, bench_agent
from bench.footage import footage_720p
from bench.results import Result, percentile

WARM_RUNS = 60
COLD_RUNS = 20
FRAME_MS = 1000 / 30
COLD_AIM = 4.0


async def measure(folder: Path) -> list[Result]:
    """Warm and cold, and ffmpeg on the same file from its exec to its first packet."""
    source = footage_720p(folder)
    async with bench_agent(backend="file", address=str(source), keep_warm=True) as agent:
        await asyncio.sleep(3)
        warm = [await _delay(agent) for _ in range(WARM_RUNS)]
    async with bench_agent(backend="file", address=str(source)) as agent:
        await asyncio.sleep(1)
        cold = [await _delay(agent, pause=0.3) for _ in range(COLD_RUNS)]
    peer = [await asyncio.to_thread(_ffmpeg_delay, source) for _ in range(COLD_RUNS)]
    worst, middle, ffmpeg = percentile(warm, 0.99), percentile(cold, 0.5), percentile(peer, 0.5)
    frame = f"one frame time, {FRAME_MS:.1f} ms"
    aim = "before or at the request plus one frame time"
    exec_to_packet = f"ffmpeg -c copy, {ffmpeg:.1f} ms from exec to its first packet"
    ratio, cold_aim = ffmpeg / middle, f"{COLD_AIM:.0f} times as fast"
    slowest = percentile(cold, 0.99)
    met = ratio >= COLD_AIM
    return [
        Result("run request to first frame, warm, p99", worst, "ms", frame, worst / FRAME_MS, aim, worst <= FRAME_MS),
        Result("run request to first frame, cold, p50", middle, "ms", exec_to_packet, ratio, cold_aim, met),
        Result("run request to first frame, cold, p99", slowest, "ms", "", None, None, None),
    ]


async def _delay(agent: BenchAgent, pause: float = 0.0) -> float:
    """Milliseconds from sending a request to the capture of the clip's first frame; negative when it lies before."""
    await asyncio.sleep(pause)
    requested = time.monotonic_ns()
    event = await agent.run_event("Video_Start_recording", durationSeconds=0.3)
    result = await agent.ended(event)
    sidecar = json.loads((agent.media / (result["clips"][0]["file"] + ".json")).read_text())
    return float(sidecar["first_mono_ns"] - requested) / 1e6


def _ffmpeg_delay(source: Path) -> float:
    """Milliseconds from exec of ffmpeg to the first byte of its first packet."""
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-re",
        "-i",
        str(source),
        "-c",
        "copy",
        "-flush_packets",
        "1",
        "-f",
        "h264",
        "pipe:1",
    ]
    started = time.monotonic_ns()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
        if process.stdout is None or not process.stdout.read(1):
            raise RuntimeError("ffmpeg wrote nothing")
        delay = (time.monotonic_ns() - started) / 1e6
        process.kill()
    return delay
