"""How the client judges a host's silence."""

import asyncio
import time
from pathlib import Path
from typing import cast

import pytest

from hardware.client import CameraClient, HostTiming
from hardware.errors import HostLost
from hardware.hostprocess import HostProcess
from hardware.models import CameraSpec, Model, Ping, Pong

TIMING = HostTiming(ping_every=0.02, silent_after=0.2)


class AnsweringHost:
    """Takes pings and answers them in the loop's next turn, as long as `answers` says so."""

    def __init__(self) -> None:
        self.answers = True
        self.pings = 0
        self.client = CameraClient(CameraSpec(camera_id="a", name="A", backend="null"), Path("/x"), timing=TIMING)

    def send(self, message: Model) -> None:
        assert isinstance(message, Ping)
        self.pings += 1
        if self.answers:
            pong = Pong(number=message.number, last_frame_mono_ns=0, resident_bytes=1)
            asyncio.get_running_loop().call_soon(self.client._take, pong)

    async def watch(self) -> None:
        await self.client._watch(cast("HostProcess", self))


async def test_a_silent_host_is_lost() -> None:
    host = AnsweringHost()
    host.answers = False
    began = time.monotonic()
    with pytest.raises(HostLost):
        await asyncio.wait_for(host.watch(), 5.0)
    assert TIMING.silent_after <= time.monotonic() - began < 2.0


async def test_a_host_is_not_lost_because_this_process_was_stopped_for_a_while() -> None:
    host = AnsweringHost()
    watching = asyncio.ensure_future(host.watch())
    while host.pings < 3:  # noqa: ASYNC110 - the host tells nobody
        await asyncio.sleep(0.005)
    await asyncio.sleep(TIMING.ping_every / 4)  # its answer was heard, and no ping is under way
    time.sleep(2 * TIMING.silent_after)  # noqa: ASYNC251 - the whole process hangs, as after SIGSTOP
    before = host.pings
    await asyncio.sleep(0.3)
    assert not watching.done()
    assert host.pings > before
    watching.cancel()
