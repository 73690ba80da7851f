"""A file on a bad network: somebody on the way says 200, and a question that was held back ends what is being sent."""

import asyncio
import hashlib
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from fakes.clock import ManualClock
from fakes.far_server import far_server
from fakes.hostile_plan import Fault, Trouble
from fakes.hostile_proxy import HostileProxy
from fakes.two_stores import TwoStores, two_stores
from fakes.uploading import FILM, Device
from sqlalchemy import select

from agent.errors import UpstreamUnreachable
from agent.upstream.transport import Transport
from agent.upstream.uploads.bucket import TokenBucket
from agent.upstream.uploads.reading import Source
from agent.upstream.uploads.sending import Sender
from presets_store.storage.media.tables import uploads


@pytest.mark.parametrize("trouble", [Trouble.PORTAL_PAGE, Trouble.PORTAL_REDIRECT])
@pytest.mark.parametrize("begun", [False, True], ids=["PUT", "HEAD"])
async def test_a_sign_in_page_is_no_answer_to_a_file(trouble: Trouble, begun: bool, tmp_path: Path) -> None:
    async def taken(_: web.Request) -> web.Response:
        return web.Response()

    file = tmp_path / "clip.mp4"
    file.write_bytes(b"recorded")
    source = Source(file, "clip.mp4", 8, hashlib.sha256(b"recorded").hexdigest())
    faults = iter([Fault(trouble)])
    clock = ManualClock()
    async with far_server(taken) as server:
        target = int(server.url.rpartition(":")[2])
        async with HostileProxy(lambda _: next(faults, Fault()), target=target) as proxy:
            sender = Sender(Transport(proxy.url, clock), clock, TokenBucket(0, clock), "the upstream")
            try:
                with pytest.raises(UpstreamUnreachable, match="sign-in"):
                    await sender.send(f"{proxy.url}/content", source, lambda _: None, begun=begun)
                await sender.send(f"{proxy.url}/content", source, lambda _: None, begun=begun)
            finally:
                await sender.close()
        assert [request.method for request in server.requests][-1] == "PUT"


async def test_a_file_that_is_cut_short_by_a_late_question_goes_on_at_once(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        device = Device(stores, tmp_path / "media", settings={"rate": len(FILM) // 10})
        await device.clip("one.mp4")
        async with device.uploading():
            address = await address_of_what_is_sent(stores)
            for _ in range(10):
                stores.pass_time(0.2)
                await asyncio.sleep(0.01)
            async with aiohttp.ClientSession() as session, session.head(address) as answer:
                assert 0 < int(answer.headers["Upload-Offset"]) < len(FILM)
            await device.sent("main/one.mp4", passing=0.2)
        (clip,) = await device.there()
        assert await device.fetched(clip["fileID"]) == FILM


async def address_of_what_is_sent(stores: TwoStores) -> str:
    """Where the first file goes, when that is known."""
    for _ in range(1000):
        rows = await stores.own.services.database.read(
            lambda connection: connection.execute(select(uploads.c.file_location)).scalars().all()
        )
        if rows and rows[0]:
            return str(rows[0])
        await asyncio.sleep(0.002)
    raise AssertionError("nothing is sent")
