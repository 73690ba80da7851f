"""Users: made, changed, disabled; their keys; nobody but administrators may, and one of these always stays."""

import asyncio
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest
from fakes.people import PASSWORD, cheap_passwords, client_of, make_user, problem, session_of, sign_in
from fakes.served_store import ServedStore
from sqlalchemy import text as sql

from presets_store.protocol.people.users import UpdateUser
from presets_store.services.caller import INSIDE
from presets_store.services.people.sessions import listener_of


@pytest.fixture(autouse=True)
def _quickly(store: ServedStore) -> None:
    cheap_passwords(store)


async def test_a_user_is_made_shown_and_changed(store: ServedStore) -> None:
    made = await make_user(store, email="alice@example.org")
    assert (made["userName"], made["role"], made["scope"], made["status"]) == ("alice", "reader", "all", "active")
    assert made["hasPassword"] is True
    assert PASSWORD not in str(made)
    path = f"/v1/user/{made['key']}"
    assert await store.client.json("GET", path) == made
    changed = await store.client.json("PUT", path, {"role": "operator", "scope": "device", "scopeID": store.device})
    assert (changed["role"], changed["scope"], changed["scopeID"]) == ("operator", "device", store.device)
    assert changed["email"] == "alice@example.org"
    listed = await store.client.json("GET", "/v1/user/list")
    assert [user["userName"] for user in listed] == ["owner", "alice"]
    assert listed[1] == changed


async def test_the_password_is_kept_as_a_hash_only(store: ServedStore) -> None:
    await make_user(store)
    rows = await store.services.database.read(lambda c: c.execute(sql("SELECT password_hash FROM users")).all())
    assert [row[0].partition("$")[0] for row in rows] == ["", "scrypt"]
    assert PASSWORD not in str(rows)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"userName": "Alice"}, 400, "bad_request_body"),
        ({"userName": "a:b"}, 400, "bad_request_body"),
        ({"password": "too short"}, 400, "bad_request_body"),
        ({"password": "x" * 257}, 400, "bad_request_body"),
        ({"password": "with a tab\tin it"}, 400, "bad_request_body"),
        ({"role": "emperor"}, 400, "bad_request_body"),
        ({"scopeID": 1}, 400, "invalid_input"),
        ({"scope": "group"}, 400, "invalid_input"),
        ({"role": "device"}, 400, "invalid_input"),
        ({"scope": "device", "scopeID": 4711}, 404, "not_found"),
        ({"scope": "group", "scopeID": 4711}, 404, "not_found"),
        ({"userName": "owner"}, 409, "user_name_taken"),
    ],
)
async def test_a_user_that_cannot_be(store: ServedStore, body: dict[str, Any], status: int, code: str) -> None:
    asked = {"userName": "bob", "role": "reader", "password": PASSWORD} | body
    problem(await store.client.call("POST", "/v1/user", asked), status, code)
    assert len(await store.client.json("GET", "/v1/user/list")) == 1


async def test_of_two_users_of_one_name_at_once_there_is_one(store: ServedStore) -> None:
    body = {"userName": "bob", "role": "reader"}
    answers = await asyncio.gather(*(store.client.call("POST", "/v1/user", body) for _ in range(3)))
    assert sorted(answer.status for answer in answers) == [200, 409, 409]


async def test_a_disabled_user_is_refused_at_once(store: ServedStore) -> None:
    user = await make_user(store)
    client, session = await client_of(store, user), await session_of(store)
    assert (await client.call("GET", "/v1/device/list")).status == 200
    assert (await session.call("GET", "/v1/device/list")).status == 200
    await store.client.json("PUT", f"/v1/user/{user['key']}", {"status": "disabled"})
    problem(await client.call("GET", "/v1/device/list"), 401, "not_authenticated")
    problem(await session.call("GET", "/v1/device/list"), 419, "session_over")
    problem(await sign_in(store), 401, "sign_in_refused")
    asked = {"aPIKeyDescription": "x", "userID": user["key"]}
    assert "disabled" in problem(await store.client.call("POST", "/v1/apikey", asked), 400, "invalid_input")
    await store.client.json("PUT", f"/v1/user/{user['key']}", {"status": "active"})
    assert (await client.call("GET", "/v1/device/list")).status == 200
    problem(await session.call("GET", "/v1/device/list"), 419, "session_over")


async def test_another_role_holds_from_the_next_request_on(store: ServedStore) -> None:
    user = await make_user(store)
    client, session = await client_of(store, user), await session_of(store)
    event = {"deviceID": store.device, "eventTypeID": 7}
    for who in (client, session):
        assert "'run'" in problem(await who.call("POST", "/v1/event", event), 403, "forbidden")
    await store.client.json("PUT", f"/v1/user/{user['key']}", {"role": "operator"})
    for who in (client, session):
        assert (await who.call("POST", "/v1/event", event)).status == 200


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_role_that_changes_while_a_key_is_looked_up_is_not_remembered(store: ServedStore) -> None:
    user = await make_user(store)
    client, services = await client_of(store, user), store.services
    for role in ("operator", "reader") * 10:
        services.keys.forget_signers()
        change = services.people.users.update(INSIDE, user["key"], UpdateUser(role=role))
        await asyncio.gather(services.keys.signer_of(client.key.access_key), change)
        assert (await services.keys.signer_of(client.key.access_key)).principal.role == role


