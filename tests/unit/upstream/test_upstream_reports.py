"""What the upstream is told of what it handed out: pure, and once on a real hub."""

import asyncio
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fakes.served_store import until
from fakes.stored import make_event
from fakes.two_stores import HANDED, TwoStores, two_stores
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import UpstreamUnreachable
from agent.upstream.custody import Custody
from agent.upstream.linkstate import LinkWatch
from agent.upstream.reports import LOOK_EVERY, Reports, Told, Word, pause_after, told_of, word_for
from presets_store.protocol.statuses import EventStatus
from presets_store.rules.event import Event

PROCESSING, PENDING, CHECKED_OUT = EventStatus.PROCESSING, EventStatus.PENDING, EventStatus.CHECKED_OUT


def event(status: EventStatus = PROCESSING, percent: float = 0.0, token: str = "T1") -> Event:
    return make_event(1, event_status=status, percent_complete=percent, checkout_token=token)


@pytest.mark.parametrize(
    ("now", "told", "word"),
    [
        (event(), Told(PENDING, "T1", 0.0, 0.0), Word.PROCESSING),
        (event(), Told(PROCESSING, "T0", 0.0, 0.0), Word.PROCESSING),
        (event(), Told(PROCESSING, "T1", 0.0, -99.0), None),
        (event(), Told(PROCESSING, "T1", 0.0, -100.0), Word.PROCESSING),
        (event(percent=5), Told(PROCESSING, "T1", 0.0, -0.9), None),
        (event(percent=5), Told(PROCESSING, "T1", 0.0, -1.0), Word.PROGRESS),
        (event(PENDING), Told(PENDING, "T1", 0.0, -19.0), None),
        (event(PENDING), Told(PENDING, "T1", 0.0, -20.0), Word.WAITS),
        (event(CHECKED_OUT), Told(PENDING, "T1", 0.0, -20.0), Word.WAITS),
        (event(PENDING), Told(PROCESSING, "T1", 50.0, -20.0), Word.WAITS),
    ],
)
def test_what_there_is_to_say(now: Event, told: Told, word: Word | None) -> None:
    assert word_for(now, told, 0.0) is word


@given(
    st.sampled_from([PENDING, CHECKED_OUT, PROCESSING]),
    st.floats(0, 100),
    st.floats(0, 100),
    st.floats(0, 1e6),
)
def test_what_was_just_said_is_not_said_again_and_silence_never_lasts(
    status: EventStatus, percent: float, later: float, now: float
) -> None:
    said = event(status, percent)
    assert word_for(said, told_of(said, now), now) is None
    assert word_for(replace(said, percent_complete=later), told_of(said, now), now + 101) is not None


def test_the_next_look_comes_in_time_for_what_is_going_on() -> None:
    assert pause_after([]) == LOOK_EVERY
    assert pause_after([event(PENDING)]) <= 20
    assert pause_after([event(PENDING), event()]) == 1


async def test_a_hub_hears_that_an_event_runs_and_how_far_it_is(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        hub, own = stores.hub, stores.own
        remote = await stores.handed_out(HANDED)
        here = await own.services.events.accept(stores.client.url, remote)
        reports = reports_of(stores)
        assert await reports._report() == 5
        here = await own.services.events.begin(here.key, holder="1:11:1", boot_id="boot-7", process_id=1)
        own.services.events.publish_progress(here, 10.0)
        own.services.events.publish_progress(here, 42.5)
        assert await reports._report() == 1
        stores.pass_time(1.0)
        await reports._report()
        shown = await hub.client.json("GET", f"/v1/event/{remote.key}")
        assert (shown["eventStatus"], shown["percentComplete"], shown["attemptNumber"]) == (3, 42.5, 1)
        there = await hub.services.events.require(remote.key)
        assert there.boot_id == "boot-7"


async def test_a_checkout_is_renewed_while_the_event_waits_here(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        own = stores.own
        remote = await stores.handed_out(HANDED)
        await own.services.events.accept(stores.client.url, remote)
        reports = reports_of(stores)
        for _ in range(20):
            await reports._report()
            stores.pass_time(10.0)
            await stores.hub.services.sweep()
        there = await stores.hub.services.events.require(remote.key)
        assert (there.event_status, there.checkout_token) == (CHECKED_OUT, remote.checkout_token)


async def test_a_refusal_is_not_met_again_at_once(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        own = stores.own
        remote = await stores.handed_out(HANDED)
        here = await own.services.events.accept(stores.client.url, remote)
        await stores.decided(remote.key, eventStatus=7)
        await own.services.events.begin(here.key, holder="1:11:1", boot_id="b", process_id=1)
        asked = counting(stores)
        reports = reports_of(stores, asked)
        for _ in range(5):
            await reports._report()
        assert asked.count == 1


async def test_a_link_that_fails_is_tried_less_and_less_often_and_at_once_when_it_is_back(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        remote = await stores.handed_out(HANDED)
        here = await stores.own.services.events.accept(stores.client.url, remote)
        await stores.own.services.events.begin(here.key, holder="1:11:1", boot_id="b", process_id=1)
        asked, link = counting(stores), LinkWatch(stores.clock)
        asked.down = True
        running = asyncio.create_task(reports_of(stores, asked, link).run())
        moments: list[float] = []
        for count in range(1, 6):
            async with asyncio.timeout(30):
                while asked.count < count:
                    stores.pass_time(0.1)
                    await asyncio.sleep(0.001)
            moments.append(stores.clock.monotonic())
        pauses = [after - before for before, after in pairwise(moments)]
        assert all(pause >= least for pause, least in zip(pauses, (0.5, 1, 2, 4), strict=True)), pauses
        asked.down, told = False, asked.count
        link.reached()
        await until(lambda: asked.count == told + 1)
        async with asyncio.timeout(30):
            while (await stores.hub.services.events.require(remote.key)).event_status is not PROCESSING:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        running.cancel()


def reports_of(stores: TwoStores, client: Any = None, link: LinkWatch | None = None) -> Reports:
    own = stores.own
    link, client = link or LinkWatch(own.clock), client or stores.client
    return Reports(
        own.services.events,
        client,
        own.clock,
        own.services.wakeups,
        own.device,
        stores.serial,
        link=link,
        custody=Custody(client, own.clock, link),
    )


def counting(stores: TwoStores) -> Any:
    """The client, counting; nothing arrives while it is `down`."""
    asked = SimpleNamespace(count=0, down=False, url=stores.client.url)

    async def request(*arguments: Any, **named: Any) -> Any:
        asked.count += 1
        if asked.down:
            raise UpstreamUnreachable(url=stores.client.url, reason="the test says so")
        return await stores.client.request(*arguments, **named)

    asked.request = request
    return asked
