"""A real agent is enrolled at a real hub, loses its key, and comes back with another; its health is seen there."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from actionstreamer.WebService import DeviceHealth
from fakes.agent_process import AgentProcess, running_agent
from fakes.command_line import called, cuelight
from fakes.hub_process import HubProcess, first_key, make_device
from fakes.sdk import SdkClient
from fakes.served_store import SigningClient

SERIAL = "10001234"
PROCESSING, COMPLETE = 3, 4
START, STOP = "Video_Start_recording", "Video_Stop_recording"


@dataclass
class Place:
    """The hub with one device, and the folder of its agent, which does not run yet."""

    hub: HubProcess
    owner: SigningClient
    device: int
    box: Path

    @property
    def state(self) -> Path:
        return self.box / "state"

    async def token(self) -> str:
        made = await self.owner.json("POST", "/v1/enrolment", {"deviceID": self.device})
        return str(made["token"])

    async def keys(self) -> list[dict[str, Any]]:
        """The device's active keys."""
        users = await self.owner.json("GET", "/v1/user/list")
        (user,) = (each for each in users if each["userName"] == f"device:{self.device}")
        found = await self.owner.json("GET", f"/v1/user/{user['key']}/apikey/list")
        return [key for key in found if key["status"] == "active"]

    async def asked_for(self, event_type: str) -> int:
        body = {"deviceSerial": SERIAL, "eventType": event_type}
        return int((await self.owner.json("POST", "/v1/event", body))["eventID"])

    async def reached(self, event: int, status: int) -> None:
        async def is_there() -> bool:
            return bool((await self.owner.json("GET", f"/v1/event/{event}"))["eventStatus"] == status)

        await soon(is_there, f"event {event} to reach {status}")


async def soon(condition: Callable[[], Awaitable[object]], what: str) -> None:
    for _ in range(450):
        if await condition():
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"waited for {what}")


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    hub = HubProcess(tmp_path)
    box = tmp_path / "box"
    box.mkdir()
    try:
        await asyncio.to_thread(hub.start)
        async with aiohttp.ClientSession() as session:
            owner = hub.client(session)
            device = await make_device(owner, SERIAL)
            wanted = [{"fieldName": "logHealth", "value": "1"}]
            assert (await owner.call("PATCH", f"/v1/device/{device}", wanted)).status == 200
            yield Place(hub, owner, device, box)
    finally:
        hub.end()


def status(agent: AgentProcess) -> dict[str, Any]:
    code, answer = agent.request("GET", "/v1/status")
    assert code == 200, answer
    return dict(answer)


async def upstream_is(agent: AgentProcess, state: str) -> None:
    async def is_so() -> bool:
        return bool(status(agent)["upstream"]["state"] == state)

    await soon(is_so, f"the upstream to be {state}")


async def told(place: Place, *arguments: str, stdin: str = "") -> Any:
    """The document of a command that must succeed."""
    ended = await called(place.state, *arguments, "--json", stdin=stdin)
    assert (ended.code, ended.err) == (0, ""), ended
    return ended.document


async def test_a_revoked_key_stops_the_link_and_not_the_camera(place: Place) -> None:
    await enrolled_alone(place)
    (first,) = await place.keys()
    with running_agent(place.box) as agent:
        event = await place.asked_for(START)
        await place.reached(event, PROCESSING)
        await rows_tell_of_the_device(place)
        assert (await place.owner.call("DELETE", f"/v1/apikey/{first['key']}")).status == 200
        asked_meanwhile = await place.asked_for("Video_Test_stop")  # answers the poll, so that none need be waited for
        await upstream_is(agent, "refused")
        await films_on(agent)
        await refuses_what_is_wrong(place)

        again = await told(place, "enroll", place.hub.url, "-", stdin=await place.token())
        assert again["connected"] is True
        for each in (event, asked_meanwhile):
            await place.reached(each, COMPLETE)
        await upstream_is(agent, "reached")
        await the_key_changes(place, agent)


async def enrolled_alone(place: Place) -> None:
    for arguments in ((), (place.hub.url, "x", "--forget"), (place.hub.url, "-")):
        assert (await called(place.state, "enroll", *arguments)).code == 2, arguments
    assert not place.state.exists()
    token = await place.token()
    ended = await cuelight(place.state, "enroll", place.hub.url, "-", stdin=token, CUELIGHT_DEVICE__SERIAL=SERIAL)
    assert ended.code == 0, ended
    assert "started anew" in ended.out


async def films_on(agent: AgentProcess) -> None:
    """Although the link is refused; what comes of it waits."""
    now = status(agent)
    assert "401" in now["upstream"]["reason"], now["upstream"]
    assert [each["eventType"] for each in now["running"]] == [START]
    (file,) = agent.media.rglob("*.mp4")
    before = file.stat().st_size

    async def has_grown() -> bool:
        return file.stat().st_size > before

    await soon(has_grown, "the recording to go on")
    agent.wait_for_event(agent.create_event(STOP))
    assert status(agent)["outbox"]["waiting"] > 0


async def refuses_what_is_wrong(place: Place) -> None:
    wrong = await called(place.state, "enroll", "http://hub.example", "x")
    assert "give https://" in wrong.err
    spent = await called(place.state, "enroll", place.hub.url, "no-token")
    assert "enrolment token opens nothing" in spent.err


async def the_key_changes(place: Place, agent: AgentProcess) -> None:
    (before,) = await place.keys()
    changed = await told(place, "key", "rotate-upstream")
    (after,) = await place.keys()
    assert changed == {"accessKey": after["accessKey"]} != {"accessKey": before["accessKey"]}
    agent.kill()
    agent.start()
    await place.reached(await place.asked_for("Video_Test_stop"), COMPLETE)
    assert after["accessKey"].encode() not in (place.state / "sealed" / "cache.db").read_bytes()

    assert await told(place, "enroll", "--forget") == {"forgotten": True}
    refused = await called(place.state, "key", "rotate-upstream")
    assert "cuelight enroll" in refused.err
    assert await told(place, "enroll", "--forget") == {"forgotten": False}


async def rows_tell_of_the_device(place: Place) -> None:
    """What the third-party client shows of the fleet's health."""
    sdk = SdkClient(place.hub.url, first_key(place.hub.folder))
    rows: list[Any] = []

    async def is_told() -> bool:
        rows[:] = (await sdk(DeviceHealth.get_device_health_row_list)).device_health_row_list
        return bool(rows[0].software_version)

    try:
        await soon(is_told, "health at the hub")
        (row,) = rows
        assert (row.serial_number, row.device_status) == (SERIAL, "online")
        assert row.camera_status in ("closed", "opening", "open"), "as it was at the agent's start"
        assert sdk.printed == ""
        records = (await sdk(DeviceHealth.get_device_health_list, place.device, 0, 0)).device_health_list
        said = json.loads(records[0].health_json)
        assert said["memory"]["virtual_memory"]["total"] > said["memory"]["virtual_memory"]["used"] > 0
        assert said["cuelight"]["media_disk"]["free"] > 0
    finally:
        sdk.close()
