"""Tokens of the scripts API, and how it refuses: scripts-api.md sections 1 and 7."""

import hashlib
from ipaddress import ip_network
from pathlib import Path

import pytest
from fakes.clock import ManualClock
from fakes.people import PASSWORD, SessionClient, cheap_passwords, make_user, session_of
from fakes.scripts import ADMIN, CLIENT, BearerClient, ask_token, post, refused, script, token_of, wrong
from fakes.served_store import ServedStore, served_store
from sqlalchemy import text as sql

from presets_store.protocol.scripts.base import plain_date
from presets_store.services.people.sessions import MAX_SESSIONS

TOKEN = "/api/v1/token"
ADMIN_TOKEN = "/api/admin/v1/auth/token"
NONE = "12345678-1234-4234-8234-123456789abc"


@pytest.fixture(autouse=True)
async def _alice(store: ServedStore) -> None:
    cheap_passwords(store)
    await make_user(store, role="operator")


async def test_a_token(store: ServedStore, clock: ManualClock) -> None:
    answer = (await ask_token(store, "Alice", session_id=None, captcha=None, key=None)).json()
    now = plain_date(int(clock.now() * 1e6))
    assert list(answer) == ["user", "access_token"]
    permissions = answer["user"].pop("permissions")
    assert answer["user"] == {
        "id": 2, "name": "alice", "login": "alice", "parent_id": None, "created_at": now, "updated_at": now,
        "access_token_id": "1", "can_update_password": True, "analytic_license": [],
    }  # fmt: skip
    assert permissions[1] == {"id": 2, "name": "run", "display_name": "Run", "group": "operator"}
    assert (await BearerClient(store, answer["access_token"]).json("GET", CLIENT))["data"] == []
    rows = str(await store.services.database.read(lambda c: c.execute(sql("SELECT * FROM sessions")).all()))
    assert answer["access_token"] not in rows
    assert hashlib.sha256(answer["access_token"].encode()).hexdigest() in rows


async def test_a_token_of_the_admin_generation(store: ServedStore, clock: ManualClock) -> None:
    answer = (await post(store, ADMIN_TOKEN, {"login": "alice", "password": PASSWORD})).json()
    assert list(answer) == ["user", "expires_at", "token_type", "access_token"]
    assert (answer["token_type"], answer["expires_at"]) == ("Bearer", plain_date(int((clock.now() + 12 * 3600) * 1e6)))
    assert {"ptz_priority", "admin_camera_groups", "dhcp_subnet_groups", "access_token_id"} <= set(answer["user"])
    for form in (answer["access_token"], f"Bearer {answer['access_token']}", f"bearer  {answer['access_token']}"):
        assert (await store.client.send("GET", ADMIN, headers={"Authorization": form})).status == 200


async def test_tokens_are_sessions(store: ServedStore) -> None:
    """They open the other routes too, are listed there, and end there."""
    token = (await ask_token(store)).json()["access_token"]
    session = SessionClient(store, token)
    assert (await session.call("GET", "/v1/session")).json()["userName"] == "alice"
    assert (await session.call("DELETE", "/v1/session")).status == 200
    assert "over" in refused(await BearerClient(store, token).call("GET", CLIENT), 401)
    assert (await BearerClient(store, (await session_of(store)).token).json("GET", CLIENT))["meta"]["total"] == 0


async def test_too_many_sessions(store: ServedStore) -> None:
    first = (await ask_token(store)).json()["access_token"]
    for _ in range(MAX_SESSIONS - 1):
        assert (await ask_token(store)).status == 200
    answer = await ask_token(store)
    assert (answer.status, sorted(answer.json())) == (419, ["message", "session_id"])
    assert (await BearerClient(store, first).call("GET", CLIENT)).status == 200, "nothing has ended"
    oldest = answer.json()["session_id"]
    assert (await ask_token(store, session_id=oldest + 10_000)).status == 419, "none of his"
    assert (await ask_token(store, session_id=oldest)).status == 200
    assert refused(await BearerClient(store, first).call("GET", CLIENT), 401)
    assert (await post(store, ADMIN_TOKEN, {"login": "alice", "password": PASSWORD})).status == 200, "the oldest ends"
    await make_user(store, "bob")
    bobs = (await ask_token(store, "bob", session_id=oldest + 1)).json()["user"]["access_token_id"]
    count = await store.services.database.read(lambda c: c.execute(sql("SELECT count(*) FROM sessions")).scalar())
    assert count == MAX_SESSIONS + 1, f"session {bobs} ended none of alice's"


