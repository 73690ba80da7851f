"""Scripts of a served store: made as the contract's examples say, and asked about."""

import json
from typing import Any

from fakes.people import PASSWORD, cheap_passwords, make_user
from fakes.served_store import Answer, ServedStore

from presets_store.storage.cameras import insert_camera
from presets_store.storage.records import Camera

ADMIN = "/api/admin/v1/scripts"
CLIENT = "/api/v1/scripts"

TIMETABLE: dict[str, Any] = {
    "days": [
        {
            "type": "same_every_day",
            "from": "00:00:00+05:00",
            "to": "23:59:00+05:00",
            "breaks": [{"from": "16:00:00+05:00", "to": "17:00:00+05:00"}],
        }
    ],
    "intervals": [],
}
SCHEDULE = [{"day": 0, "ranges": [{"from": "00:00:00", "to": "23:59:59"}]}]


def script(**members: Any) -> dict[str, Any]:
    """The body of a script, as the contract's sample has it."""
    return {
        "title": "Queue at the desk",
        "reaction_id": 5,
        "event_id": 41,
        "users": [],
        "status": "active",
        "cameras": None,
        "timetable": TIMETABLE,
        **members,
    }


async def make_camera(store: ServedStore, device: int | None = None, index: int = 0) -> int:
    """The key of a new camera of the store's own device, or of another."""
    new = Camera(device_key=device or store.device, camera_index=index, camera_id=f"test:{index}")
    return (await store.services.database.write(lambda connection: insert_camera(connection, new))).key


async def token_of(store: ServedStore, name: str = "alice", **fields: Any) -> "BearerClient":
    """A new user, and a client with his token."""
    cheap_passwords(store)
    await make_user(store, name, **fields)
    answer = await ask_token(store, name)
    assert answer.status == 200, answer
    return BearerClient(store, answer.json()["access_token"])


async def ask_token(store: ServedStore, name: str = "alice", password: str = PASSWORD, **more: Any) -> Answer:
    body = {"login": name, "password": password, **more}
    return await post(store, "/api/v1/token", body)


async def post(store: ServedStore, path: str, body: Any) -> Answer:
    """A request by nobody."""
    return await store.client.send("POST", path, json.dumps(body).encode())


class BearerClient:
    """Requests as the contract's client sends them."""

    def __init__(self, store: ServedStore, token: str) -> None:
        self._client = store.client
        self.token = token

    async def call(self, method: str, target: str, body: Any = None, **headers: str) -> Answer:
        data = None if body is None else json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {self.token}", "Accept": "application/json", "X-Client": "web", **headers}
        return await self._client.send(method, target, data, sent)

    async def json(self, method: str, target: str, body: Any = None) -> Any:
        """The parsed answer of a request that must succeed."""
        answer = await self.call(method, target, body)
        assert answer.status == 200, (answer.status, answer.body)
        return answer.json()


def refused(answer: Answer, status: int) -> str:
    """The message of a refusal, which is all that there is."""
    document = answer.json()
    assert (answer.status, list(document)) == (status, ["message"]), (answer.status, document)
    return str(document["message"])


def wrong(answer: Answer) -> dict[str, list[str]]:
    """What a 422 says of each member."""
    document = answer.json()
    assert (answer.status, sorted(document)) == (422, ["errors", "message"]), (answer.status, document)
    errors: dict[str, list[str]] = document["errors"]
    assert errors
    assert all(errors.values())
    return errors
