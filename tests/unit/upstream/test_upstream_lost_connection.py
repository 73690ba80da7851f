"""What the client of an upstream makes of a connection that is lost under it: the server takes no request twice."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from fakes.clock import ManualClock
from fakes.far_server import FarServer, far_server
from fakes.hostile_plan import Fault, Trouble
from fakes.hostile_proxy import HostileProxy

from agent.errors import UpstreamUnreachable
from agent.upstream.client import SignedClient
from agent.upstream.credentials import Credentials


@asynccontextmanager
async def behind(*faults: Fault) -> AsyncIterator[tuple[FarServer, SignedClient]]:
    """A server that takes each nonce once, and a client of it; that befalls the requests in turn."""
    spent: set[str] = set()
    planned = iter(faults)

    async def answering(request: web.Request) -> web.Response:
        nonce = request.headers["X-Nonce"]
        known = nonce in spent
        spent.add(nonce)
        return web.Response(status=401 if known else 200)

    async with far_server(answering) as server:
        target = int(server.url.rpartition(":")[2])
        async with HostileProxy(lambda _: next(planned, Fault()), target=target) as proxy:
            client = SignedClient(proxy.url, Credentials("key", "secret"), ManualClock())
            try:
                yield server, client
            finally:
                await client.close()


@pytest.mark.parametrize("trouble", [Trouble.CUT_ANSWER, Trouble.CUT_REQUEST])
@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_a_request_that_may_be_repeated_is_signed_anew_on_another_connection(
    method: str, trouble: Trouble
) -> None:
    async with behind(Fault(), Fault(trouble)) as (server, client):
        body = None if method == "GET" else {"eventStatus": 4}
        for _ in range(2):
            assert (await client.request(method, "/v1/event/7", body)).status == 200
        assert len(server.requests) == (3 if trouble is Trouble.CUT_ANSWER else 2)


async def test_a_request_that_may_not_be_repeated_fails() -> None:
    async with behind(Fault(), Fault(Trouble.CUT_ANSWER)) as (server, client):
        await client.request("POST", "/v1/event/dequeue", {})
        with pytest.raises(UpstreamUnreachable):
            await client.request("POST", "/v1/event/dequeue", {})
        assert len(server.requests) == 2