async def test_all_reasons_for_no_token_read_the_same(store: ServedStore) -> None:
    await make_user(store, "keyonly", password=None)
    texts = {
        refused(await ask_token(store, name, password), 401)
        for name, password in (("alice", "wrong"), ("nobody", PASSWORD), ("keyonly", PASSWORD))
    }
    assert texts == {"The user name or the password is wrong."}


async def test_what_is_missing(store: ServedStore) -> None:
    for path in (TOKEN, ADMIN_TOKEN):
        assert set(wrong(await post(store, path, {}))) == {"login", "password"}
        assert list(wrong(await post(store, path, {"login": "alice", "password": 5}))) == ["password"]
        assert list(wrong(await post(store, path, [1]))) == ["body"]
        assert list(wrong(await store.client.send("POST", path, b"{"))) == ["body"]


async def test_guesses_are_limited(store: ServedStore, clock: ManualClock) -> None:
    for _ in range(10):
        refused(await ask_token(store, password="wrong"), 401)
    answer = await ask_token(store)
    assert "try again" in refused(answer, 429)
    assert int(answer.headers["Retry-After"]) > 0
    assert (await store.client.send("POST", "/v1/session")).status == 401, "of other users nothing was guessed"
    clock.advance(61)
    assert (await ask_token(store)).status == 200


async def test_not_in_plain_text_over_a_network(tmp_path: Path, clock: ManualClock) -> None:
    async with served_store(tmp_path, clock, proxies=(ip_network("127.0.0.1"),)) as store:
        cheap_passwords(store)
        assert "TLS" in refused(await ask_token(store), 403)
        assert "TLS" in refused(await BearerClient(store, NONE).call("GET", CLIENT), 403)


async def test_no_token_or_a_wrong_one(store: ServedStore) -> None:
    for given in ("", "Bearer", "Bearer x", f"Bearer {NONE}", NONE, f"Basic {NONE}", "Bearer \xe9"):
        headers = {"Authorization": given} if given else {}
        for method, path in (("GET", CLIENT), ("POST", ADMIN), ("DELETE", f"{CLIENT}/1"), ("GET", f"{CLIENT}/users")):
            answer = await store.client.send(method, path, b"{" if method == "POST" else None, headers)
            message = refused(answer, 401)
            assert "session is over" in message if NONE in given and "Basic" not in given else "token" in message, given
            assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_who_may_only_look(store: ServedStore) -> None:
    alice = BearerClient(store, (await ask_token(store)).json()["access_token"])
    await alice.json("POST", CLIENT, script())
    bob = await token_of(store, "bob")
    assert (await bob.json("GET", f"{CLIENT}/1"))["title"] == script()["title"]
    for method, path, body in (
        ("POST", CLIENT, {}), ("PUT", f"{CLIENT}/1", {}), ("DELETE", f"{CLIENT}/1", None), ("POST", ADMIN, {}),
        ("PUT", f"{ADMIN}/1", {}), ("DELETE", CLIENT, {"ids": [1]}), ("GET", f"{CLIENT}/users", None),
        ("POST", "/api/v1/basic-configurations/events", {}),
    ):  # fmt: skip
        assert "permission 'edit'" in refused(await bob.call(method, path, body), 403)


async def test_no_such_route(store: ServedStore) -> None:
    for method, path, status in (("GET", "/api/v1/nothing", 404), ("GET", f"{CLIENT}/x", 404), ("PATCH", CLIENT, 405)):
        refused(await store.client.send(method, path), status)


async def test_our_signatures_are_taken_as_well(store: ServedStore) -> None:
    made = await store.client.json("POST", CLIENT, script())
    assert await store.client.json("GET", f"{CLIENT}/{made['id']}", query={}) == made
    page = await store.client.json("GET", CLIENT, query={"page": "1", "per_page": "5"})
    assert page["data"] == [made]
    answer = await store.client.call("GET", CLIENT, nonce="not one")
    refused(answer, 401)
