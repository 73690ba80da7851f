"""Sessions: a password against a token, which ends by time, by idleness, by signing out."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest
from actionstreamer.CommonFunctions.common_functions import send_session_request
from actionstreamer.Config import WebServiceConfig
from fakes.clock import ManualClock
from fakes.people import PASSWORD, SessionClient, basic, cheap_passwords, make_user, problem, session_of, sign_in
from fakes.served_store import Answer, ServedStore, served_store
from sqlalchemy import text as sql

from presets_store.services.caller import INSIDE
from presets_store.services.people.sessions import MAX_SESSIONS, listener_of

HOUR = 3600.0
GONE = "12345678-1234-4234-8234-123456789abc"


@pytest.fixture(autouse=True)
async def _alice(store: ServedStore) -> None:
    cheap_passwords(store)
    await make_user(store)


async def test_a_session_begins_with_a_password(store: ServedStore) -> None:
    answer = (await sign_in(store, "Alice")).json()
    assert list(answer) == ["sessionGuid", "mfaTypeId", "browserGUID"]
    assert answer["mfaTypeId"] == 0
    session = SessionClient(store, answer["sessionGuid"])
    shown = (await session.call("GET", "/v1/session")).json()
    assert (shown["userName"], shown["role"], shown["browserGUID"]) == ("alice", "reader", answer["browserGUID"])
    assert (await session.call("GET", "/v1/session/list")).json() == [shown]
    assert answer["sessionGuid"] not in str(shown)


async def test_only_a_hash_of_the_token_is_kept(store: ServedStore) -> None:
    token = (await session_of(store)).token
    rows = str(await store.services.database.read(lambda c: c.execute(sql("SELECT * FROM sessions")).all()))
    assert token not in rows
    assert hashlib.sha256(token.encode()).hexdigest() in rows


async def test_all_reasons_for_no_session_read_the_same(store: ServedStore) -> None:
    await make_user(store, "keyonly", password=None)
    texts = {
        problem(await sign_in(store, name, password), 401, "sign_in_refused")
        for name, password in (("alice", "wrong"), ("nobody", PASSWORD), ("keyonly", PASSWORD), ("keyonly", "x"))
    }
    assert texts == {"The user name or the password is wrong."}


@pytest.mark.parametrize(
    "given", ["", "Basic", "Basic !!!", "Basic YQ==", "Basic YTo=", "Basic /////w==", "Bearer YTpi"]
)
async def test_credentials_in_another_form(store: ServedStore, given: str) -> None:
    headers = {"Authorization": given} if given else {}
    problem(await store.client.send("POST", "/v1/session", headers=headers), 401, "credentials_missing")


async def change_password(store: ServedStore, present: str, new: str) -> Answer:
    body = json.dumps({"password": new}).encode()
    return await store.client.send("PUT", "/v1/session/password", body, basic("alice", present))


async def test_who_knows_a_password_changes_it_and_is_signed_out(store: ServedStore) -> None:
    session, new = await session_of(store), "staple battery horse"
    problem(await change_password(store, "a guess of somebody", new), 401, "sign_in_refused")
    assert "password" in problem(await change_password(store, PASSWORD, "short"), 400, "bad_request_body")
    assert (await session.call("GET", "/v1/session")).status == 200, "nothing has changed"
    assert (await change_password(store, PASSWORD, new)).status == 200
    problem(await session.call("GET", "/v1/session"), 419, "session_over")
    problem(await sign_in(store), 401, "sign_in_refused")
    await session_of(store, password=new)


async def test_a_session_ends_by_time(store: ServedStore, clock: ManualClock) -> None:
    session = await session_of(store)
    for _ in range(7):
        clock.advance(1.7 * HOUR)
        answer = await session.call("GET", "/v1/session")
        assert answer.status == 200, "it is in use"
    clock.advance(0.2 * HOUR)
    assert "sign in again" in problem(await session.call("GET", "/v1/session"), 419, "session_over")
    with store.services.live.listening(replace(INSIDE, name=listener_of(1))) as listener:
        await store.services.sweep()
        assert listener.closed
    problem(await session.call("GET", "/v1/session"), 419, "session_over")
    count = await store.services.database.read(lambda c: c.execute(sql("SELECT count(*) FROM sessions")).scalar())
    assert count == 0


async def test_a_session_ends_when_nobody_uses_it(store: ServedStore, clock: ManualClock) -> None:
    session = await session_of(store)
    clock.advance(2.1 * HOUR)
    problem(await session.call("GET", "/v1/device/list"), 419, "session_over")


async def test_signing_out(store: ServedStore) -> None:
    first, second = await session_of(store), await session_of(store)
    assert (await first.call("DELETE", "/v1/session")).body == b""
    problem(await first.call("GET", "/v1/session"), 419, "session_over")
    assert len((await second.call("GET", "/v1/session/list")).json()) == 1


async def test_a_token_that_never_was(store: ServedStore) -> None:
    problem(await SessionClient(store, GONE).call("GET", "/v1/device/list"), 419, "session_over")


async def test_a_signed_request_has_no_session(store: ServedStore) -> None:
    for method in ("GET", "DELETE"):
        problem(await store.client.call(method, "/v1/session"), 404, "not_found")
    assert await store.client.json("GET", "/v1/session/list") == []


async def test_a_token_beside_a_signature_is_neither(store: ServedStore) -> None:
    session = await session_of(store)
    signed = store.client.sign("GET", "/v1/device/list") | {"Authorization": session.token}
    answer = await store.client.send("GET", "/v1/device/list", headers=signed)
    problem(answer, 401, "signature_header_malformed")
    answer = await session.call("GET", "/v1/device/list", **{"X-AccessKey": store.client.key.access_key})
    problem(answer, 401, "signature_header_malformed")


async def test_a_password_opens_nothing_but_a_session(store: ServedStore) -> None:
    answer = await store.client.send("GET", "/v1/device/list", headers=basic("alice"))
    problem(answer, 401, "signature_header_missing")


async def test_a_user_has_so_many_sessions(store: ServedStore) -> None:
    first = await session_of(store)
    for _ in range(MAX_SESSIONS):
        last = await session_of(store)
    problem(await first.call("GET", "/v1/session"), 419, "session_over")
    assert len((await last.call("GET", "/v1/session/list")).json()) == MAX_SESSIONS


async def test_a_repeated_write_of_a_session_happens_once(store: ServedStore) -> None:
    await store.client.json("PUT", "/v1/user/2", {"role": "operator"})
    session = await session_of(store)
    event = {"deviceID": store.device, "eventTypeID": 7}
    answers = [await session.call("POST", "/v1/event", event, **{"Idempotency-Key": "k"}) for _ in range(2)]
    assert answers[0].status == 200
    assert answers[0].body == answers[1].body


async def test_the_third_party_client_takes_a_session(store: ServedStore) -> None:
    session = await session_of(store)
    config = WebServiceConfig("", "", session_token=session.token)
    done = await asyncio.to_thread(send_session_request, config, "GET", f"{store.root}/v1/device/list")
    assert (done.code, json.loads(done.description)[0]["key"]) == (200, store.device)
    await session.call("DELETE", "/v1/session")
    done = await asyncio.to_thread(send_session_request, config, "GET", f"{store.root}/v1/device/list")
    assert (done.code, "sign in again" in done.description) == (419, True)


@pytest.fixture
async def proxied(tmp_path: Path, clock: ManualClock) -> AsyncIterator[ServedStore]:
    """A store behind a proxy on loopback."""
    folder = tmp_path / "proxied"
    await asyncio.to_thread(folder.mkdir)
    async with served_store(folder, clock, proxies=(ip_network("127.0.0.0/8"),)) as store:
        cheap_passwords(store)
        await make_user(store)
        yield store


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_no_password_in_the_clear(proxied: ServedStore) -> None:
    async def by(protocol: str, **more: str) -> Answer:
        return await sign_in(proxied, **{"X-Forwarded-Proto": protocol, "X-Forwarded-For": "192.0.2.1"} | more)

    problem(await by("http"), 403, "not_private")
    token = (await by("https")).json()["sessionGuid"]
    for headers, status in (({"X-Forwarded-Proto": "http"}, 403), ({"X-Forwarded-Proto": "https"}, 200)):
        answer = await SessionClient(proxied, token).call("GET", "/v1/session", **headers)
        assert answer.status == status
