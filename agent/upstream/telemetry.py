"""Tells the upstream of the device itself: log messages and health, as they come, and after an outage what was kept."""

import hashlib
import json
import logging
from collections.abc import Mapping
from typing import NoReturn

from agent.errors import UpstreamRefused
from agent.upstream.backoff import wait_after
from agent.upstream.client import SignedClient
from agent.upstream.lanes import in_lanes
from agent.upstream.linkstate import LinkWatch
from agent.upstream.loglines import LogLines
from agent.upstream.messages import LOG_PATH, log_message
from presets_store.clock import Clock
from presets_store.errors import CuelightError
from presets_store.services.reports import Dropped, ReportsService
from presets_store.storage.records import Report, ReportKind

logger = logging.getLogger(__name__)

PATHS: Mapping[ReportKind, str] = {ReportKind.LOG: LOG_PATH, ReportKind.HEALTH: "/v1/devicehealth"}
LOOK_EVERY = 5.0
BATCH = 32
AT_ONCE = 4

NOT_AS_IT_IS = frozenset({400, 409, 413, 422})
"""The upstream will never take this report: it is dropped."""
NO_SUCH_THING = frozenset({403, 404, 405, 410, 501})
"""It takes none of the kind, or none of this device: they are dropped, and one is tried again after `UNWANTED_FOR`."""
UNWANTED_FOR = 3600.0
NAMES: Mapping[ReportKind, str] = {ReportKind.LOG: "log messages", ReportKind.HEALTH: "health records"}


class Telemetry:
    """One upstream. What it meets is logged at DEBUG: a warning would be sent as well."""

    def __init__(
        self,
        reports: ReportsService,
        lines: LogLines,
        client: SignedClient,
        clock: Clock,
        link: LinkWatch,
        serial: str,
    ) -> None:
        self._reports = reports
        self._lines = lines
        self._client = client
        self._clock = clock
        self._link = link
        self._serial = serial
        self._unwanted: dict[ReportKind, float] = {}
        self._failures = 0
        self._tidy = False

    async def run(self) -> NoReturn:
        """Until cancelled."""
        while True:
            self._gather()
            known = self._link.resumptions
            try:
                more = await self._send_some()
                self._failures = 0
                await self._reports.save_aged()
            except CuelightError as error:
                await self._failed(error, known)
            else:
                if not more:
                    await self._clock.sleep(LOOK_EVERY)

    async def close(self) -> None:
        """Keeps what is still in memory for the next start."""
        self._gather()
        try:
            await self._reports.save()
        except CuelightError as error:
            logger.debug("what was not sent is lost: %s", error)

    def _gather(self) -> None:
        """What was logged becomes reports, dated by the clock of now."""
        ago = self._clock.now() - self._clock.monotonic()
        for line in self._lines.take():
            self._reports.add(ReportKind.LOG, log_message(self._serial, line.text, ago + line.at))

    async def _send_some(self) -> bool:
        """Sends the oldest; whether there were any. Raises what the upstream or the store does."""
        await self._tidy_up()
        reports = await self._reports.next(1 if self._failures else BATCH)
        done: list[Report] = []

        async def send(report: Report) -> None:
            await self._send(report)
            done.append(report)

        trouble = await in_lanes(reports, send, AT_ONCE)
        await self._reports.sent(done)
        if trouble is not None:
            raise trouble
        return bool(reports) or await self._tell_dropped()

    async def _send(self, report: Report) -> None:
        now = self._clock.monotonic()
        if now < self._unwanted.get(report.kind, now):
            return
        # What arrived although no answer came back is not to be there twice.
        once = {"Idempotency-Key": hashlib.sha256(report.body.encode()).hexdigest()}
        try:
            await self._client.request("POST", PATHS[report.kind], json.loads(report.body), headers=once)
        except UpstreamRefused as refused:
            status = refused.fields["status"]
            if refused.pause:
                raise
            if status in NO_SUCH_THING:
                self._unwanted[report.kind] = now + UNWANTED_FOR
            elif status not in NOT_AS_IT_IS:
                raise
            logger.debug("the upstream does not take a report: %s", refused)

    async def _tidy_up(self) -> None:
        """Once: what an earlier upstream was to get has nowhere to go."""
        if not self._tidy:
            await self._reports.forget_others()
            self._tidy = True

    async def _tell_dropped(self) -> bool:
        """When nothing waits any more, the upstream learns how much it will never hear of; whether it has to."""
        dropped = await self._reports.dropped()
        if not dropped:
            return False
        self._reports.add(ReportKind.LOG, log_message(self._serial, _words(dropped), self._clock.now()))
        await self._reports.told(dropped)
        return True

    async def _failed(self, error: CuelightError, known: int) -> None:
        self._failures += 1
        logger.debug("reports wait: %s", error)
        try:
            await self._reports.save_aged()
        except CuelightError as full:
            logger.debug("reports stay in memory: %s", full)
        await self._link.pause(wait_after(error, self._failures), known)


def _words(dropped: Dropped) -> str:
    what = " and ".join(f"{count} {NAMES[kind]}" for kind, count in dropped.items())
    return f"WARNING agent.upstream: dropped while this server could not be reached, the oldest first: {what}"
