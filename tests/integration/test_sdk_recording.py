"""The unmodified third-party client and a running agent: preset, run, recorded, listed, downloaded, equal."""

import asyncio
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from actionstreamer import CommonFunctions
from actionstreamer.Model import RecordingArgs
from actionstreamer.WebService import Device as DeviceCalls
from actionstreamer.WebService import Event as EventCalls
from actionstreamer.WebService import EventPreset as PresetCalls
from actionstreamer.WebService import File as FileCalls
from actionstreamer.WebService import VideoClip as ClipCalls
from fakes.agent_process import AgentProcess, running_agent
from fakes.sdk import SdkClient

from presets_store.services.people.keys import NewKey

SERIAL = "10001234"
PROCESSING, COMPLETE = 3, 4
ORIGINAL = 1
FILE_AVAILABLE = 4


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[AgentProcess]:
    with running_agent(tmp_path) as running:
        yield running


@pytest.fixture
def sdk(agent: AgentProcess) -> Iterator[SdkClient]:
    lines = (agent.state / "first-access-key.txt").read_text().splitlines()
    access_key, secret = (line.partition(": ")[2] for line in lines)
    client = SdkClient(agent.url, NewKey(access_key, secret))
    yield client
    client.close()


async def reached(sdk: SdkClient, event: int, status: int) -> Any:
    """The event when it has come so far."""
    async with asyncio.timeout(30):
        while True:
            found = (await sdk(EventCalls.get_event, event)).event
            if found.event_status >= status:
                return found
            await asyncio.sleep(0.1)


async def recorded(sdk: SdkClient) -> Any:
    """The one clip of a preset that was run, and stopped after a second."""
    device = (await sdk(DeviceCalls.get_device, SERIAL)).device
    film = RecordingArgs(height=360, width=640, fps=25, bitrate=1000)
    preset = await sdk(PresetCalls.create_event_preset, device.key, "Video_Start_recording", "Stage", "Video", film)
    run = json.loads((await sdk(PresetCalls.run_event_preset, preset.event_preset.key)).description)["EventID"]
    await reached(sdk, run, PROCESSING)
    await asyncio.sleep(1)
    await sdk(EventCalls.create_event, device.key, SERIAL, "Video", "Video_Stop_recording", 0, "", 1, 1)
    event = await reached(sdk, run, COMPLETE)
    assert event.event_status == COMPLETE, event.result
    (clip,) = (await sdk(ClipCalls.get_video_clip_list, device.key, 0, 0)).video_clip_list
    assert clip.local_file_path == json.loads(event.result)["clips"][0]["file"]
    return clip


async def test_what_was_recorded_is_listed_downloaded_and_removed(
    agent: AgentProcess, sdk: SdkClient, tmp_path: Path
) -> None:
    clip = await recorded(sdk)
    assert (clip.video_clip_status, clip.video_clip_type_id) == (FILE_AVAILABLE, ORIGINAL)
    film = agent.media / clip.local_file_path
    data = film.read_bytes()
    file = (await sdk(FileCalls.get_file, clip.file_id)).file
    assert (file.file_size, file.sha256_hash) == (len(data), hashlib.sha256(data).hexdigest())
    fetched = tmp_path / "fetched.mp4"
    assert await sdk.plain(CommonFunctions.download_file, str(fetched), file.file_location) == 0
    assert fetched.read_bytes() == data

    assert agent.stop() == 0
    agent.start()
    sdk.moved(agent.url)
    again = (await sdk(FileCalls.get_file, clip.file_id)).file
    assert (again.file_guid, again.file_in_s3) == (file.file_guid, True)
    await sdk(ClipCalls.delete_video_clip, clip.key)
    assert sorted(path.name for path in film.parent.iterdir()) == []
    gone = await sdk.refused(404, FileCalls.get_file, clip.file_id)
    assert "file" in gone
    listed = await sdk(ClipCalls.get_video_clip_list, clip.device_id, 0, 0)
    assert listed.video_clip_list == []
