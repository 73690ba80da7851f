"""`GET /v1/live`: changes arrive once they are durable; heartbeats; slow listeners; the end."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import StreamReader
from fakes.clock import ManualClock
from fakes.principals import client_of
from fakes.served_store import SERIAL, ServedStore, SigningClient, until
from fakes.stored import make_clip

from presets_store.protocol.live import LiveKind
from presets_store.protocol.statuses import EventStatus
from presets_store.rules.permissions import Role, ScopeKind
from presets_store.services.caller import INSIDE
from presets_store.services.live import LiveHub
from presets_store.storage.records import Camera

EVENT = {"deviceSerial": SERIAL, "eventType": "Video_Test_event"}


@pytest.fixture
def database_url() -> str:
    """One database system is enough here: nothing of this depends on it."""
    return ""


class Listener:
    def __init__(self, content: StreamReader) -> None:
        self._content = content

    async def block(self) -> dict[str, str]:
        """The next block of the stream: its fields, or `{"": comment}`."""
        fields: dict[str, str] = {}
        while line := (await asyncio.wait_for(self._content.readline(), 5)).decode().rstrip("\n"):
            name, _, value = line.partition(": ")
            fields[name.rstrip(":")] = value
        return fields

    async def message(self) -> dict[str, Any]:
        while "data" not in (block := await self.block()):
            pass
        return {"event": block["event"], **json.loads(block["data"])}


@asynccontextmanager
async def listening(store: ServedStore, client: SigningClient | None = None) -> AsyncIterator[Listener]:
    headers = (client or store.client).sign("GET", "/v1/live")
    async with store.client.session.get(store.root + "/v1/live", headers=headers) as response:
        assert (response.status, response.content_type) == (200, "text/event-stream")
        listener = Listener(response.content)
        assert await listener.block() == {"": "alive"}
        yield listener


async def test_an_events_life_is_told(store: ServedStore) -> None:
    events = store.services.events
    async with listening(store) as listener:
        key = (await store.client.json("POST", "/v1/event", EVENT))["eventID"]
        created = await listener.message()
        assert (created["event"], created["deviceID"]) == ("event", store.device)
        assert (created["data"]["key"], created["data"]["eventStatusName"]) == (key, "Pending")
        assert "checkoutToken" not in created["data"]
        begun = await events.begin(key, "1:1:7", "boot", 7)
        assert (await listener.message())["data"]["eventStatusName"] == "Processing"
        events.publish_progress(begun, 12.5)
        await events.save_progress(key, 1, 50.0)
        told = [await listener.message() for _ in "ab"]
        assert [(each["event"], each["data"]["percentComplete"]) for each in told] == [
            ("progress", 12.5),
            ("progress", 50),
        ]
        await events.finish(key, 1, EventStatus.COMPLETE, "{}")
        done = await listener.message()
        assert (done["data"]["eventStatusName"], done["data"]["percentComplete"]) == ("Complete", 100)
        assert done["sequence"] > created["sequence"]


async def test_cameras_and_clips_are_told(store: ServedStore) -> None:
    camera = Camera(device_key=0, camera_index=0, camera_id="a")
    await store.services.cameras.declare(store.device, [camera])
    async with listening(store) as listener:
        await store.services.cameras.set_state(store.device, "a", "streaming")
        assert (await listener.message())["data"]["state"] == "streaming"
        await store.services.clips.index(make_clip(store.device))
        assert (await listener.message())["event"] == "clip"


async def test_a_refused_write_is_not_told(store: ServedStore) -> None:
    async with listening(store) as listener:
        path = f"/v1/eventpreset/run/{(await create_preset(store))['key']}"
        assert (await store.client.call("POST", path, {"data": [store.device, 4711]})).status == 404
        key = (await store.client.json("POST", "/v1/event", EVENT))["eventID"]
        assert (await listener.message())["data"]["key"] == key


async def create_preset(store: ServedStore) -> dict[str, Any]:
    body = {"deviceID": store.device, "eventType": "Video_Test_event"}
    preset: dict[str, Any] = await store.client.json("POST", "/v1/eventpreset", body)
    return preset


async def test_a_silent_line_has_heartbeats(store: ServedStore, clock: ManualClock) -> None:
    async with listening(store) as listener:
        beat = asyncio.ensure_future(listener.block())
        while not beat.done():
            clock.advance(15)
            await asyncio.sleep(0.005)
        assert beat.result() == {"": "alive"}


async def test_listeners_are_let_go_when_the_server_stops(store: ServedStore) -> None:
    async with listening(store) as listener:
        store.services.close()
        assert await listener.block() == {}


async def test_a_listener_goes_with_its_key(store: ServedStore) -> None:
    (key,) = await store.services.keys.list(INSIDE)
    async with listening(store) as listener:
        await store.services.keys.describe(INSIDE, key.key, "phone")
        await store.services.keys.revoke(INSIDE, key.key)
        assert await listener.block() == {}


async def test_a_listener_hears_of_devices_in_reach_only(store: ServedStore) -> None:
    group = await store.client.json("POST", "/v1/devicegroup", {"value": "hall"})
    other = (await store.client.json("POST", "/v1/device", {"serialNumber": "SN-OTHER"}))["key"]
    itself = await client_of(store, Role.DEVICE, ScopeKind.DEVICE, store.device)
    crew = await client_of(store, Role.READER, ScopeKind.GROUP, group["key"])

    async def queue(device: int) -> int:
        answer = await store.client.json("POST", "/v1/event", {"deviceID": device, "eventType": "Video_Test_event"})
        return int(answer["eventID"])

    async with listening(store, itself) as device, listening(store, crew) as member:
        await queue(other)
        mine = await queue(store.device)
        assert (await device.message())["data"]["key"] == mine
        joined = await store.client.call("POST", f"/v1/devicegroup/{group['key']}/device/{other}")
        assert joined.status == 200
        theirs = await queue(other)
        assert (await member.message())["data"]["key"] == theirs, "from when it joined the group"


async def test_places_for_listeners_are_limited(store: ServedStore) -> None:
    store.services.live._listener_limit = 1
    async with listening(store):
        answer = await store.client.call("GET", "/v1/live")
        assert (answer.status, answer.json()["code"]) == (429, "too_many_listeners")
        assert answer.headers["Retry-After"]
    await until(lambda: not store.services.live.listened)


async def test_a_slow_listener_keeps_the_newest_and_learns_what_it_lost() -> None:
    hub = LiveHub(ManualClock(), queue_limit=3)
    with hub.listening(INSIDE) as slow, hub.listening(INSIDE) as quick:
        for percent in range(5):
            hub.publish(LiveKind.PROGRESS, 1, {"percentComplete": percent})
            assert quick.take() is not None
        assert slow.take_dropped() == 2
        assert quick.take_dropped() == 0
        kept = [message.data["percentComplete"] for message in iter(slow.take, None)]
        assert kept == [2, 3, 4]
        assert not slow.ready.is_set()


async def test_a_listener_that_lagged_is_told_over_http(store: ServedStore) -> None:
    store.services.live._queue_limit = 2
    async with listening(store) as listener:
        for number in range(5):
            store.services.live.publish(LiveKind.CAMERA, 1, {"number": number})
        block = await listener.block()
        assert (block["event"], json.loads(block["data"])) == ("lagged", {"dropped": 3})
        assert (await listener.message())["data"] == {"number": 3}
