"""Scripts on a real device: what its camera sees, what its hub wants, and what it does without one."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from fakes.agent_process import AgentProcess, host_of, result_of, running_agent, wait_for
from fakes.hub_process import HubProcess, free_port, make_device
from fakes.receivers import SmtpReceiver, smtp_receiver
from fakes.served_store import SigningClient

SERIAL = "10001234"
HERE = '["127.0.0.1/32"]'
ALWAYS: dict[str, Any] = {"days": [], "intervals": []}
RUN_PRESET, MOTION = 1, 42
RECORDING = {"eventType": "Video_Start_recording", "eventParameters": json.dumps({"durationSeconds": 1})}


def script(preset: int, **members: Any) -> dict[str, Any]:
    return {
        "title": "Somebody is there",
        "reaction_id": RUN_PRESET,
        "event_id": MOTION,
        "users": [],
        "status": "active",
        "cameras": None,
        "timetable": ALWAYS,
        "extra": {"preset_id": preset},
        **members,
    }


def ask(agent: AgentProcess, method: str, path: str, body: Any = None) -> Any:
    status, answer = agent.request(method, path, body)
    assert status in (200, 202), (status, answer)
    return answer


def recordings(agent: AgentProcess) -> list[int]:
    listed = ask(agent, "POST", "/v1/event/list", {"deviceID": 0})
    return sorted(each["key"] for each in listed if each["eventType"] == "Video_Start_recording")


def make_script(agent: AgentProcess, **members: Any) -> int:
    """A script that records for a second, as somebody makes it over the local API."""
    preset = ask(agent, "POST", "/v1/eventpreset", {"deviceID": 1, "eventPresetName": "Clip", **RECORDING})["key"]
    return int(ask(agent, "POST", "/api/v1/scripts", script(preset, **members))["id"])


def tell(agent: AgentProcess, **members: Any) -> list[dict[str, Any]]:
    body = {"event": "motion", "camera": "main", **members}
    return list(ask(agent, "POST", "/api/integration/v1/events", body)["scripts"])


def test_what_the_camera_sees_records_a_clip_on_a_device_without_a_network(tmp_path: Path) -> None:
    with running_agent(tmp_path) as agent:
        key = make_script(agent)
        case = ask(agent, "POST", "/api/v1/analytic-cases", {"camera_id": 1, "analytic_type": "motion"})
        (first, *_) = wait_for(lambda: recordings(agent), 20.0, "motion to record")
        clips = result_of(agent.wait_for_event(first))["clips"]
        assert (agent.media / clips[0]["file"]).stat().st_size > 0
        counted = ask(agent, "GET", f"/api/v1/scripts/{key}/decisions")["counters"]
        assert counted["fired"] >= 1
        os.kill(host_of(agent, "main"), signal.SIGKILL)
        wait_for(lambda: len(recordings(agent)) > 1, 30.0, "motion to be seen by the next host")
        agent.request("DELETE", f"/api/v1/analytic-cases/{case['id']}")
        wait_for(lambda: ask(agent, "GET", "/v1/device/1/cameras")[0]["state"] == "closed", 20.0, "it to be closed")


class Place:
    """A hub, its owner's client, and the settings of its one device."""

    def __init__(self, hub: HubProcess, owner: SigningClient, post: SmtpReceiver) -> None:
        self.hub = hub
        self.owner = owner
        self.post = post
        self.settings: dict[str, str] = {}
        self.script = 0

    async def prepare(self) -> None:
        """The device is enrolled."""
        device = await make_device(self.owner, SERIAL)
        token = (await self.owner.json("POST", "/v1/enrolment", {"deviceID": device}))["token"]
        body = json.dumps({"token": token, "serialNumber": SERIAL}).encode()
        pair = (await self.owner.send("POST", "/v1/register/device", body)).json()
        self.settings = {
            "CUELIGHT_UPSTREAM__URL": self.hub.url,
            "CUELIGHT_UPSTREAM__ACCESS_KEY": pair["accessKey"],
            "CUELIGHT_UPSTREAM__SECRET_KEY": pair["secretKey"],
            "CUELIGHT_SCRIPTS__ASK_EVERY": "1",
            "CUELIGHT_SCRIPTS__SEND_AFTER": "1",
            "CUELIGHT_DELIVERY__ALLOWED": HERE,
        }
        preset = await self.owner.json("POST", "/v1/eventpreset", {"deviceID": device, **RECORDING})
        guard = (await self.owner.json("POST", "/v1/user", {"userName": "guard", "role": "reader"}))["key"]
        channel = {"user_id": guard, "url": self.post.url(), "device_may_send": True}
        await self.owner.json("POST", "/api/v1/channels", channel)
        made = script(preset["key"], users=[guard])
        self.script = int((await self.owner.json("POST", "/api/v1/scripts", made))["id"])

    async def fired(self) -> int:
        """How often the hub knows that its script fired."""
        shown = await self.owner.json("GET", f"/api/v1/scripts/{self.script}/decisions")
        return int(shown["counters"].get("fired", 0))

    async def knows_of(self, count: int) -> None:
        async with asyncio.timeout(30):
            while await self.fired() != count:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)

    async def guard_has(self, count: int) -> None:
        """So many messages have come to the user, by whomever they were sent."""
        async with asyncio.timeout(30):
            while len(self.post.messages) < count:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
        await asyncio.sleep(1.0)  # until it is noted as sent: what is killed before sends once more
        assert len(self.post.messages) == count


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    settings = {"CUELIGHT_HUB_LISTEN__PORT": str(free_port()), "CUELIGHT_HUB_DELIVERY__ALLOWED": HERE}
    hub = HubProcess(tmp_path, **settings)
    try:
        await asyncio.to_thread(hub.start)
        async with aiohttp.ClientSession() as session, smtp_receiver() as post:
            place = Place(hub, hub.client(session), post)
            await place.prepare()
            yield place
    finally:
        hub.end()


