"""What a tree of processes costs while a camera films."""

import asyncio
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

SECONDS = float(os.environ.get("CUELIGHT_BENCH_SECONDS", "60"))
"""How long each program is watched, from its camera's first frame on."""

_SAMPLE_SECONDS = 1.0
_EMULATOR_THREAD = "v4l2-emulator"
_NS, _MIB = 1e9, 2**20


@dataclass(frozen=True, slots=True)
class Cost:
    """`cpu`: user and system seconds of the tree in the time watched, without the emulated camera's own thread.

    `driver`: that thread's. `memory`: the most that the tree held at once in MiB, PSS: pages shared with others count
    by their share.
    """

    cpu: float
    driver: float
    memory: float

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.cpu + other.cpu, self.driver + other.driver, self.memory + other.memory)


async def watch(pid: int, seconds: float = 0.0) -> Cost:
    """What process `pid` and all below it cost from now on."""
    seconds = seconds or SECONDS
    began, before = time.monotonic(), _spent(pid)
    memory = 0.0
    while (left := began + seconds - time.monotonic()) > 0:
        memory = max(memory, _memory(pid))
        await asyncio.sleep(min(_SAMPLE_SECONDS, left))
    after = _spent(pid)
    driver = after[1] - before[1]
    return Cost(after[0] - before[0] - driver, driver, memory)


def _tree(pid: int) -> list[psutil.Process]:
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


_OVER = (FileNotFoundError, ProcessLookupError, psutil.NoSuchProcess)
"""What is said about a process or thread that has ended meanwhile."""


def _spent(pid: int) -> tuple[float, float]:
    """CPU seconds so far of the tree, those of reaped children included; and of the emulated cameras in it."""
    total = driver = 0.0
    for process in _tree(pid):
        with suppress(*_OVER):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
            driver += _driver_seconds(process.pid)
    return total, driver


def _driver_seconds(pid: int) -> float:
    spent = 0.0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(*_OVER):
            if (task / "comm").read_text().strip() == _EMULATOR_THREAD:
                spent += int((task / "schedstat").read_text().split()[0]) / _NS
    return spent


def _memory(pid: int) -> float:
    total = 0
    for process in _tree(pid):
        with suppress(*_OVER):
            text = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
            total += next(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:"))
    return total / _MIB
