"""How soon an action begins after its event was asked for, on two devices of one hub in turns."""

import asyncio
import random
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench import agents
from bench.hub.hubs import BenchHub
from bench.plain_http import Connection
from bench.results import percentile
from bench.upstream.devices import PEER_SERIAL, Enrolled, agent_of, enrolled, loop_of
from bench.upstream.starts import EVENT_TYPE_NAME, noted

WARM_UP = 5
LONGEST_PAUSE = 0.3
"""Seconds between two events of a device, at most: the request that waits may be there again or not."""
WITHIN = 60.0


@dataclass(slots=True)
class Timed:
    """One of the two. `took`: seconds from asking until the action began."""

    device: Enrolled
    starts: Path
    took: list[float] = field(default_factory=list)

    @property
    def p50(self) -> float:
        return percentile(self.took, 0.5)

    @property
    def p99(self) -> float:
        return percentile(self.took, 0.99)


async def begun_after(hub: BenchHub, events: int) -> tuple[Timed, Timed]:
    """The agent and the minimal loop, each with `events` of its own, one at a time, in an order drawn by lot."""
    operator = await Connection.open(hub.url)
    async with AsyncExitStack() as stack:
        stack.callback(operator.close)
        ours, peer = [await enrolled(hub, operator, serial) for serial in (agents.SERIAL, PEER_SERIAL)]
        timed = (
            Timed(ours, await stack.enter_async_context(agent_of(ours, hub.url))),
            Timed(peer, await stack.enter_async_context(loop_of(peer, hub.url))),
        )
        dice = random.Random(6)
        for number in range(WARM_UP + events):
            for each in dice.sample(timed, 2):
                await asyncio.sleep(dice.uniform(0, LONGEST_PAUSE))
                took = await _begun(hub, operator, each)
                if number >= WARM_UP:
                    each.took.append(took)
    return timed


async def _begun(hub: BenchHub, operator: Connection, each: Timed) -> float:
    """Seconds from before the event is asked for until its action has begun, by the clock that all processes share."""
    asked = time.monotonic_ns()
    made = await hub.ask(operator, "POST", "/v1/event", {"deviceID": each.device.device, "eventType": EVENT_TYPE_NAME})
    async with asyncio.timeout(WITHIN):
        while (start := noted(each.starts).get(int(made["eventID"]))) is None:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.005)
    return (start - asked) / 1e9
