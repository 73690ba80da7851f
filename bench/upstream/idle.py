"""What a device says to its hub while nothing happens."""

import asyncio
from contextlib import AsyncExitStack

from bench import agents
from bench.hub.hubs import BenchHub
from bench.plain_http import Connection
from bench.upstream.counting import Counted, counting_proxy
from bench.upstream.devices import PEER_SERIAL, agent_of, enrolled, loop_of

SETTLED_SECONDS = 10.0
"""After the start, in which the device introduces itself."""


async def said_in(hub: BenchHub, seconds: float) -> tuple[Counted, Counted]:
    """What went between the hub and the agent, and between the hub and the minimal loop, in the same seconds."""
    operator = await Connection.open(hub.url)
    async with AsyncExitStack() as stack:
        stack.callback(operator.close)
        ours, peer = [await enrolled(hub, operator, serial) for serial in (agents.SERIAL, PEER_SERIAL)]
        our_url, our_count = await stack.enter_async_context(counting_proxy(hub.url))
        peer_url, peer_count = await stack.enter_async_context(counting_proxy(hub.url))
        await stack.enter_async_context(agent_of(ours, our_url))
        await stack.enter_async_context(loop_of(peer, peer_url))
        await asyncio.sleep(SETTLED_SECONDS)
        before = our_count.copy(), peer_count.copy()
        await asyncio.sleep(seconds)
        return our_count - before[0], peer_count - before[1]
