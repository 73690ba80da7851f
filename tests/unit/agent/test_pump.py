"""The pump on a real outbox; the upstream is what the test says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from fakes.clock import ManualClock
from fakes.served_store import SERIAL, ServedStore, served_store, until

from agent.errors import UpstreamRefused, UpstreamUnreachable
from agent.upstream.client import Answer, problem_code
from agent.upstream.pump import REFUSED_SECONDS, Pump
from presets_store.protocol.statuses import EventStatus
from presets_store.storage.errors import StorageUnavailable

HUB = "https://hub.example"


class Upstream:
    """Raises what is in `troubles`, one a request, then takes everything."""

    def __init__(self, *troubles: Exception) -> None:
        self.troubles = list(troubles)
        self.taken: list[str] = []

    async def request(self, method: str, path: str, body: dict[str, str]) -> Answer:
        if self.troubles:
            raise self.troubles.pop(0)
        self.taken.append(body["eventUUID"])
        return Answer(200, b"")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[ServedStore]:
    async with served_store(tmp_path, report_to=HUB) as served:
        yield served


@asynccontextmanager
async def pumping(store: ServedStore, upstream: Upstream) -> AsyncIterator[None]:
    services = store.services
    pump = Pump(services.outbox, HUB, upstream, store.clock, services.wakeups, store.device)  # type: ignore[arg-type]
    running = asyncio.create_task(pump.run())
    yield
    assert not running.done(), "the pump must never end by itself"
    running.cancel()


async def ended_event(store: ServedStore) -> str:
    """An event that has ended; its UUID."""
    body = {"deviceSerial": SERIAL, "eventType": "Video_Test_stop"}
    key = (await store.client.json("POST", "/v1/event", body))["eventID"]
    event = await store.services.events.begin(key, holder="1:11:1", boot_id="b", process_id=1)
    await store.services.events.finish(key, 1, EventStatus.COMPLETE, "{}")
    return event.uuid


async def emptied(store: ServedStore) -> None:
    for _ in range(2000):
        if not await store.services.outbox.depth(HUB):
            return
        await asyncio.sleep(0.001)
    raise AssertionError("a report is still in the outbox")


def advance(store: ServedStore, seconds: float) -> None:
    assert isinstance(store.clock, ManualClock)
    store.clock.advance(seconds)


async def test_trouble_makes_it_wait_and_keeps_the_order(store: ServedStore) -> None:
    upstream = Upstream(UpstreamUnreachable(url=HUB, reason="down"), UpstreamRefused(url=HUB, status=404, text=""))
    expected = [await ended_event(store) for _ in range(3)]
    async with pumping(store, upstream):
        for left in (1, 0):
            await until(lambda left=left: len(upstream.troubles) == left)  # type: ignore[misc]
            await asyncio.sleep(0.01)
            assert upstream.taken == []
            advance(store, 2.1)
        await until(lambda: upstream.taken == expected)


async def test_a_store_that_cannot_write_is_no_reason_to_die(
    store: ServedStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    acknowledged, tries = store.services.outbox.acknowledged, 0

    async def full_disk(key: int) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise StorageUnavailable(database="cuelight.db", reason="disk is full")
        await acknowledged(key)

    monkeypatch.setattr(type(store.services.outbox), "acknowledged", lambda _self, key: full_disk(key))
    upstream = Upstream()
    name = await ended_event(store)
    async with pumping(store, upstream):
        await until(lambda: tries == 1)
        await asyncio.sleep(0.01)
        advance(store, 2)
        await until(lambda: tries == 2)
        await emptied(store)
    assert upstream.taken == [name, name], "told twice, which is harmless"
    assert "disk is full" in caplog.text


@pytest.mark.parametrize(("status", "problem"), [(400, ""), (413, ""), (422, ""), (409, "device_not_unique")])
async def test_what_cannot_be_taken_is_tried_again_much_later(store: ServedStore, status: int, problem: str) -> None:
    upstream = Upstream(UpstreamRefused(url=HUB, status=status, text="too odd", problem=problem))
    odd, fine = await ended_event(store), await ended_event(store)
    async with pumping(store, upstream):
        await until(lambda: upstream.taken == [fine])
        await asyncio.sleep(0.01)
        advance(store, REFUSED_SECONDS + 1)
        await until(lambda: upstream.taken == [fine, odd])


def test_the_code_of_a_problem_is_read_from_our_own_documents_only() -> None:
    assert problem_code(b'{"type": "urn:cuelight:problem:device_not_unique"}') == "device_not_unique"
    for body in (b"", b"[1]", b"{", b'{"type": 5}', b'{"type": "about:blank"}', b"[" * 100_000):
        assert problem_code(body) == ""


async def test_another_outcome_there_closes_ours(store: ServedStore) -> None:
    upstream = Upstream(UpstreamRefused(url=HUB, status=409, text=""))
    await ended_event(store)
    async with pumping(store, upstream):
        await emptied(store)
    assert upstream.taken == []
