"""The announcement to a real server on loopback; how it behaves is what the test says."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from fakes.clock import ManualClock
from fakes.served_store import SERIAL, served_store, until

from agent.startup.link import announce
from agent.upstream.client import SignedClient
from agent.upstream.credentials import Credentials
from presets_store.rules.startup import Link, LinkState
from presets_store.services.caller import INSIDE

GRACE = 15.0


@asynccontextmanager
async def upstream(*statuses: int) -> AsyncIterator[tuple[str, list[str]]]:
    """Answers with these statuses in turn, the last one again and again; its address and the boot ids it was told."""
    told: list[str] = []

    async def ready(request: web.Request) -> web.Response:
        told.append(request.headers["X-Boot-ID"])
        return web.Response(status=statuses[min(len(told), len(statuses)) - 1], text="{}")

    app = web.Application()
    app.router.add_post("/v1/device/ready", ready)
    runner = web.AppRunner(app)
    await runner.setup()
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    await web.SockSite(runner, listener).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", told
    finally:
        await runner.cleanup()


async def announced(url: str, clock: ManualClock, *, passing: float = 0.0) -> Link:
    """What an announcement to `url` comes to, while the clock runs `passing` seconds a turn of the loop."""
    client = SignedClient(url, Credentials("key", "secret"), clock)
    try:
        running = asyncio.ensure_future(announce(client, SERIAL, "boot-1", grace=GRACE, clock=clock))
        while not running.done():
            await asyncio.sleep(0.002)
            clock.advance(passing)
        return running.result()
    finally:
        await client.close()


async def test_without_an_upstream_there_is_nothing_to_wait_for() -> None:
    assert await announce(None, SERIAL, "boot-1", grace=GRACE, clock=ManualClock()) == Link(LinkState.NONE)


async def test_one_that_answers_is_reached() -> None:
    async with upstream(200) as (url, told):
        assert await announced(url, ManualClock()) == Link(LinkState.REACHED, url)
    assert told == ["boot-1"]


async def test_a_server_in_trouble_is_asked_again() -> None:
    async with upstream(503, 500, 429, 200) as (url, told):
        assert (await announced(url, ManualClock(), passing=0.1)).state is LinkState.REACHED
    assert len(told) == 4


async def test_a_refusal_is_final_and_told() -> None:
    async with upstream(401) as (url, told):
        link = await announced(url, ManualClock())
    assert link.state is LinkState.REFUSED
    assert "401" in link.detail
    assert len(told) == 1


async def test_nobody_there_is_given_the_whole_grace() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        clock = ManualClock()
        started = clock.monotonic()
        link = await announced(url, clock, passing=0.2)
    assert link.state is LinkState.UNREACHABLE
    assert url in link.detail
    assert GRACE <= clock.monotonic() - started < GRACE + 2


async def test_a_silent_upstream_is_not_waited_for_beyond_the_grace() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    with listener:
        clock = ManualClock()
        link = await announced(f"http://127.0.0.1:{listener.getsockname()[1]}", clock, passing=0.5)
    assert link.state is LinkState.UNREACHABLE
    assert "is silent" in link.detail


async def test_a_real_store_takes_it(tmp_path: Path) -> None:
    async with served_store(tmp_path) as store:
        client = SignedClient(
            store.root, Credentials(store.client.key.access_key, store.client.key.secret), store.clock
        )
        try:
            link = await announce(client, SERIAL, "boot-1", grace=GRACE, clock=store.clock)
        finally:
            await client.close()
        assert link.state is LinkState.REACHED
        device = await store.services.devices.get(INSIDE, store.device)
        assert device.last_heard_from_date > 0


async def test_what_is_cut_short_leaves_no_request_behind() -> None:
    async with upstream(503) as (url, told):
        client = SignedClient(url, Credentials("key", "secret"), ManualClock())
        clock = ManualClock()
        running = asyncio.ensure_future(announce(client, SERIAL, "boot-1", grace=GRACE, clock=clock))
        await until(lambda: told)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await client.close()
        assert len(told) == 1
