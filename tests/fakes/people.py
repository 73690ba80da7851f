"""Users of a served store: made, signed in, enrolled."""

import base64
import json
from typing import Any

from fakes.served_store import Answer, ServedStore, SigningClient

from presets_store.services.people.keys import NewKey
from presets_store.services.people.passwords import Cost, Passwords

PASSWORD = "correct horse battery"
CHEAP = Cost(log_n=4, r=1, p=1)


def cheap_passwords(store: ServedStore) -> None:
    """Has passwords hashed so that it takes no time."""
    people = store.services.people
    people.users._passwords = people.sessions._passwords = Passwords(CHEAP)


async def make_user(store: ServedStore, name: str = "alice", **fields: Any) -> dict[str, Any]:
    body = {"userName": name, "role": "reader", "password": PASSWORD, **fields}
    made: dict[str, Any] = await store.client.json("POST", "/v1/user", body)
    return made


async def client_of(store: ServedStore, user: dict[str, Any]) -> SigningClient:
    """A client with a new key of the user."""
    body = {"aPIKeyDescription": user["userName"], "userID": user["key"]}
    made = await store.client.json("POST", "/v1/apikey", body)
    return signing(store, made)


def signing(store: ServedStore, pair: dict[str, Any]) -> SigningClient:
    """A client that signs with a pair as an answer shows it."""
    key = NewKey(pair["accessKey"], pair["secretKey"])
    return SigningClient(store.root, key, store.clock, store.client.session)


def basic(name: str, password: str = PASSWORD) -> dict[str, str]:
    """The header of HTTP Basic."""
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


async def sign_in(store: ServedStore, name: str = "alice", password: str = PASSWORD, **headers: str) -> Answer:
    return await store.client.send("POST", "/v1/session", headers=basic(name, password) | headers)


class SessionClient:
    """Requests by a session's token alone."""

    def __init__(self, store: ServedStore, token: str) -> None:
        self._client = store.client
        self.token = token

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        data = None if body is None else json.dumps(body).encode()
        return await self._client.send(method, path, data, {"Authorization": self.token, **headers})


async def session_of(store: ServedStore, name: str = "alice", password: str = PASSWORD) -> SessionClient:
    answer = await sign_in(store, name, password)
    assert answer.status == 200, answer
    return SessionClient(store, answer.json()["sessionGuid"])


async def register(store: ServedStore, token: str, serial: str = "77", name: str = "") -> Answer:
    body = {"token": token, "serialNumber": serial, "deviceName": name}
    return await store.client.send("POST", "/v1/register/device", json.dumps(body).encode())


def problem(answer: Answer, status: int, code: str) -> str:
    """The text of a refusal, which must be this one and show no secret of the tests."""
    document = answer.json()
    assert (answer.status, document["code"]) == (status, code), document
    assert PASSWORD.encode() not in answer.body
    return str(document["detail"])
