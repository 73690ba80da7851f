"""The pump on a real outbox; the upstream is what the test says."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from fakes.clock import ManualClock
from fakes.served_store import SERIAL, ServedStore, served_store, until

from agent.errors import UpstreamRefused, UpstreamUnreachable
from agent.upstream.client import Answer
from agent.upstream.linkstate import LinkWatch
from agent.upstream.peer import VERSION_PATH, Peer
from agent.upstream.pump import AT_ONCE, RECORD_PATH, RECORDS_PATH, RECORDS_SIZE, Pump
from agent.upstream.responses import problem_code
from presets_store.protocol.statuses import EventStatus
from presets_store.services.outbox import POSTPONED_SECONDS
from presets_store.storage.errors import StorageUnavailable
from presets_store.storage.outbox import add_to_outbox
from presets_store.storage.records import OutboxItem

HUB = "https://hub.example"
STEP = 600.0
TRIED = "SELECT max(attempts) FROM outbox"
LEFT = "SELECT not_before FROM outbox WHERE attempts > 0"


class Upstream:
    """Raises what is in `troubles`, one a request, then takes everything; `product` is what it says that it is.

    `single`: it is of an earlier release, which takes one record at a time.
    """

    url = HUB

    def __init__(self, *troubles: Exception, product: str = "cuelight") -> None:
        self.troubles = list(troubles)
        self.product = product
        self.taken: list[str] = []
        self.messages: list[dict[str, Any]] = []
        self.at_once = self.most_at_once = self.asked = 0
        self.batches: list[int] = []
        self.together: list[int] = []
        self.down = self.single = False

    async def request(self, method: str, path: str, body: Any = None) -> Answer:
        if path == VERSION_PATH:
            return Answer(200, json.dumps({"Version": "1", "Product": self.product}).encode())
        self.at_once += 1
        self.asked += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.together.append(self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        if self.down:
            raise UpstreamUnreachable(url=HUB, reason="down")
        if self.single and path == RECORDS_PATH:
            raise UpstreamRefused(url=HUB, status=404, text="no such route")
        if self.troubles:
            raise self.troubles.pop(0)
        if path == RECORDS_PATH:
            self.batches.append(len(body))
        if path in (RECORD_PATH, RECORDS_PATH):
            self.taken += [each["eventUUID"] for each in (body if isinstance(body, list) else [body])]
        else:
            self.messages.append({"path": path, **body})
        return Answer(200, b"")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[ServedStore]:
    async with served_store(tmp_path, report_to=HUB) as served:
        yield served


@asynccontextmanager
async def pumping(store: ServedStore, upstream: Any) -> AsyncIterator[LinkWatch]:
    services, link = store.services, LinkWatch(store.clock)
    pump = Pump(
        services.outbox, HUB, upstream, store.clock, services.wakeups, store.device, SERIAL,
        peer=Peer(upstream), link=link,
    )  # fmt: skip
    running = asyncio.create_task(pump.run())
    yield link
    assert not running.done(), "the pump must never end by itself"
    running.cancel()


async def ended_event(store: ServedStore) -> str:
    """An event that has ended; its UUID."""
    body = {"deviceSerial": SERIAL, "eventType": "Video_Test_stop"}
    key = (await store.client.json("POST", "/v1/event", body))["eventID"]
    event = await store.services.events.begin(key, holder="1:11:1", boot_id="b", process_id=1)
    await store.services.events.finish(key, 1, EventStatus.COMPLETE, '{"note": "rtsp://me:secret@camera/"}')
    return event.uuid


async def depth(store: ServedStore, wanted: int) -> None:
    for _ in range(2000):
        if await store.services.outbox.depth(HUB) == wanted:
            return
        await asyncio.sleep(0.001)
    raise AssertionError(f"there are not {wanted} reports in the outbox")


def advance(store: ServedStore, seconds: float) -> None:
    assert isinstance(store.clock, ManualClock)
    store.clock.advance(seconds)


async def passing(store: ServedStore, condition: Callable[[], object], step: float = STEP) -> None:
    """Lets time pass until `condition()` holds."""
    async with asyncio.timeout(30):
        while not condition():
            advance(store, step)
            await asyncio.sleep(0.002)


async def test_trouble_makes_it_wait_and_loses_nothing(store: ServedStore) -> None:
    upstream = Upstream(UpstreamUnreachable(url=HUB, reason="down"), UpstreamRefused(url=HUB, status=404, text=""))
    expected = {await ended_event(store)}
    async with pumping(store, upstream):
        for left in (1, 0):
            await passing(store, lambda left=left: len(upstream.troubles) == left, 0.1)  # type: ignore[misc]
            assert upstream.taken == []
            expected.add(await ended_event(store))
        await passing(store, lambda: len(upstream.taken) == 3, 0.1)
        await depth(store, 0)
    assert set(upstream.taken) == expected


async def test_without_a_link_one_report_is_tried_at_a_time_and_all_when_it_is_back(store: ServedStore) -> None:
    expected = [await ended_event(store) for _ in range(AT_ONCE * 2)]
    upstream = Upstream()
    upstream.down = upstream.single = True
    async with pumping(store, upstream) as link:
        await until(lambda: upstream.asked)
        began = upstream.asked
        await passing(store, lambda: upstream.asked >= began + 3, 0.1)
        assert upstream.together[-3:] == [1, 1, 1]
        upstream.down = False
        link.reached()
        await depth(store, 0)
    assert sorted(upstream.taken) == sorted(expected)
    assert upstream.taken[0] == expected[0]
    assert 1 < upstream.most_at_once <= AT_ONCE


async def test_after_an_outage_records_go_together_in_order(store: ServedStore) -> None:
    expected = [await ended_event(store) for _ in range(20)]
    upstream = Upstream()
    async with pumping(store, upstream):
        await depth(store, 0)
    assert (upstream.taken, upstream.batches) == (expected, [20])


@pytest.mark.parametrize("status", [400, 404, 409, 413])
async def test_one_that_is_not_taken_sends_the_others_one_by_one(store: ServedStore, status: int) -> None:
    expected = [await ended_event(store) for _ in range(5)]
    refusal = UpstreamRefused(url=HUB, status=status, text="one of them")
    upstream = Upstream(refusal)
    async with pumping(store, upstream):
        await depth(store, 0)
    assert (sorted(upstream.taken), upstream.batches) == (sorted(expected), [])


async def test_large_records_go_apart(store: ServedStore) -> None:
    await ended_event(store)
    (one,) = await store.services.outbox.due(HUB, 9)
    events = [await ended_event(store) for _ in range(2)]
    enlarged = "UPDATE outbox SET body = json_set(body, '$.result', ?) WHERE key <> ?"
    values = ("x" * (RECORDS_SIZE * 2 // 3), one.key)
    await store.services.database.write(lambda c: c.exec_driver_sql(enlarged, values))
    upstream = Upstream()
    async with pumping(store, upstream):
        await depth(store, 0)
    assert sorted(upstream.taken) == sorted([one.event_uuid, *events])
    assert upstream.batches == [2]


async def test_a_server_that_asks_to_be_left_alone_is_and_nothing_counts_as_told(store: ServedStore) -> None:
    refusal = UpstreamRefused(url=HUB, status=409, text="not now")
    refusal.pause = 120.0
    upstream = Upstream(refusal)
    name = await ended_event(store)
    async with pumping(store, upstream):
        began = store.clock.monotonic()
        await until(lambda: upstream.asked == 1)
        await passing(store, lambda: upstream.asked == 2, 1.0)
        assert store.clock.monotonic() - began >= 120
        await depth(store, 0)
    assert upstream.taken == [name]


async def test_the_reports_of_one_event_arrive_in_their_order(store: ServedStore) -> None:
    await ended_event(store)
    (first,) = await store.services.outbox.due(HUB, 9)
    names = [f"{number:08}-0000-7000-8000-000000000000" for number in range(10)]
    for name in names:
        body = json.dumps({**json.loads(first.body), "eventUUID": name})
        again = OutboxItem(event_key=first.event_key, event_uuid=name, destination=HUB, body=body)
        await store.services.database.write(lambda c, again=again: add_to_outbox(c, again))  # type: ignore[misc]
    upstream = Upstream()
    async with pumping(store, upstream):
        await depth(store, 0)
    assert upstream.taken == [first.event_uuid, *names]


async def test_a_store_that_cannot_write_is_no_reason_to_die(
    store: ServedStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settle, tries = store.services.outbox.settle, 0

    async def full_disk(*arguments: Any) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise StorageUnavailable(database="cuelight.db", reason="disk is full")
        await settle(*arguments)

    monkeypatch.setattr(type(store.services.outbox), "settle", lambda _self, *arguments: full_disk(*arguments))
    upstream = Upstream()
    name = await ended_event(store)
    async with pumping(store, upstream):
        await passing(store, lambda: tries == 2, 0.1)
        await depth(store, 0)
    assert upstream.taken == [name, name], "told twice, which is harmless"
    assert "disk is full" in caplog.text


@pytest.mark.parametrize(("status", "problem"), [(400, ""), (413, ""), (422, ""), (409, "device_not_unique")])
async def test_what_cannot_be_taken_is_tried_again_later_and_later(
    store: ServedStore, status: int, problem: str
) -> None:
    refusal = UpstreamRefused(url=HUB, status=status, text="too odd", problem=problem)
    upstream = Upstream(refusal)
    odd = await ended_event(store)
    async with pumping(store, upstream):
        for tries, hours in ((1, 1), (2, 2), (3, 4)):
            upstream.troubles = [refusal]
            await passing(store, lambda: not upstream.troubles)
            await until_noted(store, tries)
            (left,) = await store.services.database.read(lambda c: c.exec_driver_sql(LEFT).scalars().all())
            assert abs(left / 1e6 - store.clock.now() - hours * POSTPONED_SECONDS) < STEP
            fine = await ended_event(store)
            await until(lambda fine=fine: upstream.taken[-1:] == [fine])  # type: ignore[misc]
        await passing(store, lambda: upstream.taken[-1] == odd)


async def until_noted(store: ServedStore, attempts: int) -> None:
    async with asyncio.timeout(30):
        while await store.services.database.read(lambda c: c.exec_driver_sql(TRIED).scalar()) != attempts:  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def test_a_report_that_nobody_can_read_holds_up_no_other(store: ServedStore) -> None:
    await ended_event(store)
    (sound,) = await store.services.outbox.due(HUB, 9)
    spoilt = OutboxItem(event_key=sound.event_key, event_uuid="x", destination=HUB, kind="remote", body='{"remoteID"')
    await store.services.database.write(lambda c: add_to_outbox(c, spoilt))
    upstream = Upstream()
    name = await ended_event(store)
    async with pumping(store, upstream):
        await depth(store, 1)
    assert sorted(upstream.taken) == sorted([sound.event_uuid, name])


def test_the_code_of_a_problem_is_read_from_our_own_documents_only() -> None:
    assert problem_code(b'{"type": "urn:cuelight:problem:device_not_unique"}') == "device_not_unique"
    for body in (b"", b"[1]", b"{", b'{"type": 5}', b'{"type": "about:blank"}', b"[" * 100_000):
        assert problem_code(body) == ""


async def test_another_outcome_there_closes_ours(store: ServedStore) -> None:
    upstream = Upstream(UpstreamRefused(url=HUB, status=409, text=""))
    await ended_event(store)
    async with pumping(store, upstream):
        await depth(store, 0)
    assert upstream.taken == []


async def test_a_server_that_is_not_ours_is_told_in_words_without_secrets(store: ServedStore) -> None:
    upstream = Upstream(product="another")
    name = await ended_event(store)
    async with pumping(store, upstream):
        await depth(store, 0)
    (message,) = upstream.messages
    assert upstream.taken == []
    assert (message["path"], message["agentType"], message["deviceSerial"]) == ("/v1/logmessage", "Video", SERIAL)
    text = message["message"]
    assert name in text
    assert "Video_Test_stop" in text
    assert "Complete" in text
    assert "secret" not in text


@pytest.mark.parametrize("status", [403, 404, 405, 501])
async def test_a_server_without_any_such_route_keeps_nothing_else_waiting(store: ServedStore, status: int) -> None:
    refusal = UpstreamRefused(url=HUB, status=status, text="no such route")
    upstream = Upstream(refusal, refusal, product="another")
    for _ in range(3):
        await ended_event(store)
    async with pumping(store, upstream):
        await until(lambda: upstream.messages)
        await depth(store, 2)
        assert await store.services.outbox.due(HUB, 9) == []
