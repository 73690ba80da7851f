"""What an idle agent costs: memory and CPU, and a camera host at 720p with its ring."""

import asyncio
from pathlib import Path

from bench.agents import MIB, bench_agent, cpu_seconds, until_quiet
from bench.footage import footage_720p
from bench.results import Result

AGENT_MIB = 100
HOST_MIB = 60
CPU_PERCENT = 0.2
WATCHED_SECONDS = 60


async def measure(folder: Path) -> list[Result]:
    """Memory of both processes; CPU of an agent whose camera is closed."""
    async with bench_agent(backend="file") as agent:
        await asyncio.to_thread(until_quiet, agent.process)
        before = cpu_seconds(agent.process), cpu_seconds(agent.host)
        await asyncio.sleep(WATCHED_SECONDS)
        spent = cpu_seconds(agent.process) - before[0], cpu_seconds(agent.host) - before[1]
        memory = agent.process.memory_info().rss / MIB
    async with bench_agent(backend="file", address=str(footage_720p(folder)), keep_warm=True) as agent:
        await asyncio.sleep(5)
        host = agent.host.memory_info().rss / MIB
    cpu, host_cpu = (100 * seconds / WATCHED_SECONDS for seconds in spent)
    return [
        _limited("idle agent, resident memory", memory, "MiB", AGENT_MIB),
        _limited("camera host at 720p30 with its ring, resident memory", host, "MiB", HOST_MIB),
        _limited("idle agent, CPU", cpu, "% of a core", CPU_PERCENT),
        Result("idle camera host (camera closed), CPU", host_cpu, "% of a core", "", None, None, None),
    ]


def _limited(name: str, value: float, unit: str, aim: float) -> Result:
    return Result(name, value, unit, f"budget {aim} {unit}", value / aim, f"at most {aim} {unit}", value <= aim)
