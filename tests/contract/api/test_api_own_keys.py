"""A device changes from one key to the next by itself: what that takes, and no more."""

import asyncio
from typing import Any

from fakes.people import basic, cheap_passwords, make_user, problem, signing
from fakes.principals import client_of
from fakes.served_store import ServedStore, SigningClient

from presets_store.rules.permissions import Role, ScopeKind

OWN, OTHERS = "/v1/apikey/own", "/v1/apikey/own/others"


async def device_client(store: ServedStore) -> SigningClient:
    return await client_of(store, Role.DEVICE, ScopeKind.DEVICE, store.device)


async def lets_in(client: SigningClient) -> bool:
    return (await client.call("POST", "/v1/testauth")).status == 200


async def test_a_further_key_works_beside_the_first_until_it_ends_it(store: ServedStore) -> None:
    first, stranger = await device_client(store), await device_client(store)
    made = await first.json("POST", OWN)
    second = signing(store, made)
    assert (await lets_in(first), await lets_in(second)) == (True, True)
    (shown,) = [key for key in await store.client.json("GET", "/v1/apikey/list") if key["key"] == made["key"]]
    assert (shown["secretKey"], shown["aPIKeyDescription"]) == ("", made["aPIKeyDescription"])
    assert await second.json("DELETE", OTHERS) == {"revoked": 1}
    assert (await lets_in(first), await lets_in(second)) == (False, True)
    assert await second.json("DELETE", OTHERS) == {"revoked": 0}
    assert await lets_in(stranger), "another device"
    assert await lets_in(store.client), "another user"


async def test_two_keys_are_enough(store: ServedStore) -> None:
    client = await device_client(store)
    answers = await asyncio.gather(*(client.call("POST", OWN) for _ in range(4)))
    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409]
    assert "revokes those" in problem(await client.call("POST", OWN), 409, "too_many_keys")
    assert await client.json("DELETE", OTHERS) == {"revoked": 1}
    assert (await client.call("POST", OWN)).status == 200


async def test_the_end_of_others_may_be_asked_twice_and_a_secret_is_not_kept(store: ServedStore) -> None:
    client = await device_client(store)
    named = {"Idempotency-Key": "k1"}
    assert "no Idempotency-Key" in problem(await client.call("POST", OWN, headers=named), 400, "invalid_input")
    await client.json("POST", OWN)
    answers: list[Any] = [await client.json("DELETE", OTHERS, headers=named) for _ in range(2)]
    assert answers == [{"revoked": 1}, {"revoked": 1}], "the first answer, again"


async def test_a_session_has_no_key_of_its_own(store: ServedStore) -> None:
    cheap_passwords(store)
    await make_user(store, role="admin")
    session = (await store.client.send("POST", "/v1/session", headers=basic("alice"))).json()["sessionGuid"]
    for method, path in (("POST", OWN), ("DELETE", OTHERS)):
        answer = await store.client.send(method, path, headers={"Authorization": session})
        assert "sign it with one" in problem(answer, 400, "key_missing")
