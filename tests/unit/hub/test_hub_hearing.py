import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fakes.clock import ManualClock
from fakes.served_store import ServedStore, served_store, until

from presets_store.hub.replicas import hearing
from presets_store.hub.replicas.hearing import Hearing
from presets_store.protocol.events import CreateEvent
from presets_store.services.caller import INSIDE


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[ServedStore]:
    async with served_store(tmp_path, ManualClock()) as served:
        yield served


def notice(**content: Any) -> str:
    return json.dumps({"from": "another", **content})


async def queue(store: ServedStore) -> int:
    body = CreateEvent(device_id=store.device, agent_type="Video", event_type="Video_Stop_recording")
    return (await store.services.events.create(INSIDE, body)).event_id


async def test_what_others_say_wakes_and_our_own_words_do_not(store: ServedStore) -> None:
    heard = Hearing("me", store.services, store.clock)
    with store.services.wakeups.listening(7) as signal:
        heard.hear(json.dumps({"from": "me", "events": [[1, 7, "event", True]]}))
        heard.hear(notice(events=[[1, 8, "event", True], [2, 7, "event", False]]))
        assert not signal.is_set()
        heard.hear(notice(events=[[1, 7, "event", True]]))
        assert signal.is_set()


@pytest.mark.parametrize("text", ["", "{}", "null", "[[]]", notice(events=[[1]]), notice(told=["news of 2040", 1, {}])])
async def test_a_notice_that_is_not_understood_makes_us_look(store: ServedStore, text: str) -> None:
    heard = Hearing("me", store.services, store.clock)
    looking = asyncio.ensure_future(heard.look())
    try:
        await queue(store)
        with store.services.live.listening(INSIDE) as listener, store.services.wakeups.polling(store.device) as signal:
            heard.hear(text)
            await until(signal.is_set)
            assert listener.take_dropped() >= 1
    finally:
        looking.cancel()


async def test_what_nobody_told_is_found_all_the_same(store: ServedStore) -> None:
    heard = Hearing("me", store.services, store.clock)
    looking = asyncio.ensure_future(heard.look())
    try:
        await queue(store)
        with store.services.wakeups.polling(store.device) as signal:
            await asyncio.sleep(0.05)
            assert not signal.is_set()
            store.clock.advance(2 * hearing.LOOK_EVERY)  # type: ignore[attr-defined]
            await until(signal.is_set)
    finally:
        looking.cancel()


async def test_live_listeners_get_what_changed_elsewhere_without_its_checkout(store: ServedStore) -> None:
    heard = Hearing("me", store.services, store.clock)
    publishing = asyncio.ensure_future(heard.publish_news())
    try:
        key = await queue(store)
        heard.hear(notice(events=[[key, store.device, "event", True]]))  # nobody listens: it is not even read
        with store.services.live.listening(INSIDE) as listener:
            for _ in range(3):  # of the same state
                heard.hear(notice(events=[[key, store.device, "event", True], [10**9, 1, "event", False]]))
            heard.hear(notice(told=["camera", 7, {"name": "Lobby"}]))
            told = listener.take()
            assert told is not None
            assert (told.kind, told.device_id, told.data) == ("camera", 7, {"name": "Lobby"})
            assert listener.take() is None
            await until(listener.ready.is_set)
            read = listener.take()
            assert read is not None
            assert (read.data["key"], "checkoutToken" in read.data) == (key, False)
            assert listener.take() is None
            heard.hear(notice(gone=["local"]))
            assert listener.closed
    finally:
        publishing.cancel()


async def test_more_news_than_can_be_read_are_told_as_lost(store: ServedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hearing, "NEWS_LIMIT", 2)
    heard = Hearing("me", store.services, store.clock)
    with store.services.live.listening(INSIDE) as listener:
        heard.hear(notice(events=[[key, 1, "event", False] for key in range(1, 6)]))
        assert listener.take_dropped() == 3
