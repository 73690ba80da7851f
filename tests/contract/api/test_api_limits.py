"""Whoever is wrong too often is told to wait: of one address, about one key or user, and nobody else."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from fakes.clock import ManualClock
from fakes.people import PASSWORD, SessionClient, cheap_passwords, client_of, make_user, problem, register, sign_in
from fakes.served_store import Answer, ServedStore, SigningClient, served_store

from presets_store.api.people.limits import WINDOW, Tried

HERE, THERE = {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "192.0.2.2"}


@pytest.fixture
def database_url() -> str:
    """One database system is enough here: nothing of this depends on it."""
    return ""


@pytest.fixture
async def store(tmp_path: Path, clock: ManualClock) -> AsyncIterator[ServedStore]:
    """Behind a proxy that says where requests come from."""
    async with served_store(tmp_path, clock, proxies=(ip_network("127.0.0.1"),)) as served:
        cheap_passwords(served)
        yield served


async def look(client: SigningClient, address: dict[str, str], **spoilt: Any) -> Answer:
    return await client.call("GET", "/v1/device/list", headers=address, **spoilt)


async def blocked(client: SigningClient, address: dict[str, str]) -> None:
    for _ in range(Tried.KEY.limit):
        problem(await look(client, address, secret="guess"), 401, "signature_mismatch")


async def test_wrong_signatures_of_one_address_for_one_key(store: ServedStore, clock: ManualClock) -> None:
    other = await client_of(store, await make_user(store))
    await blocked(store.client, HERE)
    refused = await look(store.client, HERE)
    assert "wrong signatures from this address" in problem(refused, 429, "too_many_failures")
    assert refused.headers["Retry-After"] == "60"
    assert (await look(store.client, THERE)).status == 200, "the device itself is elsewhere"
    assert (await look(other, HERE)).status == 200
    clock.advance(WINDOW - 0.5)
    assert (await look(store.client, HERE)).headers["Retry-After"] == "1"
    clock.advance(0.5)
    assert (await look(store.client, HERE)).status == 200


async def test_failures_long_apart_are_none_too_many(store: ServedStore, clock: ManualClock) -> None:
    for _ in range(3 * Tried.KEY.limit):
        problem(await look(store.client, HERE, secret="guess"), 401, "signature_mismatch")
        clock.advance(WINDOW / (Tried.KEY.limit - 1))


async def test_what_is_no_guess_does_not_count(store: ServedStore, clock: ManualClock) -> None:
    signed = store.client.sign("GET", "/v1/device/list") | HERE
    for _ in range(2 * Tried.KEY.limit):
        await store.client.send("GET", "/v1/device/list", headers=signed)
    skewed = int(clock.now()) - 1000
    for _ in range(2 * Tried.KEY.limit):
        text = problem(await look(store.client, HERE, timestamp=skewed), 401, "timestamp_outside_window")
        assert "1000 s behind" in text
    problem(await store.client.send("GET", "/v1/device/list", headers=signed), 401, "nonce_used")
    assert (await look(store.client, HERE)).status == 200


async def test_unknown_keys_count_together(store: ServedStore) -> None:
    for number in range(Tried.UNKNOWN_KEY.limit):
        problem(await look(store.client, HERE, access_key=f"k{number}=="), 401, "not_authenticated")
    problem(await look(store.client, HERE, access_key="another=="), 429, "too_many_failures")
    assert (await look(store.client, HERE)).status == 200, "who has a key may still ask"
    problem(await look(store.client, THERE, access_key="another=="), 401, "not_authenticated")


async def test_passwords(store: ServedStore, clock: ManualClock) -> None:
    await make_user(store)
    await make_user(store, "bob")
    safe = {"X-Forwarded-Proto": "https"}
    tries = (sign_in(store, "alice", "guess", **HERE, **safe) for _ in range(2 * Tried.USER.limit))
    answers = await asyncio.gather(*tries)
    assert [answer.status for answer in answers].count(401) == Tried.USER.limit, "although all came at once"
    problem(await sign_in(store, **HERE, **safe), 429, "too_many_failures")
    assert (await sign_in(store, "bob", **HERE, **safe)).status == 200
    assert (await sign_in(store, **THERE, **safe)).status == 200
    for number in range(Tried.ANY_USER.limit - Tried.USER.limit):
        problem(await sign_in(store, f"user{number}", PASSWORD, **HERE, **safe), 401, "sign_in_refused")
    problem(await sign_in(store, "bob", **HERE, **safe), 429, "too_many_failures")
    clock.advance(WINDOW)
    assert (await sign_in(store, **HERE, **safe)).status == 200


async def test_right_passwords_do_not_count(store: ServedStore) -> None:
    await make_user(store)
    for _ in range(2 * Tried.ANY_USER.limit):
        assert (await sign_in(store, **{"X-Forwarded-Proto": "https"})).status == 200


async def test_tokens(store: ServedStore) -> None:
    for _ in range(Tried.SESSION.limit):
        client = SessionClient(store, str(uuid.uuid4()))
        answer = await client.call("GET", "/v1/session", **HERE, **{"X-Forwarded-Proto": "https"})
        problem(answer, 419, "session_over")
    answer = await client.call("GET", "/v1/session", **HERE, **{"X-Forwarded-Proto": "https"})
    problem(answer, 429, "too_many_failures")
    assert (await look(store.client, HERE)).status == 200


async def test_registration(tmp_path: Path, clock: ManualClock) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    async with served_store(folder, clock) as store:
        token = (await store.client.json("POST", "/v1/enrolment", {}))["token"]
        for _ in range(Tried.ENROLMENT.limit):
            problem(await register(store, "guess"), 403, "enrolment_refused")
        problem(await register(store, token), 429, "too_many_failures")
        clock.advance(WINDOW)
        assert (await register(store, token)).status == 200


async def test_only_the_proxy_may_ask(tmp_path: Path, clock: ManualClock) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    async with served_store(folder, clock, proxies=(ip_network("192.0.2.0/24"),)) as store:
        problem(await look(store.client, HERE), 403, "not_by_proxy")
        problem(await sign_in(store, **HERE, **{"X-Forwarded-Proto": "https"}), 403, "not_by_proxy")
        problem(await register(store, "guess"), 403, "not_by_proxy")
