"""Channels of notification: whose they are, what is shown of them, and what a test of one tells."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fakes.people import client_of, make_user
from fakes.receivers import smtp_receiver, text_of
from fakes.served_store import ServedStore, served_store
from fakes.telling import LOOPBACK, true_clock

from presets_store.delivery.building import build_delivery
from presets_store.services.scripts import channels as service
from presets_store.storage.scripts.channels import list_channels

PATH = "/api/v1/channels"
URL = "mailto://cam:hunter2hunter2@smtp.example:2525?from=cam@site.example&to=guard@site.example"
QUIET = {"from": "22:00:00", "to": "06:59:59"}


async def make_channel(store: ServedStore, **fields: Any) -> dict[str, Any]:
    made: dict[str, Any] = await store.client.json("POST", PATH, {"url": URL, **fields})
    return made


async def test_the_address_is_never_shown_again(store: ServedStore) -> None:
    made = await make_channel(store, name="Mail", quiet=QUIET, device_may_send=True)
    assert made["url"] == "mailto://***@smtp.example:2525"
    assert (made["name"], made["quiet"], made["device_may_send"], made["status"]) == ("Mail", QUIET, True, "active")
    answers = [
        await store.client.call("GET", PATH),
        await store.client.call("GET", f"{PATH}/{made['id']}"),
        await store.client.call("PUT", f"{PATH}/{made['id']}", {**made, "name": "Post"}),
    ]
    assert answers[0].json()["data"] == [answers[1].json()] == [made]
    assert answers[2].json()["name"] == "Post"
    assert all(b"hunter2" not in answer.body and b"guard@" not in answer.body for answer in answers)
    (row,) = await store.services.database.read(list_channels)
    assert store.services.scripts.channel_secrets.url_of(row) == URL  # what was shown came back, and changed nothing
    assert "hunter2" not in repr(row)


async def test_changes(store: ServedStore) -> None:
    made = await make_channel(store, quiet=QUIET)
    path = f"{PATH}/{made['id']}"
    assert (await store.client.json("PUT", path, {"name": "x"}))["quiet"] == QUIET
    changed = await store.client.json("PUT", path, {"url": "json://far.example/x", "quiet": {}, "status": False})
    assert (changed["url"], changed["quiet"], changed["status"]) == ("json://far.example", None, "inactive")
    assert (await store.client.call("DELETE", path)).status == 204
    assert (await store.client.call("GET", path)).status == 404


@pytest.mark.parametrize(
    ("body", "path", "said"),
    [
        ({}, "url", "missing"),
        ({"url": "nothing"}, "url", "no URL"),
        ({"url": "gnome://x"}, "url", "act on this machine"),
        ({"url": "unheard-of://x"}, "url", "not understood"),
        ({"url": "tgram://no-token/1"}, "url", "not understood"),
        ({"url": URL, "quiet": {"from": "25:00:00", "to": "06:00:00"}}, "quiet.from", ""),
        ({"url": URL, "quiet": {**QUIET, "zone": "Mars/Base"}}, "quiet.zone", "not known"),
        ({"url": URL, "user_id": 4711}, "user_id", "no user"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_is_refused_says_where(store: ServedStore, body: dict[str, Any], path: str, said: str) -> None:
    answer = await store.client.call("POST", PATH, body)
    assert answer.status == 422, answer
    assert said in " ".join(answer.json()["errors"][path])
    assert b"no-token" not in answer.body


async def test_who_is_no_administrator_sees_and_changes_his_own_only(store: ServedStore) -> None:
    theirs = await make_channel(store)
    user = await make_user(store, "alice", role="operator")
    alice = await client_of(store, user)
    mine = await alice.json("POST", PATH, {"url": "json://far.example"})
    assert (mine["user_id"], mine["user_name"]) == (user["key"], "alice")
    assert [each["id"] for each in (await alice.json("GET", PATH))["data"]] == [mine["id"]]
    assert (await alice.call("POST", PATH, {"url": URL, "user_id": theirs["user_id"]})).status == 403
    for method, path in (("GET", ""), ("PUT", ""), ("DELETE", ""), ("POST", "/test")):
        body: dict[str, Any] | None = {} if method == "PUT" else None
        assert (await alice.call(method, f"{PATH}/{theirs['id']}{path}", body)).status == 404
    both = await store.client.json("GET", PATH)
    assert [each["id"] for each in both["data"]] == [theirs["id"], mine["id"]]
    assert both["meta"]["total"] == 2
    of_alice = await store.client.json("GET", PATH, query={"user_id": str(user["key"])})
    assert [each["id"] for each in of_alice["data"]] == [mine["id"]]


async def test_a_user_has_so_many(store: ServedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_CHANNELS", 1)
    await make_channel(store)
    answer = await store.client.call("POST", PATH, {"url": URL})
    assert answer.status == 409
    assert "1 channels" in answer.json()["message"]


@pytest.fixture
async def telling_store(tmp_path: Path) -> AsyncIterator[ServedStore]:
    async with served_store(tmp_path, true_clock()) as served:
        yield served


async def test_a_test_tells_what_became_of_it(telling_store: ServedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store = telling_store
    worker = asyncio.create_task(build_delivery(store.services, LOOPBACK).run())
    try:
        async with smtp_receiver() as smtp:
            made = await make_channel(store, url=smtp.url(), name="Mail", status="inactive")
            path = f"{PATH}/{made['id']}/test"
            assert await store.client.json("POST", path) == {"outcome": "sent", "reason": ""}
            assert "Mail" in text_of(smtp.messages[0])
            smtp.refuse = "550 no"
            failed = await store.client.json("POST", path)
            assert failed["outcome"] == "failed"
            assert failed["reason"]
            assert "hunter2" not in json.dumps(failed)
    finally:
        worker.cancel()
        await asyncio.wait([worker])
    monkeypatch.setattr(service, "TEST_SECONDS", 0.1)
    waiting = await store.client.json("POST", path)
    assert (waiting["outcome"], "not sent" in waiting["reason"]) == ("waiting", True)
    assert (await store.client.call("POST", path)).status == 409
