"""Tells the upstream what fired here because of its scripts, oldest first, until it has heard of it."""

import logging
from http import HTTPStatus
from typing import Final, NoReturn

import aiohttp

from agent.errors import UpstreamError, UpstreamRefused
from agent.upstream.backoff import wait_after
from agent.upstream.client import SignedClient
from agent.upstream.linkstate import LinkWatch
from agent.upstream.own_record import own_record
from agent.upstream.peer import Peer
from presets_store.clock import Clock
from presets_store.errors import CuelightError
from presets_store.protocol.scripts.mirroring import MOST_TOLD
from presets_store.rules.startup import LinkState
from presets_store.services import Services
from presets_store.services.scripts.untold import Batch
from presets_store.services.wakeups import Signal, any_signalled
from presets_store.storage import DatabaseDamaged

logger = logging.getLogger(__name__)

LOOK_EVERY = 2.0
NOT_AS_IT_IS: Final = frozenset({400, 409, 413, 422})
"""The upstream will never take this trigger: it is not told, and others go on."""


class Firing:
    """`run` is a system task of an agent with an upstream. `fired` is to be set when a script fired."""

    def __init__(self, services: Services, client: SignedClient, peer: Peer, link: LinkWatch, clock: Clock) -> None:
        self.fired = Signal()
        self._untold = services.scripts.untold
        self._own = services.own_device
        self._client = client
        self._peer = peer
        self._link = link
        self._clock = clock
        self._most = MOST_TOLD
        self._failures = 0

    async def run(self) -> NoReturn:
        """Until cancelled."""
        while True:
            known = self._link.resumptions
            try:
                if self._link.now.state is LinkState.REACHED and await self.tell():
                    continue
                self._failures = 0
                await any_signalled((self.fired,), self._clock, LOOK_EVERY)
                self.fired.clear()
            except DatabaseDamaged:
                raise
            except CuelightError as error:
                await self._failed(error, known)

    async def tell(self) -> bool:
        """Tells some; whether there were any. Raises what the upstream and the store raise."""
        if not (await self._untold.waits() and await self._peer.ours()):
            return False
        key = (await own_record(self._client, self._own.serial_number)).key
        batch = await self._untold.next(self._client.url, self._own.key, self._most)
        if batch.told:
            await self._send(batch, f"/v1/device/{key}/scripts/fired")
        if batch.keys:
            await self._untold.settle(batch.keys)
        return bool(batch.keys)

    async def _send(self, batch: Batch, path: str) -> None:
        """Returns when the upstream has them, or has refused the only one for good."""
        try:
            await self._client.request("POST", path, [each.dump() for each in batch.told])
            self._most = MOST_TOLD
        except UpstreamError as error:
            if certainly_unheard(error):
                await self._untold.take_back(batch.left)
            if not _is_about_them(error):
                raise
            if len(batch.told) > 1:
                self._most = 1
                raise
            logger.error("the upstream does not take that a script fired: %s", error, extra={"code": error.code})

    async def _failed(self, error: CuelightError, known: int) -> None:
        self._failures += 1
        level = logging.WARNING if self._failures == 1 else logging.DEBUG
        logger.log(level, "what scripts did waits to be told: %s", error, extra={"code": error.code})
        await self._link.pause(wait_after(error, self._failures), known)


def certainly_unheard(error: UpstreamError) -> bool:
    """Whether the upstream has not got the request, or has refused it: else it may have heard although no answer came,
    and what it has heard it tells its users.
    """
    if isinstance(error, UpstreamRefused):
        return int(str(error.fields["status"])) < HTTPStatus.INTERNAL_SERVER_ERROR
    return isinstance(error.__cause__, aiohttp.ClientConnectorError)


def _is_about_them(error: UpstreamError) -> bool:
    return isinstance(error, UpstreamRefused) and not error.pause and error.fields["status"] in NOT_AS_IT_IS


class WhoSends:
    """Whether this device tells the users of its upstream's scripts: without a link for `after` seconds."""

    def __init__(self, link: LinkWatch, clock: Clock, after: float) -> None:
        self._link = link
        self._clock = clock
        self._after = after

    def device(self) -> bool:
        now = self._link.now
        return now.state is not LinkState.REACHED and self._clock.monotonic() - now.since >= self._after