async def test_a_device_goes_on_with_its_hubs_scripts_without_hub_and_database(tmp_path: Path, place: Place) -> None:
    box = tmp_path / "box"
    box.mkdir()
    with running_agent(box, **place.settings) as agent:
        there = await asyncio.to_thread(wait_for, lambda: ask(agent, "GET", "/api/v1/scripts")["data"], 30.0, "it")
        assert [each["title"] for each in there] == ["Somebody is there"]
        assert [each["outcome"] for each in await asyncio.to_thread(tell, agent)] == ["fired"]
        await place.knows_of(1)
        await place.guard_has(1)  # from the hub
        (first,) = await asyncio.to_thread(recordings, agent)
        await asyncio.to_thread(agent.wait_for_event, first)

        place.hub.kill()
        await asyncio.to_thread(tell, agent)
        await place.guard_has(2)  # from the device
        agent.kill()
    with running_agent(box, **place.settings) as agent:  # what was not told to the hub waits over a kill
        await asyncio.to_thread(place.hub.start)
        await place.knows_of(2)
        await asyncio.to_thread(tell, agent)
        await place.knows_of(3)
        await place.guard_has(3)  # from the hub, which did not tell him once more of the second
        place.hub.kill()
        agent.kill()
        for file in agent.state.glob("cuelight.db*"):
            file.unlink()
    with running_agent(box, **place.settings) as agent:
        told = await asyncio.to_thread(wait_for, lambda: tell(agent), 20.0, "the scripts of the sealed copy")
        assert [each["outcome"] for each in told] == ["fired"]
        await asyncio.to_thread(wait_for, lambda: recordings(agent), 20.0, "a recording")
        await place.guard_has(4)  # from the device again
        await asyncio.to_thread(place.hub.start)
        await place.knows_of(4)
        await place.guard_has(4)
