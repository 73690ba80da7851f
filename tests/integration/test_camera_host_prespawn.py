"""Hosts that are started before anybody knows their camera: taken over, lost, not needed, orphaned."""

import asyncio
import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from fakes.hosts import file_camera
from fakes.recording import check_photo, make_photo_order

from hardware.client import CameraClient, HostTiming
from hardware.models import PhotoTaken
from hardware.prespawn import prespawn

FAST = HostTiming(ready=20.0, first_delay=0.05, longest_delay=0.2)


async def until(condition: Callable[[], object], timeout: float = 10.0) -> None:
    async with asyncio.timeout(timeout):
        while not condition():  # noqa: ASYNC110 - any condition, told by nobody
            await asyncio.sleep(0.01)


def is_there(pid: int) -> bool:
    """Whether the process table still has it, be it as a zombie."""
    return Path(f"/proc/{pid}").exists()


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def reaped(pid: int) -> int:
    """Waits for a child; the signal that ended it."""
    return os.WTERMSIG(os.waitpid(pid, 0)[1])


async def test_the_first_host_is_the_one_that_was_spawned(tmp_path: Path) -> None:
    spawned = prespawn()
    client = CameraClient(file_camera(tmp_path), tmp_path, timing=FAST, spawned=spawned)
    await client.start()
    handle = await client.photograph(make_photo_order(tmp_path))
    assert client.pid == spawned.pid
    reports = [report async for report in handle]
    assert isinstance(reports[0], PhotoTaken)
    check_photo(tmp_path, reports[0].photo)
    await client.stop()
    assert not is_there(spawned.pid)


async def test_its_death_is_noticed_and_it_is_replaced(tmp_path: Path) -> None:
    spawned = prespawn()
    client = CameraClient(file_camera(tmp_path), tmp_path, timing=FAST, spawned=spawned)
    await client.start()
    assert await client.ready(20.0)
    os.kill(spawned.pid, signal.SIGKILL)
    await until(lambda: client.pid not in (None, spawned.pid))
    assert not is_there(spawned.pid)
    assert await client.ready(20.0)
    await client.stop()


async def test_one_that_died_before_is_replaced(tmp_path: Path) -> None:
    spawned = prespawn()
    os.kill(spawned.pid, signal.SIGKILL)
    client = CameraClient(file_camera(tmp_path), tmp_path, timing=FAST, spawned=spawned)
    await client.start()
    assert await client.ready(20.0)
    assert client.pid != spawned.pid
    assert not is_there(spawned.pid)
    await client.stop()


async def test_one_that_hangs_is_killed(tmp_path: Path) -> None:
    spawned = prespawn()
    os.kill(spawned.pid, signal.SIGSTOP)
    timing = HostTiming(greeting=0.3, first_delay=0.05)
    client = CameraClient(file_camera(tmp_path), tmp_path, timing=timing, spawned=spawned)
    await client.start()
    await until(lambda: not is_there(spawned.pid))
    await client.stop()


async def test_nothing_is_left_of_hosts(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    before = open_descriptors()
    unneeded = prespawn()
    unneeded.discard()
    assert not is_there(unneeded.pid)
    never_started = prespawn()
    await CameraClient(file_camera(tmp_path), tmp_path, spawned=never_started).stop()
    assert not is_there(never_started.pid)
    client = CameraClient(file_camera(tmp_path), tmp_path, timing=FAST, spawned=prespawn())
    await client.start()
    assert await client.ready(20.0)
    await client.stop()
    del client
    await asyncio.sleep(0)
    gc.collect()
    assert open_descriptors() == before
    assert [str(warning.message) for warning in recwarn] == []


async def test_a_cancelled_client_leaves_no_host_running(tmp_path: Path) -> None:
    spawned = prespawn()
    client = CameraClient(file_camera(tmp_path), tmp_path, timing=FAST, spawned=spawned)
    await client.start()
    assert await client.ready(20.0)
    assert client._supervision is not None
    client._supervision.cancel()
    await asyncio.wait((client._supervision,))
    assert reaped(spawned.pid) == signal.SIGKILL


def test_a_spawned_host_ends_with_its_agent_although_its_socket_stays_open() -> None:
    code = """
import subprocess, sys, time
from hardware.prespawn import prespawn
host = prespawn()
holder = subprocess.Popen(["sleep", "60"], pass_fds=(host.fd,), stdout=subprocess.DEVNULL)
print(host.pid, holder.pid, flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-P", "-c", code], stdout=subprocess.PIPE, text=True) as agent:
        assert agent.stdout is not None
        host, holder = map(int, agent.stdout.readline().split())
        wait_for_signal_handler(host)
        agent.kill()
    try:
        deadline = time.monotonic() + 2.0
        while is_there(host) and "Z" not in Path(f"/proc/{host}/stat").read_text().split()[2]:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        os.kill(holder, signal.SIGKILL)


def wait_for_signal_handler(pid: int) -> None:
    """Returns when the process handles SIGTERM: it is past its start."""
    deadline = time.monotonic() + 10
    while not caught_signals(pid) & 1 << (signal.SIGTERM - 1):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def caught_signals(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("SigCgt")).split()[1], 16)


def test_spawning_needs_next_to_nothing() -> None:
    code = "import sys; import hardware.prespawn; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-P", "-c", code], check=True, capture_output=True, text=True).stdout
    assert not {"asyncio", "pydantic", "subprocess", "logging", "av", "hardware.models"} & set(found.split())


def descriptors(pid: int) -> Iterator[tuple[str, str]]:
    """What the process has open now; it opens and closes files meanwhile."""
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            yield path.name, str(path.readlink())


def test_a_host_gets_no_descriptor_of_ours_but_its_own(tmp_path: Path) -> None:
    with (tmp_path / "ours").open("w"):
        spawned = prespawn()
        try:
            wait_for_signal_handler(spawned.pid)
            names = dict(descriptors(spawned.pid))
        finally:
            spawned.discard()
    assert names["0"] == os.devnull
    assert names["3"].startswith("socket:")
    assert str(tmp_path / "ours") not in names.values()
