"""Enrolment: a token, good once, makes a device one of ours; the device then sees itself and nothing else."""

import asyncio
from typing import Any

from fakes.clock import ManualClock
from fakes.people import client_of, make_user, problem, register, signing
from fakes.served_store import SERIAL, ServedStore, SigningClient
from sqlalchemy import text as sql

DAY = 86_400


async def token_for(store: ServedStore, **body: Any) -> str:
    made = await store.client.json("POST", "/v1/enrolment", body)
    return str(made["token"])


async def group(store: ServedStore, name: str = "stage") -> int:
    made = await store.client.json("POST", "/v1/devicegroup", {"value": name})
    return int(made["key"])


async def enrolled(store: ServedStore, serial: str = "77", **body: Any) -> tuple[dict[str, Any], SigningClient]:
    answer = await register(store, await token_for(store, **body), serial)
    assert answer.status == 200, answer
    return answer.json()["device"], signing(store, answer.json())


async def test_a_token_makes_a_device(store: ServedStore) -> None:
    made = await store.client.json("POST", "/v1/enrolment", {"description": "for the foyer"})
    assert len(made["token"]) == 43
    answer = await register(store, made["token"], "77", "Foyer")
    device, client = answer.json()["device"], signing(store, answer.json())
    assert (device["serialNumber"], device["deviceName"]) == ("77", "Foyer")
    assert [each["key"] for each in await client.json("GET", "/v1/device/list")] == [device["key"]]
    ready = {"deviceSerial": "77", "agentType": "Device"}
    assert (await client.json("POST", "/v1/device/ready", ready))["key"] == device["key"]
    (listed,) = await store.client.json("GET", "/v1/enrolment/list")
    assert (listed["token"], listed["deviceID"], listed["description"]) == ("", device["key"], "for the foyer")
    assert listed["usedDate"]


async def test_a_device_reaches_itself_only(store: ServedStore) -> None:
    _, client = await enrolled(store)
    for method, path, body in (
        ("GET", f"/v1/device/{store.device}", None),
        ("POST", "/v1/device/ready", {"deviceSerial": SERIAL, "agentType": "Device"}),
        ("POST", "/v1/event/list/pending", {"deviceName": SERIAL}),
        ("POST", "/v1/event", {"deviceID": store.device, "eventTypeID": 7}),
        ("POST", "/v1/enrolment", {}),
        ("GET", "/v1/enrolment/list", None),
        ("GET", "/v1/user/list", None),
    ):
        text = problem(await client.call(method, path, body), 403, "forbidden")
        assert "permission" in text
        assert SERIAL not in text


async def test_every_reason_against_a_token_reads_the_same(store: ServedStore, clock: ManualClock) -> None:
    used, withdrawn = await token_for(store), await token_for(store)
    assert (await register(store, used)).status == 200
    await store.client.call("DELETE", "/v1/enrolment/2")
    late = await token_for(store, expiresInSeconds=60)
    other = await token_for(store, deviceID=(await enrolled(store, "78"))[0]["key"])
    clock.advance(61)
    answers = [await register(store, token, "79") for token in (used, withdrawn, late, other, "guess")]
    assert len({problem(answer, 403, "enrolment_refused") for answer in answers}) == 1
    serials = [each["serialNumber"] for each in await store.client.json("GET", "/v1/device/list")]
    assert serials == [SERIAL, "77", "78"]


async def test_a_token_lasts_a_day(store: ServedStore, clock: ManualClock) -> None:
    first, second = await token_for(store), await token_for(store)
    clock.advance(DAY - 1)
    assert (await register(store, first)).status == 200
    clock.advance(1)
    problem(await register(store, second, "78"), 403, "enrolment_refused")


async def test_of_two_who_come_at_once_one_gets_in(store: ServedStore) -> None:
    token = await token_for(store)
    answers = await asyncio.gather(*(register(store, token, str(serial)) for serial in range(4)))
    assert sorted(answer.status for answer in answers) == [200, 403, 403, 403]
    assert len(await store.client.json("GET", "/v1/device/list")) == 2


async def test_two_tokens_make_no_device_twice(store: ServedStore) -> None:
    tokens = [await token_for(store) for _ in range(3)]
    answers = await asyncio.gather(*(register(store, token) for token in tokens))
    assert sorted(answer.status for answer in answers) == [200, 409, 409]
    refused = next(answer for answer in answers if answer.status == 409)
    assert "ask for a token that is made for it" in problem(refused, 409, "serial_enrolled")
    left = [each for each in await store.client.json("GET", "/v1/enrolment/list") if not each["usedDate"]]
    assert len(left) == 2, "nothing was spent by the refusals"


