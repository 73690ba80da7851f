"""Empties the outbox: outcomes go upstream, oldest first, again and again until they are acknowledged."""

import json
import logging
import os
from typing import NoReturn

from agent.errors import UpstreamRefused
from agent.upstream.backoff import spread_delay
from agent.upstream.client import SignedClient
from presets_store.clock import Clock
from presets_store.errors import CuelightError
from presets_store.protocol.events import RemoteReport
from presets_store.protocol.parsing import parse_body
from presets_store.services.outbox import REMOTE, OutboxService
from presets_store.services.wakeups import Wakeups, signalled
from presets_store.storage.records import OutboxItem

logger = logging.getLogger(__name__)

RECORD_PATH = "/v1/event/record"
LOOK_EVERY = 60.0
CONFLICT = 409
NOT_AS_IT_IS = frozenset({400, 413, 422})
"""The upstream cannot take this report: it is kept, and tried again after `REFUSED_SECONDS`; others go on."""
UNKNOWN_THERE = frozenset({403, 404})
"""The same of an event that the upstream handed out: it has it no more, or not for us."""
REFUSED_SECONDS = 3600.0
NOT_ABOUT_THE_OUTCOME = frozenset({"device_not_unique"})
"""Conflicts of our own stores that somebody there can resolve; every other 409 says that another outcome stands."""


async def send_update(client: SignedClient, report: RemoteReport) -> None:
    """Tells the upstream how an event that it handed out has ended."""
    said = {**report.update.model_dump(mode="json", by_alias=True, exclude_none=True), "processID": os.getpid()}
    headers = {"X-Checkout-Token": report.checkout_token, "X-Boot-ID": report.boot_id}
    await client.request("PUT", f"/v1/event/{report.remote_id}", said, headers=headers)


class Pump:
    """One destination. A repeat is harmless there: records are idempotent by the event's UUID, and what it handed out
    takes the same outcome twice.
    """

    def __init__(
        self,
        outbox: OutboxService,
        destination: str,
        client: SignedClient,
        clock: Clock,
        wakeups: Wakeups,
        device_key: int,
    ) -> None:
        self._outbox = outbox
        self._destination = destination
        self._client = client
        self._clock = clock
        self._wakeups = wakeups
        self._device_key = device_key
        self._failures = 0

    async def run(self) -> NoReturn:
        """Until cancelled."""
        with self._wakeups.listening(self._device_key) as signal:
            while True:
                signal.clear()
                if await self._settle_next():
                    continue
                if self._failures:
                    await self._clock.sleep(spread_delay(self._failures))
                else:
                    await signalled(signal, self._clock, LOOK_EVERY)

    async def _settle_next(self) -> bool:
        """Sends the oldest report and takes it out; False when there is none, or it has to wait."""
        fields: dict[str, int] = {}
        try:
            item = await self._outbox.oldest(self._destination)
            if item is None:
                self._failures = 0
                return False
            fields = {"event": item.event_key}
            return await self._settle(item, fields)
        except CuelightError as error:  # the upstream, or a store that cannot write now, as on a full disk
            return self._failed(error, fields)

    async def _settle(self, item: OutboxItem, fields: dict[str, int]) -> bool:
        """Sends one report. Raises UpstreamUnreachable, and UpstreamRefused when the upstream does not let us in."""
        try:
            await self._send(item)
        except UpstreamRefused as refused:
            status = refused.fields["status"]
            unknown = item.kind == REMOTE and status in UNKNOWN_THERE
            if unknown or status in NOT_AS_IT_IS or refused.fields.get("problem") in NOT_ABOUT_THE_OUTCOME:
                logger.error("an outcome is kept, the upstream cannot take it: %s", refused, extra=fields)
                await self._outbox.postpone(item.key, refused.message, REFUSED_SECONDS)
                return True
            if status != CONFLICT:
                raise
            logger.error("the upstream has another outcome, which stands: %s", refused, extra=fields)
        await self._outbox.acknowledged(item.key)
        if self._failures:
            logger.info("the upstream answers again after %d failures", self._failures)
        self._failures = 0
        return True

    async def _send(self, item: OutboxItem) -> None:
        if item.kind == REMOTE:
            await send_update(self._client, parse_body(RemoteReport, item.body))
        else:
            await self._client.request("POST", RECORD_PATH, json.loads(item.body))

    def _failed(self, error: CuelightError, fields: dict[str, int]) -> bool:
        self._failures += 1
        level = logging.WARNING if self._failures == 1 else logging.DEBUG
        logger.log(level, "an outcome waits to be reported: %s", error, extra=fields)
        return False
