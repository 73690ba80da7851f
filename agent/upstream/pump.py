"""Empties the outbox: outcomes go upstream, oldest first, again and again until they are acknowledged."""

import logging
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from agent.errors import UpstreamRefused
from agent.upstream.backoff import wait_after
from agent.upstream.client import SignedClient
from agent.upstream.lanes import in_lanes
from agent.upstream.linkstate import LinkWatch
from agent.upstream.messages import LOG_PATH, outcome_message
from agent.upstream.peer import NO_SUCH_ROUTE, Peer
from presets_store.clock import Clock
from presets_store.errors import CuelightError
from presets_store.protocol.errors import BadJson, BadRequestBody
from presets_store.protocol.events import EventRecordUpload, RemoteReport
from presets_store.protocol.json_text import read_json
from presets_store.protocol.parsing import parse_body
from presets_store.services.outbox import OUTCOME, REMOTE, OutboxService, Refusal
from presets_store.services.wakeups import Wakeups, signalled
from presets_store.storage.records import OutboxItem

logger = logging.getLogger(__name__)

RECORD_PATH = "/v1/event/record"
RECORDS_PATH = "/v1/event/record/list"
RECORDS_SIZE = 500_000
"""Bytes of those that go in one request; our stores take twice as much."""
LOOK_EVERY = 60.0
BATCH = 64
"""Reports that are sent before those of them that arrived are taken out, in one write."""
AT_ONCE = 8
"""Events of which reports are on their way at the same time."""

CONFLICT = 409
NOT_AS_IT_IS = frozenset({400, 413, 422})
"""The upstream cannot take this report: it is kept, and tried again much later; others go on."""
ABOUT_ONE_OF_THEM = NOT_AS_IT_IS | {403, 404, 405, CONFLICT}
"""Why several are sent again one by one; an earlier release of ours has no route for several."""
UNKNOWN_THERE = frozenset({403, 404})
"""The same of an event that the upstream handed out: it has it no more, or not for us."""
NOT_ABOUT_THE_OUTCOME = frozenset({"device_not_unique"})
"""Conflicts of our own stores that somebody there can resolve; every other 409 says that another outcome stands."""


async def send_update(client: SignedClient, report: RemoteReport) -> None:
    """Tells the upstream how an event that it handed out has ended."""
    said = {**report.update.model_dump(mode="json", by_alias=True, exclude_none=True), "processID": os.getpid()}
    headers = {"X-Checkout-Token": report.checkout_token, "X-Boot-ID": report.boot_id}
    await client.request("PUT", f"/v1/event/{report.remote_id}", said, headers=headers)


def _together(items: Iterable[OutboxItem]) -> list[OutboxItem]:
    """Those that can be recorded by one request: the only report of their event here, and not too large."""
    items = list(items)
    events = Counter(item.event_key for item in items)
    chosen, size = [], 0
    for item in items:
        size += len(item.body.encode())
        if item.kind == OUTCOME and events[item.event_key] == 1 and size <= RECORDS_SIZE:
            chosen.append(item)
    return chosen


@dataclass(slots=True)
class _Batch:
    """What has become of the reports that were sent together; `trouble` is why the rest of them was not."""

    acknowledged: list[OutboxItem] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    trouble: CuelightError | None = None


