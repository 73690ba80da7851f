"""A real agent under a real hub: what the third-party client asks of the hub is done here, and fetched there."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from actionstreamer import CommonFunctions
from actionstreamer.Model import Device, RecordingArgs
from actionstreamer.WebService import Device as DeviceCalls
from actionstreamer.WebService import DeviceGroup as GroupCalls
from actionstreamer.WebService import Event as EventCalls
from actionstreamer.WebService import EventPreset as PresetCalls
from actionstreamer.WebService import File as FileCalls
from actionstreamer.WebService import VideoClip as ClipCalls
from fakes.agent_process import AgentProcess, running_agent
from fakes.hub_process import HubProcess, first_key
from fakes.postgres import PostgresServer
from fakes.sdk import SdkClient
from fakes.served_store import SigningClient

SERIAL = "10001234"
PROCESSING, COMPLETE, ERROR, CANCELLED = 3, 4, 5, 7
FILE_AVAILABLE = 4
FILM = RecordingArgs(height=360, width=640, fps=25, bitrate=1000)


class Place:
    """The hub, the operator's client of it, and the agent of its one device."""

    def __init__(self, hub: HubProcess, sdk: SdkClient, signing: SigningClient, agent: AgentProcess) -> None:
        self.hub = hub
        self.sdk = sdk
        self.signing = signing
        self.agent = agent
        self.device = 0

    async def reached(self, event: int, *statuses: int) -> Any:
        """The event as the hub shows it, when it has come so far."""
        async with asyncio.timeout(30):
            while True:
                found = (await self.sdk(EventCalls.get_event, event)).event
                if found.event_status in statuses:
                    return found
                assert found.event_status < COMPLETE, found.result
                await asyncio.sleep(0.1)

    async def preset(self, device: int, group: int = 0) -> int:
        name, kind = "Stage", "Video_Start_recording"
        made = await self.sdk(PresetCalls.create_event_preset, device, kind, name, "Video", FILM, 1, 5, 0, group)
        return int(made.event_preset.key)

    async def run(self, preset: int) -> int:
        """The event of a preset, which records by now."""
        told = json.loads((await self.sdk(PresetCalls.run_event_preset, preset)).description)
        await self.reached(told["EventID"], PROCESSING)
        return int(told["EventID"])

    async def stop(self, event: int) -> list[dict[str, Any]]:
        """Has the recording stopped; the clips of its result."""
        await self.sdk(EventCalls.create_event, self.device, SERIAL, "Video", "Video_Stop_recording", 0, "", 1, 1)
        ended = await self.reached(event, COMPLETE)
        assert ended.percent_complete == 100
        return list(json.loads(ended.result)["clips"])

    async def clip(self, file: str) -> Any:
        """The clip at the hub, when it can be fetched there."""
        async with asyncio.timeout(30):
            while True:
                listed = (await self.sdk(ClipCalls.get_video_clip_list, self.device, 0, 0)).video_clip_list
                found = [clip for clip in listed if clip.local_file_path == file]
                if found and found[0].video_clip_status == FILE_AVAILABLE:
                    return found[0]
                await asyncio.sleep(0.1)

    async def fetched(self, clip: Any, folder: Path) -> bytes:
        file = (await self.sdk(FileCalls.get_file, clip.file_id)).file
        target = folder / f"fetched-{clip.key}"
        assert await self.sdk.plain(CommonFunctions.download_file, str(target), file.file_location) == 0
        return target.read_bytes()


@asynccontextmanager
async def placed(folder: Path, database: str = "", **more: str) -> AsyncIterator[Place]:
    """A hub with one device, which was enrolled, and the agent of it. `more`: settings of that."""
    hub = HubProcess(folder, database)
    box = folder / "box"
    box.mkdir()
    try:
        await asyncio.to_thread(hub.start)
        sdk = SdkClient(hub.url, first_key(folder))
        async with aiohttp.ClientSession() as session:
            owner = hub.client(session)
            device = (
                await sdk(DeviceCalls.create_device, Device(serial_number=SERIAL, device_name="Stage"))
            ).device.key
            pair = await enrolled(owner, device)
            settings = {
                "CUELIGHT_UPSTREAM__URL": hub.url,
                "CUELIGHT_UPSTREAM__ACCESS_KEY": pair["accessKey"],
                "CUELIGHT_UPSTREAM__SECRET_KEY": pair["secretKey"],
            }
            with running_agent(box, **settings, **more) as agent:
                for _ in range(3):  # so that the two stores do not call an event by the same number
                    agent.wait_for_event(agent.create_event("Video_Test_stop"))
                place = Place(hub, sdk, owner, agent)
                place.device = device
                yield place
        sdk.close()
    finally:
        hub.end()


async def enrolled(owner: SigningClient, device: int) -> dict[str, Any]:
    """The key pair of the device, which may do a device's part for itself only."""
    token = (await owner.json("POST", "/v1/enrolment", {"deviceID": device}))["token"]
    body = json.dumps({"token": token, "serialNumber": SERIAL}).encode()
    answer = await owner.send("POST", "/v1/register/device", body)
    assert answer.status == 200, answer
    return dict(answer.json())