async def test_who_listens_is_let_go_when_his_rights_change(store: ServedStore) -> None:
    user = await make_user(store)
    client, session = await client_of(store, user), await session_of(store)
    (key,) = [each["key"] for each in (await session.call("GET", "/v1/session/list")).json()]
    names = (client.key.access_key, listener_of(key), store.client.key.access_key)
    with ExitStack() as stack:
        listeners = [stack.enter_context(store.services.live.listening(replace(INSIDE, name=name))) for name in names]
        await store.client.json("PUT", f"/v1/user/{user['key']}", {"scope": "device", "scopeID": store.device})
        assert [listener.closed for listener in listeners] == [True, True, False]


async def test_one_administrator_always_stays(store: ServedStore) -> None:
    (owner,) = await store.client.json("GET", "/v1/user/list")
    path = f"/v1/user/{owner['key']}"
    lesser = ({"status": "disabled"}, {"role": "operator"}, {"scope": "device", "scopeID": store.device})
    for body in lesser:
        assert "make another one first" in problem(await store.client.call("PUT", path, body), 409, "last_admin")
    await make_user(store, "limited", role="admin", scope="device", scopeID=store.device)
    problem(await store.client.call("PUT", path, {"status": "disabled"}), 409, "last_admin")
    other = await make_user(store, "other", role="admin")
    clients = {owner["key"]: store.client, other["key"]: await client_of(store, other)}
    both = (store.client.call("PUT", f"/v1/user/{key}", {"status": "disabled"}) for key in clients)
    answers = await asyncio.gather(*both)
    assert sorted(answer.status for answer in answers) in ([200, 409], [200, 401], [200, 403])
    works = [(await client.call("GET", "/v1/user/list")).status for client in clients.values()]
    assert sorted(works) == [200, 401]


@pytest.mark.parametrize("role", ["reader", "operator", "admin"])
async def test_only_administrators_of_everything_manage_users(store: ServedStore, role: str) -> None:
    scoped: dict[str, Any] = {"scope": "device", "scopeID": store.device} if role == "admin" else {}
    user = await make_user(store, "eve", role=role, **scoped)
    client = await client_of(store, user)
    own = f"/v1/user/{user['key']}"
    for method, path, body in (
        ("POST", "/v1/user", {"userName": "eve", "role": "admin"}),
        ("GET", "/v1/user/list", None),
        ("GET", own, None),
        ("PUT", own, {"role": "admin", "scope": "all"}),
        ("PUT", f"{own}/password", {"password": PASSWORD}),
        ("GET", f"{own}/apikey/list", None),
        ("POST", "/v1/apikey", {"aPIKeyDescription": "x", "userID": 1}),
    ):
        assert "'administer'" in problem(await client.call(method, path, body), 403, "forbidden")
    assert await store.client.json("GET", own) == user


async def test_keys_are_made_for_users_and_listed_by_them(store: ServedStore) -> None:
    user = await make_user(store)
    client = await client_of(store, user)
    problem(await client.call("POST", "/v1/event", {"deviceID": 1, "eventTypeID": 7}), 403, "forbidden")
    (key,) = await store.client.json("GET", f"/v1/user/{user['key']}/apikey/list")
    assert (key["accessKey"], key["secretKey"]) == (client.key.access_key, "")
    assert "userID" not in key, "the contract's record has no such member"
    asked = {"aPIKeyDescription": "x", "userID": 4711}
    assert "user list" in problem(await store.client.call("POST", "/v1/apikey", asked), 404, "not_found")
    problem(await store.client.call("GET", "/v1/user/4711/apikey/list"), 404, "not_found")


async def test_a_new_password_ends_what_was_begun_with_the_old(store: ServedStore) -> None:
    user = await make_user(store)
    session = await session_of(store)
    path = f"/v1/user/{user['key']}/password"
    assert (await store.client.call("PUT", path, {"password": "another long secret"})).body == b""
    problem(await session.call("GET", "/v1/session"), 419, "session_over")
    problem(await sign_in(store), 401, "sign_in_refused")
    assert (await sign_in(store, password="another long secret")).status == 200
    problem(await store.client.call("PUT", "/v1/user/4711/password", {"password": PASSWORD}), 404, "not_found")


async def test_nothing_of_a_password_is_kept_for_a_repeat(store: ServedStore) -> None:
    user = await make_user(store)
    headers = {"Idempotency-Key": "k1"}
    for method, path, body in (
        ("POST", "/v1/user", {"userName": "bob", "role": "reader", "password": PASSWORD}),
        ("PUT", f"/v1/user/{user['key']}/password", {"password": PASSWORD}),
    ):
        text = problem(await store.client.call(method, path, body, headers=headers), 400, "invalid_input")
        assert "no Idempotency-Key" in text
