"""Announces this device to the upstream when the agent starts, and tells what came of it."""

import asyncio
import logging
import os
from http import HTTPStatus

from agent.errors import UpstreamRefused, UpstreamUnreachable
from agent.upstream.backoff import spread_delay
from agent.upstream.client import SignedClient
from presets_store import __version__
from presets_store.clock import Clock
from presets_store.protocol.agent_types import AgentType
from presets_store.rules.startup import Link, LinkState

logger = logging.getLogger(__name__)

LONGEST_PAUSE = 2.0
"""Seconds between two tries: the network of a booting device comes up at any moment."""

READY_PATH = "/v1/device/ready"
MAY_CHANGE = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS, 419})
"""Refusals that another try may not meet. So may those of a server in trouble (500 and above)."""


class Announcement:
    """Tells the upstream that the device is ready, again and again until it answers. `told` is what was met so far."""

    def __init__(self, client: SignedClient, serial: str, boot_id: str, clock: Clock) -> None:
        self._client = client
        self._serial = serial
        self._boot_id = boot_id
        self._clock = clock
        self.told = Link(LinkState.UNREACHABLE, f"{client.shown_url} is silent")

    async def run(self) -> None:
        """Returns when the upstream has answered for good."""
        failures = 0
        while True:
            self.told, final = await _try(self._client, self._serial, self._boot_id)
            if final:
                return
            failures += 1
            await self._clock.sleep(min(spread_delay(failures), LONGEST_PAUSE))


async def announce(client: SignedClient | None, serial: str, boot_id: str, *, grace: float, clock: Clock) -> Link:
    """What the upstream has said after at most `grace` seconds.

    `boot_id` goes with the announcement, so that the upstream fires what is bound there as online once per boot.
    """
    if client is None:
        return Link(LinkState.NONE)
    announcement = Announcement(client, serial, boot_id, clock)
    trying = asyncio.ensure_future(announcement.run())
    limit = asyncio.ensure_future(clock.sleep(grace))
    try:
        await asyncio.wait({trying, limit}, return_when=asyncio.FIRST_COMPLETED)
        if trying.done():
            trying.result()
        return announcement.told
    finally:
        trying.cancel()
        limit.cancel()


def introduction(serial: str, kind: AgentType) -> dict[str, str | int]:
    """This process as an agent of the type, in the words of `RegisterAgent`."""
    return {
        "deviceName": serial,
        "deviceSerial": serial,
        "agentType": kind.wire_name,
        "agentVersion": __version__,
        "agentIndex": 0,
        "processID": os.getpid(),
    }


async def _try(client: SignedClient, serial: str, boot_id: str) -> tuple[Link, bool]:
    """What one announcement met, and whether another could meet anything else."""
    body = introduction(serial, AgentType.DEVICE)
    try:
        await client.request("POST", READY_PATH, body, headers={"X-Boot-ID": boot_id})
    except UpstreamUnreachable as error:
        return Link(LinkState.UNREACHABLE, f"{client.shown_url}: {error.fields['reason']}"), False
    except UpstreamRefused as error:
        status = int(str(error.fields["status"]))
        final = status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in MAY_CHANGE
        logger.warning("the upstream did not take the announcement: %s", error)
        return Link(LinkState.REFUSED, error.message), final
    return Link(LinkState.REACHED, client.shown_url), True
