"""The session as its upstream sees it: who appears there and when, what is asked again, and how the link is."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from fakes.clock import ManualClock
from fakes.far_server import FarServer, dated, far_server
from fakes.served_store import until
from fakes.two_stores import HANDED, TwoStores, two_stores

from agent.errors import UpstreamUnreachable
from agent.startup.registering import SERVED
from agent.upstream.backoff import REFUSED_KEY_SECONDS, Gate
from agent.upstream.client import SignedClient
from agent.upstream.credentials import Credentials, KeyPair
from agent.upstream.custody import Custody
from agent.upstream.linkstate import LinkWatch
from agent.upstream.peer import NOT_A_ROUTE, Peer
from agent.upstream.responses import Answer
from agent.upstream.session import DEQUEUE_PATH, LIST_PATH, POLL_PATH, SURE_FOR, WAIT_PATH, Session
from presets_store.errors import PROBLEM_TYPE
from presets_store.protocol.statuses import EventStatus
from presets_store.rules.startup import LinkState

READY, AGENT, VERSION = "/v1/device/ready", "/v1/agent", "/v1/version"


class Upstream:
    """Answers by path; what is not set is `[]` for a list, held for a poll, else empty. `statuses` come first."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.statuses: dict[str, list[int]] = {}
        self.bodies: dict[str, list[str]] = {}
        self.problems: dict[str, str] = {}
        self.asked: list[tuple[str, str]] = []

    def count(self, path: str) -> int:
        return sum(asked == path for asked, _ in self.asked)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        self.asked.append((path, request.headers.get("Idempotency-Key", "")))
        status = self.statuses[path].pop(0) if self.statuses.get(path) else 200
        if status == 0 and request.transport is not None:
            request.transport.close()
        if status == 200 and self.bodies.get(path):
            return dated(self.clock.now(), 200, self.bodies[path].pop(0).encode("utf-8", "surrogatepass"))
        if status == 200 and path in (POLL_PATH, WAIT_PATH):
            await asyncio.Event().wait()
        if status == 404 and path in self.problems:
            problem = json.dumps({"type": PROBLEM_TYPE + self.problems[path]}).encode()
            return dated(self.clock.now(), 404, problem)
        text = "[]" if path == LIST_PATH else '{"Product": "cuelight"}' if path == VERSION else ""
        return dated(self.clock.now(), status or 200, text.encode())


class Place:
    def __init__(self, stores: TwoStores, upstream: Upstream, server: FarServer) -> None:
        self.stores = stores
        self.upstream = upstream
        self.clock = stores.clock
        self.link = LinkWatch(self.clock)
        gate = Gate(self.clock)
        self.credentials = Credentials("key", "secret")
        self.credentials.on_change += [gate.open, self.link.resume]
        self.client = SignedClient(server.url, self.credentials, self.clock, gate=gate)
        self.custody = Custody(self.client, self.clock, self.link)
        self.session = session_on(stores, self.client, self.link, self.custody)

    async def failed(self, times: int) -> None:
        await until(lambda: self.session._failures == times)

    async def state(self, wanted: LinkState) -> str:
        """The reason, once the link is so."""
        await until(lambda: self.link.now.state is wanted)
        return self.link.now.reason


def session_on(stores: TwoStores, client: SignedClient, link: LinkWatch, custody: Custody | None = None) -> Session:
    async def started() -> bool:
        return True

    return Session(
        stores.own.services.events,
        client,
        client,
        stores.clock,
        serial=stores.serial,
        boot_id="boot-1",
        started=started,
        take=stores.own.services.events.accept,
        link=link,
        peer=Peer(client),
        custody=custody or Custody(client, stores.clock, link),
    )


@asynccontextmanager
async def running(session: Session) -> AsyncIterator[None]:
    task = asyncio.create_task(session.run())
    try:
        yield
        assert not task.done(), "the session must never end by itself"
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def placed(folder: Path, **statuses: list[int]) -> AsyncIterator[Place]:
    """A session under a scripted upstream; `statuses` of `longpoll`, `pending`, `dequeue`, `ready`."""
    paths = {"longpoll": WAIT_PATH, "pending": LIST_PATH, "dequeue": DEQUEUE_PATH, "ready": READY}
    async with two_stores(folder) as stores:
        upstream = Upstream(stores.clock)
        upstream.statuses = {paths[name]: given for name, given in statuses.items()}
        async with far_server(upstream.answer) as server:
            place = Place(stores, upstream, server)
            try:
                yield place
            finally:
                await place.client.close()


async def test_the_agents_appear_once_and_the_first_look_is_not_held(tmp_path: Path) -> None:
    async with placed(tmp_path) as place, running(place.session):
        assert await place.state(LinkState.REACHED) == ""
        await until(lambda: place.upstream.count(WAIT_PATH) == 1)
        paths = [path for path, _ in place.upstream.asked]
        assert paths == [AGENT] * len(SERVED) + [LIST_PATH, VERSION, WAIT_PATH]


async def test_an_older_release_and_any_other_server_are_polled(tmp_path: Path) -> None:
    async with placed(tmp_path, longpoll=[404]) as place:
        place.upstream.problems[WAIT_PATH] = NOT_A_ROUTE
        async with running(place.session):
            await until(lambda: place.upstream.count(POLL_PATH) == 1)
        assert place.upstream.count(WAIT_PATH) == 1
        assert place.session._failures == 0
    (tmp_path / "other").mkdir()
    async with placed(tmp_path / "other") as place:
        place.upstream.bodies[VERSION] = ["{}"]
        async with running(place.session):
            await until(lambda: place.upstream.count(POLL_PATH) == 1)
        assert place.upstream.count(WAIT_PATH) == 0


