"""Access keys: made, shown once, replaced and revoked by peers on the Unix socket, and by nobody else."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from fakes.clock import ManualClock
from fakes.served_store import SEALER, ServedStore, SigningClient, until
from sqlalchemy import text as sql

from presets_store.api import ApiSettings, build_app, make_runner
from presets_store.sealing import KEY_BYTES, Keyring, Sealer
from presets_store.services.caller import INSIDE
from presets_store.services.errors import KeyUnknown
from presets_store.services.people.keys import SEEN_SECONDS, KeysService, NewKey
from presets_store.services.unit import Units

Local = Callable[..., Awaitable[Any]]
NEXT = Sealer(b"n" * KEY_BYTES, "11" * 8)


@pytest.fixture
async def local(store: ServedStore, tmp_path: Path) -> AsyncIterator[Local]:
    """Requests over the Unix socket; answers the parsed body, or (status, detail) of a refusal."""
    runner = make_runner(build_app(store.services, store.clock, ApiSettings(version="1")))
    await runner.setup()
    path = str(tmp_path / "api.sock")
    await web.UnixSite(runner, path).start()
    async with aiohttp.ClientSession("http://local", connector=aiohttp.UnixConnector(path)) as session:

        async def call(method: str, target: str, body: Any = None, **headers: str) -> Any:
            async with session.request(method, target, json=body, headers=headers) as response:
                text = await response.text()
                if response.status != 200:
                    return response.status, json.loads(text)["detail"]
                return json.loads(text) if text else None

        yield call
    await runner.cleanup()


def signing(store: ServedStore, made: dict[str, Any]) -> SigningClient:
    """A client that signs with the pair just made."""
    return SigningClient(store.root, NewKey(made["accessKey"], made["secretKey"]), store.clock, store.client.session)


async def works(client: SigningClient) -> bool:
    status = (await client.call("GET", "/v1/device/list")).status
    assert status in (200, 401)
    return status == 200


async def make(local: Local, text: str = "phone") -> dict[str, Any]:
    made: dict[str, Any] = await local("POST", "/v1/apikey", {"aPIKeyDescription": text})
    return made


async def test_a_key_is_shown_whole_once(store: ServedStore, local: Local) -> None:
    made = await make(local)
    assert list(made) == [
        "key", "appID", "aPIKeyDescription", "accessKey", "secretKey", "status", "lastAccessDate", "creationDate"
    ]  # fmt: skip
    assert await works(signing(store, made))
    listed = await local("GET", "/v1/apikey/list/")
    assert [key["aPIKeyDescription"] for key in listed] == ["tests", "phone"]
    assert [key["secretKey"] for key in listed] == ["", ""]
    shown = await local("GET", f"/v1/apikey/{made['key']}")
    assert shown == {**made, "secretKey": "", "lastAccessDate": shown["lastAccessDate"]}
    assert (made["status"], made["accessKey"][-2:]) == ("active", "==")


async def test_only_the_description_is_for_writing(store: ServedStore, local: Local) -> None:
    made = await make(local)
    changes = {"aPIKeyDescription": "tablet", "status": "revoked", "accessKey": "mine", "secretKey": "mine"}
    assert await local("PUT", f"/v1/apikey/{made['key']}", changes) is None
    shown = await local("GET", f"/v1/apikey/{made['key']}")
    assert shown == {**made, "secretKey": "", "aPIKeyDescription": "tablet"}
    assert await works(signing(store, made))
    for method, path in (("POST", "/v1/apikey"), ("PUT", f"/v1/apikey/{made['key']}")):
        assert (await local(method, path, {}))[0] == 400


async def test_a_revoked_key_stops_at_once_and_for_good(store: ServedStore, local: Local) -> None:
    made = await make(local)
    client = signing(store, made)
    assert await works(client)
    path = f"/v1/apikey/{made['key']}"
    for _ in range(2):
        assert await local("DELETE", path) is None
        assert not await works(client)
    assert (await local("GET", path))["status"] == "revoked"
    status, text = await local("POST", f"{path}/rotate")
    assert (status, "is revoked, for good; make a new one with" in text) == (409, True)
    assert await local("PUT", path, {"aPIKeyDescription": "lost phone"}) is None
    assert not await works(client)


async def test_the_last_key_may_go(store: ServedStore, local: Local) -> None:
    (only,) = await local("GET", "/v1/apikey/list")
    assert await local("DELETE", f"/v1/apikey/{only['key']}") is None
    assert not await works(store.client)
    assert await store.services.keys.create_first() is None, "nobody gets a key unasked at the next start"
    assert await works(signing(store, await make(local)))


async def test_a_replaced_key_stops_as_the_new_one_begins(store: ServedStore, local: Local) -> None:
    old = await make(local)
    assert await works(signing(store, old))
    new = await local("POST", f"/v1/apikey/{old['key']}/rotate")
    assert new["key"] > old["key"]
    assert new["aPIKeyDescription"] == "phone"
    assert await works(signing(store, new))
    assert not await works(signing(store, old))
    both = await asyncio.gather(*(local("POST", f"/v1/apikey/{new['key']}/rotate") for _ in range(2)))
    assert [answer[0] for answer in both if isinstance(answer, tuple)] == [409]


async def test_an_administrators_keys_are_made_and_replaced_over_signed_requests(store: ServedStore) -> None:
    made = await store.client.json("POST", "/v1/apikey", {"aPIKeyDescription": "phone"})
    phone = signing(store, made)
    assert {key["aPIKeyDescription"] for key in await phone.json("GET", "/v1/apikey/list")} == {"tests", "phone"}
    new = await phone.json("POST", f"/v1/apikey/{made['key']}/rotate")
    assert not await works(phone)
    assert await works(signing(store, new))


async def test_no_secret_is_kept_for_a_repeated_request(store: ServedStore, local: Local) -> None:
    made = await make(local)
    for path in ("/v1/apikey", f"/v1/apikey/{made['key']}/rotate"):
        status, text = await local("POST", path, {"aPIKeyDescription": "x"}, **{"Idempotency-Key": "k1"})
        assert (status, "send no Idempotency-Key" in text) == (400, True)
    assert len(await local("GET", "/v1/apikey/list")) == 2
    for _ in range(2):
        assert await local("DELETE", f"/v1/apikey/{made['key']}", **{"Idempotency-Key": "k2"}) is None

    def dump(connection: Any) -> str:
        return str(connection.execute(sql("SELECT * FROM idempotency")).all()) + str(
            connection.execute(sql("SELECT * FROM keys")).all()
        )

    assert made["secretKey"] not in await store.services.database.read(dump)


@pytest.mark.parametrize("path", ["/v1/apikey/4711", "/v1/apikey/4711/rotate"])
async def test_an_unknown_key_says_where_the_known_ones_are(local: Local, path: str) -> None:
    for method in ("POST",) if path.endswith("rotate") else ("GET", "DELETE", "PUT"):
        status, text = await local(method, path, {"aPIKeyDescription": "x"})
        assert (status, "cuelight key list" in text) == (404, True)


async def test_a_key_revoked_while_it_is_first_looked_up_is_not_remembered(store: ServedStore) -> None:
    keys = store.services.keys
    for _ in range(20):
        made = await keys.create(INSIDE, "x")
        await asyncio.gather(keys.signer_of(made.access_key), keys.revoke(INSIDE, made.key), return_exceptions=True)
        with pytest.raises(KeyUnknown):
            await keys.signer_of(made.access_key)


async def test_a_key_is_revoked_although_who_asked_goes_away(store: ServedStore) -> None:
    keys = store.services.keys
    made = await keys.create(INSIDE, "x")
    assert (await keys.signer_of(made.access_key)).secret == made.secret
    asking = asyncio.ensure_future(keys.revoke(INSIDE, made.key))
    await until(lambda: keys._units._running)
    asking.cancel()
    await until(lambda: not keys._units._running)
    with pytest.raises(KeyUnknown):
        await keys.signer_of(made.access_key)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_key_revoked_by_another_process_stops_here_within_a_second(
    store: ServedStore, clock: ManualClock
) -> None:
    """Which a SQLite file has not. Nobody tells this process of it; a hub's replicas tell each other."""
    services = store.services
    units = Units(services.database, store.clock, services.live, services.wakeups)
    elsewhere = KeysService(units, SEALER, shared=True)
    assert await works(store.client)
    await elsewhere.revoke(INSIDE, (await services.keys.list(INSIDE))[0].key)
    clock.advance(SEEN_SECONDS)
    assert not await works(store.client)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_key_that_another_process_let_go_is_looked_at_at_once(store: ServedStore) -> None:
    services = store.services
    elsewhere = KeysService(Units(services.database, store.clock, services.live, services.wakeups), SEALER, shared=True)
    assert await works(store.client)
    (key,) = await services.keys.list(INSIDE)
    await elsewhere.revoke(INSIDE, key.key)
    services.keys.forget(key.access_key)
    assert not await works(store.client)