class Pump:
    """One destination. A repeat is harmless there: records are idempotent by the event's UUID, and what it handed out
    takes the same outcome twice. A `peer` that is not ours has no route for records: what it did not hand out, it is
    told by log messages.
    """

    def __init__(
        self,
        outbox: OutboxService,
        destination: str,
        client: SignedClient,
        clock: Clock,
        wakeups: Wakeups,
        device_key: int,
        serial: str,
        *,
        peer: Peer,
        link: LinkWatch,
    ) -> None:
        self._outbox = outbox
        self._destination = destination
        self._client = client
        self._clock = clock
        self._wakeups = wakeups
        self._device_key = device_key
        self._serial = serial
        self._peer = peer
        self._link = link
        self._failures = 0
        self._wait = 0.0

    async def run(self) -> NoReturn:
        """Until cancelled."""
        with self._wakeups.listening(self._device_key) as signal:
            while True:
                signal.clear()
                known = self._link.resumptions
                if await self._settle_some():
                    continue
                if self._failures:
                    await self._link.pause(self._wait, known)
                else:
                    await signalled(signal, self._clock, LOOK_EVERY)

    async def _settle_some(self) -> bool:
        """Sends the oldest reports and takes them out; False when there are none, or they have to wait."""
        try:
            # Where the last one failed, the next one is to show whether any can arrive.
            items = await self._outbox.due(self._destination, 1 if self._failures else BATCH)
            if items and not self._clock.quality().trusted:
                await self._peer.ours()  # its answer tells the time, by which what waits here is dated anew
                items = await self._outbox.due(self._destination, len(items))
            batch = await self._send_all(items)
            if batch.acknowledged or batch.refused:
                await self._outbox.settle(batch.acknowledged, batch.refused)
        except CuelightError as error:  # a store that cannot write now, as on a full disk
            return self._failed(error)
        if batch.trouble is not None:
            return self._failed(batch.trouble)
        if self._failures and items:
            logger.info("the upstream answers again after %d failures", self._failures)
        self._failures = 0
        return bool(items)

    async def _send_all(self, items: Iterable[OutboxItem]) -> _Batch:
        """Sends some events' reports at once, but those of one event one after the other."""
        events: dict[int, list[OutboxItem]] = {}
        for item in items:
            events.setdefault(item.event_key, []).append(item)
        batch = _Batch()
        records = _together(items)
        if len(records) > 1 and await self._recorded(records):
            batch.acknowledged += records
            for item in records:
                del events[item.event_key]

        async def send(reports: Sequence[OutboxItem]) -> None:
            for item in reports:
                refusal = await self._report(item)
                if refusal is not None:
                    batch.refused.append(refusal)
                    return  # the later ones of this event stay behind it
                batch.acknowledged.append(item)

        batch.trouble = await in_lanes(list(events.values()), send, AT_ONCE)
        return batch

    async def _recorded(self, items: Sequence[OutboxItem]) -> bool:
        """Sends them all in one request, in order. False when they have to go one by one, for one of them is not taken.

        Raises UpstreamUnreachable, UpstreamRefused.
        """
        try:
            if not await self._peer.ours():
                return False
            await self._client.request("POST", RECORDS_PATH, [read_json(item.body, "the report") for item in items])
        except BadJson:
            return False
        except UpstreamRefused as refused:
            if refused.pause or refused.fields["status"] not in ABOUT_ONE_OF_THEM:
                raise
            return False
        return True

    async def _report(self, item: OutboxItem) -> Refusal | None:
        """Sends one report; why it has to be kept, if so.

        Raises UpstreamUnreachable, and UpstreamRefused when the upstream does not let us in.
        """
        fields = {"event": item.event_key}
        try:
            await self._send(item)
        except UpstreamRefused as refused:
            if refused.pause:  # it is about us, and was perhaps said to another request
                raise
            if await self._cannot_take(item, refused):
                logger.error("an outcome is kept, the upstream cannot take it: %s", refused, extra=fields)
                return Refusal(item, refused.message)
            if refused.fields["status"] != CONFLICT:
                raise
            logger.error("the upstream has another outcome, which stands: %s", refused, extra=fields)
        except (BadJson, BadRequestBody) as error:
            logger.error("an outcome is kept, its report cannot be read: %s", error, extra=fields)
            return Refusal(item, error.message)
        return None

    async def _send(self, item: OutboxItem) -> None:
        if item.kind == REMOTE:
            await send_update(self._client, parse_body(RemoteReport, item.body))
        elif await self._peer.ours():
            await self._client.request("POST", RECORD_PATH, read_json(item.body, "the report"))
        else:
            said = outcome_message(parse_body(EventRecordUpload, item.body), self._serial)
            await self._client.request("POST", LOG_PATH, said)

    async def _cannot_take(self, item: OutboxItem, refused: UpstreamRefused) -> bool:
        """Whether the refusal is about this report, so that others may well be taken."""
        status = refused.fields["status"]
        if status in NOT_AS_IT_IS or refused.fields.get("problem") in NOT_ABOUT_THE_OUTCOME:
            return True
        if item.kind == REMOTE:
            return status in UNKNOWN_THERE
        return status in NO_SUCH_ROUTE | UNKNOWN_THERE and not await self._peer.ours()

    def _failed(self, error: CuelightError) -> bool:
        self._failures += 1
        self._wait = wait_after(error, self._failures)
        level = logging.WARNING if self._failures == 1 else logging.DEBUG
        logger.log(level, "outcomes wait to be reported: %s", error, extra={"code": error.code})
        return False
