"""Whether an event that the upstream handed out is still ours to begin (docs/upstream.md)."""

import asyncio
import logging
import os
from collections.abc import Collection
from http import HTTPStatus

from agent.errors import UpstreamError, UpstreamRefused
from agent.upstream.answers import read
from agent.upstream.client import SignedClient
from agent.upstream.linkstate import LinkWatch
from presets_store.clock import Clock
from presets_store.protocol.events import EventStatusRecord
from presets_store.protocol.statuses import EventStatus
from presets_store.rules.event import Event
from presets_store.rules.lifecycle import LEASE
from presets_store.rules.startup import LinkState

logger = logging.getLogger(__name__)

HELD_FOR = LEASE / 1_000_000
"""Seconds for which nobody there takes an event from us, counted from when it last said that we have it."""
ANSWERED_WITHIN = 5.0
"""Seconds that the start of an event may wait for the answer."""
NOT_OURS = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
OVER = frozenset({None, *(status for status in EventStatus if status.terminal)})


class Custody:
    """Of one upstream. In memory: after a restart nothing is certain until it was asked."""

    def __init__(self, client: SignedClient, clock: Clock, link: LinkWatch) -> None:
        self._client = client
        self._clock = clock
        self._link = link
        self._cleared: dict[int, float] = {}

    def handed_out(self, remote_id: int) -> None:
        """The upstream says that the device has this event of its."""
        self._cleared[remote_id] = self._clock.monotonic()

    def holds(self, remote_id: int) -> bool:
        """Whether the upstream has said so, so recently that it is certain."""
        at = self._cleared.get(remote_id)
        return at is not None and self._clock.monotonic() - at < HELD_FOR

    def renewed(self, remote_id: int) -> None:
        """It took a word about the event. That tells something only if it had not given up waiting for one."""
        if self.holds(remote_id):
            self.handed_out(remote_id)

    def forget_all_but(self, remote_ids: Collection[int | None]) -> None:
        """The others have ended."""
        self._cleared = {key: at for key, at in self._cleared.items() if key in remote_ids or self.holds(key)}

    def cleared(self, event: Event) -> bool:
        """Whether the event may begin without asking. What had begun goes on: it is Processing there, and stays so."""
        mine = event.remote_id is not None and event.upstream == self._client.url
        return not mine or event.attempt_number > 0 or self.holds(event.remote_id or 0)

    async def taken_back(self, event: Event) -> bool:
        """Asks. True only when the upstream says so, else the event is cleared: what was accepted runs where nobody can
        be asked.
        """
        if await self._denied(event):
            return True
        self.handed_out(event.remote_id or 0)
        return False

    async def _denied(self, event: Event) -> bool:
        if self._link.now.state in (LinkState.UNREACHABLE, LinkState.REFUSED):
            return False
        try:
            async with asyncio.timeout(ANSWERED_WITHIN):
                return await self._over(event)
        except (UpstreamError, TimeoutError) as error:
            logger.info("an accepted event begins unasked: %s", error, extra={"event": event.key})
            return False

    async def _over(self, event: Event) -> bool:
        """Whether it has ended there, or is not ours any more. One that waits there again is taken again."""
        status = await self._status(event)
        if status == EventStatus.PENDING:
            headers = {"X-Checkout-Token": event.checkout_token}
            body = {"eventStatus": int(EventStatus.CHECKED_OUT), "processID": os.getpid()}
            try:
                await self._client.request("PUT", f"/v1/event/{event.remote_id}", body, headers=headers)
            except UpstreamRefused as refused:
                if refused.fields["status"] != HTTPStatus.CONFLICT:
                    raise
                status = await self._status(event)  # it changed between the two
        return status in OVER

    async def _status(self, event: Event) -> int | None:
        """The event's status there; None when it is there no more, or not for us."""
        try:
            answer = await self._client.request("GET", f"/v1/event/{event.remote_id}")
        except UpstreamRefused as refused:
            if refused.fields["status"] in NOT_OURS and not refused.pause:
                return None
            raise
        return read(self._client, EventStatusRecord, answer).event_status