async def test_the_last_use_is_known_and_rarely_written(store: ServedStore, clock: ManualClock) -> None:
    keys = store.services.keys

    async def stored() -> list[int]:
        rows = await store.services.database.read(lambda c: c.execute(sql("SELECT last_access FROM keys")).all())
        return [row[0] for row in rows]

    (before,) = await keys.list(INSIDE)
    assert before.last_access_date == 0
    assert not await works(
        SigningClient(store.root, NewKey(before.access_key, "guess"), store.clock, store.client.session)
    )
    assert (await keys.list(INSIDE))[0].last_access_date == 0, "a wrong signature is no use"
    assert await works(store.client)
    (first,) = await keys.list(INSIDE)
    await store.services.sweep()
    assert await stored() == [first.last_access_date]
    clock.advance(1800)
    assert await works(store.client)
    await store.services.sweep()
    assert await stored() == [first.last_access_date]
    (second,) = await keys.list(INSIDE)
    assert second.last_access_date - first.last_access_date == 1_800_000_000
    clock.advance(1801)
    assert await works(store.client)
    await store.services.sweep()
    assert await stored() == [(await keys.list(INSIDE))[0].last_access_date]


async def test_all_secrets_are_sealed_anew(store: ServedStore, caplog: pytest.LogCaptureFixture) -> None:
    keys = store.services.keys
    second = await keys.create(INSIDE, "second")
    assert await keys.reseal(Keyring(NEXT, [SEALER])) == 2
    units = keys._units
    for access, secret in ((store.client.key.access_key, store.client.key.secret), (second.access_key, second.secret)):
        assert (await KeysService(units, NEXT).signer_of(access)).secret == secret
    third = await keys.create(INSIDE, "third")
    assert (await KeysService(units, NEXT).signer_of(third.access_key)).secret == third.secret
    with caplog.at_level(logging.WARNING):
        assert await keys.reseal(Sealer(b"x" * KEY_BYTES, "22" * 8)) == 0
    assert "was not sealed anew" in caplog.text
    assert second.secret not in caplog.text
