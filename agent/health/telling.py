"""Tells the device's health: to the upstream, and to the own store, as far as the device's record there asks for it."""

import logging
from typing import NoReturn

from agent.errors import UpstreamRefused, UpstreamUnreachable
from agent.health.collecting import Collector, encoded
from agent.health.notable import RECORD_EVERY, Notable, is_due, worth_telling
from agent.upstream.client import SignedClient
from agent.upstream.own_record import own_record
from presets_store.clock import Clock
from presets_store.errors import CuelightError
from presets_store.protocol.fleet.health import CreateHealth
from presets_store.services import Services
from presets_store.services.caller import INSIDE
from presets_store.storage import DatabaseDamaged
from presets_store.storage.database import Database
from presets_store.storage.meta import get_meta, set_meta
from presets_store.storage.records import ReportKind

logger = logging.getLogger(__name__)

LATEST_PATH = "/v1/devicehealth/updatelatest"
LOOK_EVERY = 5.0
ASKED_AGAIN_AFTER = 600.0
NEVER = float("-inf")
_WANTED = "health.wanted"


class Wanted:
    """Whether the upstream's record of the device has `logHealth`; what it said last holds while it is away, too."""

    def __init__(self, client: SignedClient, database: Database, clock: Clock, serial: str) -> None:
        self._client = client
        self._database = database
        self._clock = clock
        self._serial = serial
        self._asked = NEVER
        self._wanted: bool | None = None

    async def wanted(self) -> bool:
        """Asks again ten minutes after an answer. Raises what the store raises."""
        if self._wanted is None:
            self._wanted = await self._database.read(lambda c: get_meta(c, _WANTED)) == self._client.url
        if self._clock.monotonic() - self._asked < ASKED_AGAIN_AFTER:
            return self._wanted
        try:
            wanted = bool((await own_record(self._client, self._serial)).log_health)
        except (UpstreamUnreachable, UpstreamRefused) as error:
            logger.debug("the upstream does not say whether it wants health: %s", error)
            return self._wanted
        self._asked = self._clock.monotonic()
        await self._note(wanted)
        return wanted

    async def _note(self, wanted: bool) -> None:
        if wanted != self._wanted:
            value = self._client.url if wanted else ""
            await self._database.write(lambda c: set_meta(c, _WANTED, value))
            self._wanted = wanted


class Upstream:
    """The way there: the newest health at once, or not at all; records by the queue, which outlasts outages."""

    def __init__(self, client: SignedClient, services: Services, clock: Clock) -> None:
        self._client = client
        self._reports = services.reports
        self._serial = services.own_device.serial_number
        self._wanted = Wanted(client, services.database, clock, self._serial)

    async def wanted(self) -> bool:
        return await self._wanted.wanted()

    async def tell(self, text: str, *, record: bool) -> None:
        """Raises UpstreamUnreachable, UpstreamRefused."""
        body = {"deviceName": self._serial, "deviceSerial": self._serial, "healthJSON": text}
        if record:
            self._reports.add(ReportKind.HEALTH, body)
        else:
            await self._client.request("POST", LATEST_PATH, body)


class HealthTeller:
    """Health is told every minute and soon after a change that matters; every ten minutes as a record that stays.

    The own store gets these records only, which spares the flash. No sensor is read while nobody asks for health.
    """

    def __init__(self, collector: Collector, services: Services, clock: Clock, upstream: Upstream | None) -> None:
        self._collector = collector
        self._services = services
        self._clock = clock
        self._upstream = upstream
        self._told: Notable | None = None
        self._told_at = self._recorded_at = NEVER
        self._watching = False

    async def run(self) -> NoReturn:
        """Until cancelled."""
        while True:
            try:
                await self.look()
            except DatabaseDamaged:  # no waiting helps
                raise
            except CuelightError as error:  # the upstream, the store, a sensor: the next look may find it well again
                logger.debug("health is not told now: %s", error)
            await self._clock.sleep(LOOK_EVERY)

    async def look(self) -> None:
        """Tells what is due now. Raises HealthUnread, and what the store and the upstream raise."""
        now = self._clock.monotonic()
        changed = self._watching and worth_telling(self._told, await self._collector.look())
        if is_due(now - self._told_at, changed=changed):
            self._told_at = now
            await self._tell(now)

    async def _tell(self, now: float) -> None:
        there = self._upstream if self._upstream is not None and await self._upstream.wanted() else None
        own = await self._services.devices.get(INSIDE, self._services.own_device.key)
        self._watching = there is not None
        record = now - self._recorded_at >= RECORD_EVERY
        if there is None and not (own.log_health and record):
            return
        self._told, said = await self._collector.collect()
        text = encoded(said)
        if own.log_health and record:
            await self._services.telemetry.health.create(INSIDE, CreateHealth(device_id=own.key, health_json=text))
        if there is not None:
            await there.tell(text, record=record)
        if record:
            self._recorded_at = now
