"""Reactions that are shown: who listens live is told, of whom the script names."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import StreamReader
from fakes.inbound import SHOW_CAMERA, SOUND, add_cameras, add_script, tell
from fakes.principals import client_of
from fakes.served_store import ServedStore, SigningClient

from presets_store.rules.permissions import Role


@pytest.fixture
def database_url() -> str:
    """One database system is enough here: nothing of this depends on it."""
    return ""


@asynccontextmanager
async def listening(store: ServedStore, client: SigningClient) -> AsyncIterator[StreamReader]:
    async with store.client.session.get(store.root + "/v1/live", headers=client.sign("GET", "/v1/live")) as response:
        await asyncio.wait_for(response.content.readuntil(b"\n\n"), 5)
        yield response.content


async def heard(content: StreamReader, kind: str) -> dict[str, Any]:
    """The record of the next message of the kind."""
    while True:
        block = (await asyncio.wait_for(content.readuntil(b"\n\n"), 5)).decode()
        fields = dict(line.split(": ", 1) for line in block.strip().splitlines())
        if fields.get("event") == kind:
            record: dict[str, Any] = json.loads(fields["data"])["data"]
            return record


async def test_a_camera_is_shown_to_whom_the_script_names(store: ServedStore) -> None:
    (camera,) = await add_cameras(store, "front")
    alice, bob = await client_of(store, Role.READER), await client_of(store, Role.READER)
    users = {user["userName"]: user["key"] for user in await store.client.json("GET", "/v1/user/list")}
    keys = sorted(users.values())[-2:]
    for_alice = await add_script(store, reaction_id=SHOW_CAMERA, users=[keys[0]], title="Door")
    for_all = await add_script(store, reaction_id=SOUND)
    async with listening(store, alice) as at_alice, listening(store, bob) as at_bob:
        trigger = (await tell(store)).json()["id"]
        shown = await heard(at_alice, "reaction")
        assert (shown["reaction"], shown["scriptID"], shown["title"]) == ("show-camera", for_alice, "Door")
        assert (shown["cameraID"], shown["cameraName"], shown["triggerUUID"]) == (camera, "The front", trigger)
        assert (await heard(at_alice, "reaction"))["reaction"] == "sound"
        first = await heard(at_bob, "reaction")
        assert (first["reaction"], first["scriptID"]) == ("sound", for_all), "what is for alice alone is not bob's"


async def test_that_scripts_fired_is_told(store: ServedStore) -> None:
    await add_cameras(store, "front")
    await add_script(store)
    async with listening(store, store.client) as content:
        trigger = (await tell(store, attributes={"count": 3})).json()["id"]
        seen = await heard(content, "trigger")
        assert (seen["triggerUUID"], seen["event"], seen["fired"]) == (trigger, "motion", 1)
