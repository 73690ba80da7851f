"""Log messages and health on their way up: to a real hub, and to one that does as the test says."""

import asyncio
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fakes.two_stores import TwoStores, two_stores

from agent.errors import UpstreamRefused, UpstreamUnreachable
from agent.upstream.client import Answer
from agent.upstream.linkstate import LinkWatch
from agent.upstream.loglines import LogLines
from agent.upstream.messages import MAX_MESSAGE, log_message
from agent.upstream.telemetry import UNWANTED_FOR, Telemetry
from presets_store.clock import micros
from presets_store.protocol.fields import parse_moment
from presets_store.services.reports import SAVED_AFTER, ReportsService
from presets_store.storage.records import ReportKind

log = logging.getLogger("agent.some.part")
LOG, HEALTH = ReportKind.LOG, ReportKind.HEALTH


class Line:
    """To the hub, or cut; what is in `moods` is met first: an error, or "lost" for an answer that does not come."""

    def __init__(self, stores: TwoStores) -> None:
        self.client = stores.client
        self.url = stores.client.url
        self.moods: list[Any] = []
        self.down = False
        self.asked: list[str] = []

    async def request(self, method: str, path: str, body: object = None, **options: Any) -> Answer:
        self.asked.append(path)
        mood = self.moods.pop(0) if self.moods else None
        if self.down:
            raise UpstreamUnreachable(url=self.url, reason="the line is cut")
        if isinstance(mood, Exception):
            raise mood
        answer = await self.client.request(method, path, body, **options)
        if mood == "lost":
            raise UpstreamUnreachable(url=self.url, reason="no answer came")
        return answer


@contextmanager
def telling(stores: TwoStores, line: Line) -> Iterator[Telemetry]:
    lines = LogLines(stores.clock.monotonic)
    root = logging.getLogger()
    root.addHandler(lines)
    own = stores.own.services
    try:
        yield Telemetry(own.reports, lines, line, stores.clock, LinkWatch(stores.clock), stores.serial)  # type: ignore[arg-type]
    finally:
        root.removeHandler(lines)


async def told(telemetry: Telemetry) -> None:
    """All that it has to tell now is told. Raises what the line does."""
    telemetry._gather()
    while await telemetry._send_some():
        pass


async def messages(stores: TwoStores) -> list[dict[str, Any]]:
    """Those of the hub, as it has them, oldest first."""
    found = await stores.hub.client.json("POST", "/v1/logmessage/list", {"deviceID": 0})
    return sorted(found, key=lambda message: (message["messageDate"], message["key"]))


def refused(status: int, pause: float = 0.0) -> UpstreamRefused:
    error = UpstreamRefused(url="there", status=status, text="no")
    error.pause = pause
    return error