async def test_an_upstream_that_has_lost_the_device_is_told_of_it_again(tmp_path: Path) -> None:
    async with placed(tmp_path, longpoll=[404], ready=[404, 200]) as place, running(place.session):
        assert "404" in await place.state(LinkState.REFUSED)
        place.clock.advance(2)
        await until(lambda: place.upstream.count(READY) == 1)
        await place.failed(2)
        place.clock.advance(3)
        await place.state(LinkState.REACHED)
        assert place.upstream.count(READY) == 2
        assert place.upstream.count(AGENT) == 2 * len(SERVED)


async def test_each_change_of_the_link_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "agent.upstream.linkstate")
    async with placed(tmp_path, pending=[500, 500, 0, 401]) as place, running(place.session):
        for failures, reason in ((1, "500"), (2, "500"), (3, "")):
            await place.failed(failures)
            assert reason in await place.state(LinkState.UNREACHABLE)
            place.clock.advance(8)
        assert "401" in await place.state(LinkState.REFUSED)
        place.clock.advance(REFUSED_KEY_SECONDS / 2)
        assert place.link.since() == place.clock.now() - REFUSED_KEY_SECONDS / 2
        await asyncio.sleep(0.05)
        assert place.upstream.count(LIST_PATH) == 4, "a refused key is left alone"
        place.link.changed.clear()
        place.credentials.current = KeyPair("new", "secret")
        await place.state(LinkState.REACHED)
        assert place.link.changed.is_set()
    words = [record.getMessage().split(":")[0] for record in caplog.records]
    assert words == ["the upstream is unreachable", "the upstream is refused", "the upstream is reached"]


@pytest.mark.parametrize("path", [LIST_PATH, DEQUEUE_PATH])
@pytest.mark.parametrize("body", ["{", "[" * 100_000, '"no"', '[{"key": []}]', '{"key": {}}', "[[1]]", "\ud800"])
async def test_what_is_no_answer_of_the_contract_is_none(tmp_path: Path, path: str, body: str) -> None:
    async with placed(tmp_path) as place:
        place.upstream.bodies = {LIST_PATH: ['[{"key": 1, "agentTypeID": 1}]'], path: [body]}
        async with running(place.session):
            assert "its answer cannot be used" in await place.state(LinkState.UNREACHABLE)
            place.clock.advance(2)
            await place.state(LinkState.REACHED)


async def test_a_dequeue_whose_answer_was_cut_is_asked_again_under_its_key(tmp_path: Path) -> None:
    async with placed(tmp_path, dequeue=[0, 0, 200]) as place:
        place.upstream.bodies[LIST_PATH] = ['[{"key": 1, "agentTypeID": 1}]']
        async with running(place.session):
            await place.failed(1)
            place.clock.advance(2)
            await place.failed(2)
            place.clock.advance(60)
            await until(lambda: place.upstream.count(DEQUEUE_PATH) == 3)
        keys = [key for path, key in place.upstream.asked if path == DEQUEUE_PATH]
        assert keys == [keys[0]] * 3 != [""] * 3


@pytest.mark.parametrize(("late", "certain"), [(SURE_FOR - 5, True), (SURE_FOR, False)])
async def test_what_a_late_repeat_hands_out_is_ours_only_once_that_is_certain(
    tmp_path: Path, late: float, certain: bool
) -> None:
    async with placed(tmp_path, longpoll=[0]) as place:
        place.upstream.bodies[WAIT_PATH] = ['{"key": 7, "eventTypeID": 11}']
        async with running(place.session):
            await place.failed(1)
            place.clock.advance(late)
            await until(lambda: place.upstream.count(WAIT_PATH) == 3)
            (event,) = await place.stores.own.services.events.handed_out_by(place.client.url)
            assert place.custody.cleared(event) is certain


async def test_only_another_cuelight_gets_such_a_key(tmp_path: Path) -> None:
    async with placed(tmp_path) as place:
        place.upstream.bodies |= {VERSION: ["{}"], LIST_PATH: ['[{"key": 1, "agentTypeID": 1}]']}
        async with running(place.session):
            await until(lambda: place.upstream.count(DEQUEUE_PATH) == len(SERVED))
        assert {key for _, key in place.upstream.asked} == {""}


class Cutting(SignedClient):
    """Loses the answer by which the first event is handed out."""

    cut = 0

    async def request(self, method: str, path: str, body: object = None, **options: Any) -> Answer:
        answer = await super().request(method, path, body, **options)
        if path in (DEQUEUE_PATH, WAIT_PATH) and answer.body and not self.cut:
            self.cut += 1
            raise UpstreamUnreachable(url=self.shown_url, reason="the test cut it")
        return answer


async def test_an_event_whose_answer_was_cut_does_not_wait_for_its_lease(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        key = stores.hub.client.key
        client = Cutting(stores.hub.root, Credentials(key.access_key, key.secret), stores.clock)
        remote = await stores.asked_for(HANDED)
        session = session_on(stores, client, LinkWatch(stores.clock))
        async with running(session):
            await until(lambda: session._failures == 1)
            assert (await stores.hub.services.events.require(remote)).event_status is EventStatus.CHECKED_OUT
            stores.pass_time(2)
            async with asyncio.timeout(10):
                while not (mine := await stores.own.services.events.handed_out_by(client.url)):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        there = await stores.hub.services.events.require(remote)
        assert [(event.remote_id, event.checkout_token) for event in mine] == [(remote, there.checkout_token)]
        await client.close()