def local_events(agent: AgentProcess) -> list[dict[str, Any]]:
    status, answer = agent.request("POST", "/v1/event/list", {"deviceID": 0})
    assert status == 200, answer
    return list(answer)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    if request.param == "sqlite":
        return ""
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.database()


async def test_what_is_asked_of_the_hub_is_recorded_here_listed_there_and_fetched_equal(
    tmp_path: Path, database: str
) -> None:
    async with placed(tmp_path, database) as place:
        group = (await place.sdk(GroupCalls.create_device_group, "House")).device_group.key
        await place.sdk(GroupCalls.add_device_to_group, group, place.device)
        presets = [await place.preset(place.device), await place.preset(0, group)]
        for preset in presets:
            event = await place.run(preset)
            await asyncio.sleep(0.5)
            (told,) = await place.stop(event)
            clip = await place.clip(told["file"])
            data = (place.agent.media / told["file"]).read_bytes()
            assert await place.fetched(clip, tmp_path) == data
            assert (clip.file_size, clip.width > 0, clip.clip_length_in_seconds > 0) == (len(data), True, True)

        nobody_can = {"deviceSerial": SERIAL, "eventType": "Video_Join_conference"}
        conference = await place.signing.json("POST", "/v1/event", nobody_can)
        event = await place.run(presets[0])
        assert json.loads((await place.reached(conference["eventID"], ERROR)).result)["code"] == "unsupported"
        await place.signing.json("POST", f"/v1/event/endprocess/{event}")
        ended = await place.reached(event, CANCELLED)
        assert json.loads(ended.result)["clips"]
        agents = await place.signing.json("POST", "/v1/agent/list", {"deviceID": place.device})
        assert {"Video", "Device"} <= {agent["agentType"] for agent in agents}


async def test_a_killed_agent_goes_on_and_all_that_it_recorded_arrives(tmp_path: Path) -> None:
    async with placed(tmp_path) as place:
        event = await place.run(await place.preset(place.device))
        await asyncio.sleep(1.5)
        place.agent.kill()
        place.agent.start()
        (running,) = [each for each in local_events(place.agent) if each["eventStatus"] == PROCESSING]
        assert running["attemptNumber"] == 2
        await asyncio.sleep(1.0)
        clips = await place.stop(event)
        assert {clip["attempt"] for clip in clips} == {1, 2}
        for told in clips:
            clip = await place.clip(told["file"])
            assert await place.fetched(clip, tmp_path) == (place.agent.media / told["file"]).read_bytes()
        async with asyncio.timeout(20):
            while not await reconciled(place):  # noqa: ASYNC110
                await asyncio.sleep(0.2)


async def reconciled(place: Place) -> bool:
    """Whether the hub has the warning of a device that it put its media folder in order."""
    messages = await place.signing.json("POST", "/v1/logmessage/list", {"deviceID": place.device})
    return any("the media folder was reconciled" in message["message"] for message in messages)


async def test_a_photo_is_sent_when_the_hub_asks_for_it(tmp_path: Path) -> None:
    async with placed(tmp_path, CUELIGHT_UPLOADS__POLICY="on_request") as place:
        photo = {"deviceSerial": SERIAL, "eventType": "Image_Start_taking_photos"}
        taken = await place.signing.json("POST", "/v1/event", photo)
        ended = await place.reached(taken["eventID"], COMPLETE)
        (told,) = json.loads(ended.result)["photos"]
        image = await told_of(place, told["file"])
        assert image["imageStatus"] != FILE_AVAILABLE
        asked = {"deviceID": place.device, "imageIDList": [image["key"]]}
        assert (await place.signing.call("POST", "/v1/image/upload", asked)).status == 200
        events = await place.signing.json("POST", "/v1/event/list", {"deviceID": place.device})
        (transfer,) = [each for each in events if each["eventType"] == "Transfer_Transfer_file"]
        ended = await place.reached(transfer["key"], COMPLETE)
        assert json.loads(ended.result)["sha256"] == told["sha256"]
        assert ended.percent_complete == 100
        image = await told_of(place, told["file"])
        assert image["imageStatus"] == FILE_AVAILABLE
        file = await place.signing.json("GET", f"/v1/file/{image['fileID']}")
        answer = await place.signing.send("GET", file["fileLocation"].removeprefix(place.hub.url))
        assert answer.body == (place.agent.media / told["file"]).read_bytes()


async def told_of(place: Place, file: str) -> dict[str, Any]:
    """The image of this file, when the hub knows of it."""
    async with asyncio.timeout(30):
        while True:
            listed = await place.signing.json("POST", "/v1/image/list", {"deviceID": place.device})
            found = [image for image in listed if image["localFilePath"] == file]
            if found:
                return dict(found[0])
            await asyncio.sleep(0.1)