async def test_a_warning_is_a_log_message_of_the_device_at_the_hub_and_nothing_is_written_here(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        began = stores.clock.now()
        with telling(stores, Line(stores)) as telemetry:
            log.warning("camera %s is gone", "main")
            stores.pass_time(5)
            await told(telemetry)
        (message,) = await messages(stores)
        assert message["message"] == "WARNING agent.some.part: camera main is gone"
        assert (message["agentType"], message["deviceName"]) == ("Device", "Lobby")
        assert message["version"]
        assert parse_moment(message["messageDate"]) == micros(began)
        count = "SELECT count(*) FROM reports"
        assert await stores.own.services.database.read(lambda c: c.exec_driver_sql(count).scalar()) == 0


async def test_what_an_outage_kept_arrives_once_in_order_and_also_after_a_restart(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        line = Line(stores)
        line.down = True
        with telling(stores, line) as telemetry:
            log.warning("the first")
            said = {"deviceName": stores.serial, "healthJSON": '{"cpu": {"temp": 50}}'}
            stores.own.services.reports.add(HEALTH, said)
            with pytest.raises(UpstreamUnreachable):
                await told(telemetry)
            stores.pass_time(SAVED_AFTER)
            log.warning("the second")
            await telemetry.close()
        again = ReportsService(stores.own.services.database, stores.clock, line.url)
        assert await again.waiting() == 3
        line.down, line.moods = False, ["lost"] * 3
        with telling(stores, line) as telemetry:
            with pytest.raises(UpstreamUnreachable):
                await told(telemetry)
            log.warning("the third")
            await told(telemetry)
        texts = [message["message"].partition(": ")[2] for message in await messages(stores)]
        assert texts == ["the first", "the second", "the third"]
        rows = await stores.hub.client.json("POST", "/v1/devicehealth/list", {"deviceID": stores.hub.device})
        assert [json.loads(row["healthJSON"]) for row in rows] == [{"cpu": {"temp": 50}}]


async def test_a_failing_upload_of_messages_makes_no_messages_and_is_written_once(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        line = Line(stores)
        line.down = True
        with telling(stores, line) as telemetry:
            log.warning("the only one")
            running = asyncio.create_task(telemetry.run())
            for tries in range(1, 9):
                async with asyncio.timeout(30):
                    while len(line.asked) < tries:
                        stores.pass_time(1.0)
                        await asyncio.sleep(0.001)
            running.cancel()
            assert await stores.own.services.reports.waiting() == 1
        sequence = "SELECT seq FROM sqlite_sequence WHERE name = 'reports'"
        assert await stores.own.services.database.read(lambda c: c.exec_driver_sql(sequence).scalar()) == 1


@pytest.mark.parametrize("status", [400, 409, 413, 422])
async def test_one_that_is_not_taken_goes_and_the_next_comes(tmp_path: Path, status: int) -> None:
    async with two_stores(tmp_path) as stores:
        line = Line(stores)
        line.moods = [refused(status)]
        with telling(stores, line) as telemetry:
            log.warning("the odd one")
            await told(telemetry)
            log.warning("the next one")
            await told(telemetry)
        (message,) = await messages(stores)
        assert "the next one" in message["message"]


@pytest.mark.parametrize("status", [403, 404, 405, 501])
async def test_a_server_that_takes_no_health_gets_messages_only_and_is_asked_again(tmp_path: Path, status: int) -> None:
    async with two_stores(tmp_path) as stores:
        line, reports = Line(stores), stores.own.services.reports
        line.moods = [refused(status)]
        with telling(stores, line) as telemetry:
            for _ in range(3):
                reports.add(HEALTH, {"deviceName": stores.serial, "healthJSON": "{}"})
                await told(telemetry)
            log.warning("all the same")
            await told(telemetry)
            assert line.asked == ["/v1/devicehealth", "/v1/logmessage"]
            assert (await reports.waiting(), len(await messages(stores))) == (0, 1)
            stores.pass_time(UNWANTED_FOR)
            reports.add(HEALTH, {"deviceName": stores.serial, "healthJSON": "{}"})
            await told(telemetry)
            assert line.asked[2:] == ["/v1/devicehealth"]


async def test_it_waits_as_long_as_the_server_asks_for(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        line = Line(stores)
        line.moods = [refused(429, pause=300)]
        with telling(stores, line) as telemetry:
            log.warning("patience")
            began = stores.clock.monotonic()
            running = asyncio.create_task(telemetry.run())
            async with asyncio.timeout(30):
                while len(line.asked) < 2:
                    stores.pass_time(1.0)
                    await asyncio.sleep(0.001)
            assert stores.clock.monotonic() - began >= 300
            running.cancel()


async def test_what_was_dropped_is_told_when_nothing_waits_any_more(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        small = ReportsService(stores.own.services.database, stores.clock, stores.client.url, size=1000)
        for number in range(20):
            small.add(HEALTH, {"deviceName": stores.serial, "healthJSON": json.dumps({"n": number})})
            small.add(LOG, log_message(stores.serial, f"number {number}", stores.clock.now()))
        await small.save()
        kept = await small.waiting()
        with telling(stores, Line(stores)) as telemetry:
            await told(telemetry)
            await told(telemetry)
        (message,) = await messages(stores)
        assert message["message"].endswith(f"20 log messages and {20 - kept} health records")
        assert not await small.dropped()


def test_a_message_is_bounded() -> None:
    assert len(log_message("s", "x" * 100_000, 0.0)["message"]) == MAX_MESSAGE
