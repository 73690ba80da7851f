"""Idempotency keys: the first answer is given again, the write happens once."""

import asyncio
import json
from typing import Any

from fakes.served_store import SERIAL, SigningClient

EVENT = json.dumps({"deviceSerial": SERIAL, "eventType": "Video_Test_event"})


async def events(client: SigningClient) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = await client.json("POST", "/v1/event/list", {})
    return listed


async def test_idempotency_key_gives_the_first_answer_again(client: SigningClient) -> None:
    key = {"Idempotency-Key": "once-7"}
    first = await client.call("POST", "/v1/event", EVENT, headers=key)
    again = await client.call("POST", "/v1/event", EVENT, headers=key)
    assert (again.status, again.body) == (first.status, first.body)
    assert len(await events(client)) == 1
    other = await client.call("POST", "/v1/event", EVENT.replace("Test_event", "Test_stop"), headers=key)
    assert (other.status, other.json()["code"]) == (422, "idempotency_key_reused")
    malformed = await client.call("POST", "/v1/event", EVENT, headers={"Idempotency-Key": "a b"})
    assert (malformed.status, malformed.json()["code"]) == (400, "invalid_idempotency_key")


async def test_idempotency_key_of_an_empty_answer_and_of_a_dequeue(client: SigningClient) -> None:
    created = await client.json("POST", "/v1/event", EVENT)
    await client.json("POST", "/v1/event", EVENT)
    body = {"deviceName": SERIAL, "agentType": "Video"}
    taken = [(await client.json("POST", "/v1/event/dequeue", body, headers={"Idempotency-Key": "d"})) for _ in "ab"]
    assert taken[0] == taken[1]
    path, said = f"/v1/event/{created['eventID']}", {"eventStatus": 3}
    answers = [await client.call("PUT", path, said, headers={"Idempotency-Key": "p"}) for _ in "ab"]
    assert [(answer.status, answer.body) for answer in answers] == [(200, b"")] * 2


async def test_idempotency_keys_at_the_same_moment_write_once(client: SigningClient) -> None:
    key = {"Idempotency-Key": "rush"}
    answers = await asyncio.gather(*(client.call("POST", "/v1/event", EVENT, headers=key) for _ in range(8)))
    assert len({answer.body for answer in answers}) == 1
    assert len(await events(client)) == 1


async def test_a_refused_write_keeps_no_answer(client: SigningClient) -> None:
    body, key = {"deviceSerial": "later", "eventTypeID": 7}, {"Idempotency-Key": "k"}
    assert (await client.call("POST", "/v1/event", body, headers=key)).status == 404
    await client.json("POST", "/v1/device", {"serialNumber": "later"})
    assert (await client.call("POST", "/v1/event", body, headers=key)).status == 200