async def test_a_known_device_gets_a_new_pair_by_a_token_of_its_own(store: ServedStore) -> None:
    device, old = await enrolled(store)
    answer = await register(store, await token_for(store, deviceID=device["key"]))
    assert answer.json()["device"] == device
    new = signing(store, answer.json())
    assert (await new.json("GET", f"/v1/device/{device['key']}"))["key"] == device["key"]
    problem(await old.call("GET", "/v1/device/list"), 401, "not_authenticated")
    users = await store.client.json("GET", "/v1/user/list")
    assert [user["userName"] for user in users] == ["owner", f"device:{device['key']}"]


async def test_a_device_that_was_disabled_comes_back_by_a_token_of_its_own(store: ServedStore) -> None:
    device, old = await enrolled(store)
    (_, user) = await store.client.json("GET", "/v1/user/list")
    await store.client.json("PUT", f"/v1/user/{user['key']}", {"status": "disabled"})
    problem(await old.call("GET", "/v1/device/list"), 401, "not_authenticated")
    _, new = await enrolled(store, deviceID=device["key"])
    assert (await new.call("GET", "/v1/device/list")).status == 200
    problem(await old.call("GET", "/v1/device/list"), 401, "not_authenticated")


async def test_tokens_that_cannot_be(store: ServedStore) -> None:
    device, _ = await enrolled(store)
    await store.client.call("DELETE", f"/v1/device/{device['key']}")
    for body, status, code in (
        ({"deviceID": 4711}, 404, "not_found"),
        ({"deviceGroupID": 4711}, 404, "not_found"),
        ({"deviceID": store.device}, 400, "invalid_input"),
        ({"deviceID": device["key"]}, 400, "invalid_input"),
        ({"expiresInSeconds": 59}, 400, "bad_request_body"),
        ({"expiresInSeconds": 31 * DAY}, 400, "bad_request_body"),
    ):
        problem(await store.client.call("POST", "/v1/enrolment", body), status, code)


async def test_a_new_device_joins_the_group_of_its_token(store: ServedStore) -> None:
    key = await group(store)
    device, _ = await enrolled(store, deviceGroupID=key)
    members = await store.client.json("GET", f"/v1/devicegroup/{key}/device/list")
    assert [each["key"] for each in members] == [device["key"]]
    doomed = await group(store, "doomed")
    token = await token_for(store, deviceGroupID=doomed)
    await store.client.call("DELETE", f"/v1/devicegroup/{doomed}")
    problem(await register(store, token, "78"), 403, "enrolment_refused")
    assert len(await store.client.json("GET", "/v1/device/list")) == 2


async def test_who_manages_a_group_enrols_into_it_only(store: ServedStore) -> None:
    own, other = await group(store), await group(store, "cellar")
    await token_for(store)
    user = await make_user(store, role="admin", scope="group", scopeID=own, password=None)
    client = await client_of(store, user)
    for body in ({}, {"deviceGroupID": other}, {"deviceGroupID": own, "deviceID": store.device}):
        assert "'manage'" in problem(await client.call("POST", "/v1/enrolment", body), 403, "forbidden")
    made = await client.json("POST", "/v1/enrolment", {"deviceGroupID": own})
    assert [each["key"] for each in await client.json("GET", "/v1/enrolment/list")] == [made["key"]]
    problem(await client.call("DELETE", "/v1/enrolment/1"), 404, "not_found")
    answer = await register(store, made["token"])
    assert [each["key"] for each in await client.json("GET", "/v1/device/list")] == [answer.json()["device"]["key"]]


async def test_no_token_and_no_secret_is_kept(store: ServedStore, clock: ManualClock) -> None:
    headers = {"Idempotency-Key": "k"}
    problem(await store.client.call("POST", "/v1/enrolment", {}, headers=headers), 400, "invalid_input")
    token = await token_for(store)
    pair = (await register(store, token)).json()

    def dump(connection: Any) -> str:
        return "".join(str(connection.execute(sql(f"SELECT * FROM {name}")).all()) for name in ("enrolments", "keys"))

    kept = await store.services.database.read(dump)
    assert token not in kept
    assert pair["secretKey"] not in kept
    clock.advance(31 * DAY)
    await store.services.sweep()
    assert await store.client.json("GET", "/v1/enrolment/list") == []
