"""A real agent whose media, and whose own memory, lie on a small disk."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes.agent_process import AgentProcess, result_of, wait_for
from fakes.clips import assert_clips_are_whole
from fakes.command_line import cuelight
from fakes.hosts import small_file_system

from agent.cli.exit_codes import ExitCode
from agent.media.chain.verifying import verify

MAX_SIZE = 250_000
PROCESSING, COMPLETE = 3, 4


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_file_system(tmp_path, "24m") as folder:
        yield folder


@pytest.fixture
def agent(disk: Path, tmp_path: Path) -> Iterator[AgentProcess]:
    """Not started yet; whatever happens, nothing of it holds the disk afterwards."""
    process = AgentProcess(disk)
    process.log = tmp_path / "agent.log"
    yield process
    if process.running:
        process.stop()


def record(agent: AgentProcess) -> int:
    """A recording until it is stopped, in clips of a second."""
    return agent.create_event("Video_Start_recording", segmentLengthSeconds=1, max_attempts=3)


def stop(agent: AgentProcess, recording: int) -> dict[str, Any]:
    agent.create_event("Video_Stop_recording")
    return agent.wait_for_event(recording)


def media_of(agent: AgentProcess) -> dict[str, Any]:
    status, record = agent.request("GET", "/v1/status")
    assert status == 200, record
    return dict(record["media"])


def fill(path: Path) -> None:
    """Takes all the room that there is."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    try:
        while os.write(descriptor, bytes(4096)):
            pass
    except OSError:
        pass
    finally:
        os.close(descriptor)


def states(agent: AgentProcess, event: int) -> list[str]:
    """Of the event's clips, oldest first."""
    return [clip["state"] for clip in agent.clips(event)][::-1]


def test_a_recording_goes_on_within_the_maximum_size(agent: AgentProcess) -> None:
    agent.environment["CUELIGHT_MEDIA__MAX_SIZE"] = str(MAX_SIZE)
    agent.start()
    event = record(agent)
    wait_for(lambda: media_of(agent)["removed"] >= 2, 40, "clips to be removed")
    media = media_of(agent)
    assert media["usedBytes"] <= MAX_SIZE == media["limitBytes"]
    assert media["lastRemoved"]["reason"] == "over the maximum size; not uploaded"
    assert agent.event(event)["eventStatus"] == PROCESSING
    ended = stop(agent, event)
    assert ended["eventStatus"] == COMPLETE
    told = result_of(ended)["clips"]
    assert len(told) == len(agent.clips(event)) > media["removed"], "the result tells of every clip"
    found = states(agent, event)
    assert found[:2] == ["removed"] * 2
    assert found[-1] == "closed"
    assert_clips_are_whole(agent.media)
    assert agent.stop() == 0
    agent.start()
    assert "missing" not in states(agent, event)


async def test_on_a_full_disk_a_recording_waits_and_goes_on_by_itself(agent: AgentProcess, disk: Path) -> None:
    agent.start()
    event = record(agent)
    photos = agent.create_event("Image_Start_taking_photos", intervalSeconds=1)
    wait_for(lambda: len(agent.clips(event)) >= 2, 20, "two clips")
    kept = agent.clips(event)[-1]
    assert agent.request("PUT", f"/v1/clip/{kept['key']}", {"protected": True})[0] == 200
    fill(disk / "ballast")
    wait_for(lambda: media_of(agent)["fullSince"], 20, "the recording to wait")
    wait_for(lambda: media_of(agent)["unmet"], 10, "retention to give up")
    assert agent.event(event)["eventStatus"] == PROCESSING
    assert set(states(agent, event)) <= {"removed", "closed"}
    assert not (agent.state / "reserve").exists(), "the agent's own memory has the room that was reserved for it"
    assert result_of(agent.wait_for_event(photos))["code"] == "storage_full"
    photo = agent.wait_for_event(agent.create_event("Image_Start_taking_photos"))
    assert result_of(photo)["code"] == "storage_full"
    doctor = await cuelight(agent.state, "doctor")
    assert doctor.code == ExitCode.UNHEALTHY
    assert "recordings wait for room since" in doctor.out
    waiting = len(agent.clips(event))

    (disk / "ballast").unlink()
    wait_for(lambda: len(agent.clips(event)) > waiting + 1, 20, "the recording to go on")
    ended = stop(agent, event)
    assert ended["eventStatus"] == COMPLETE
    assert kept["file"] in {clip["file"] for clip in agent.clips(event) if clip["state"] == "closed"}
    assert_clips_are_whole(agent.media)
    wait_for(lambda: (agent.state / "reserve").exists(), 10, "the reserve to be taken again")
    incidents = agent.request("GET", "/v1/status")[1]["incidents"]
    assert [each["code"] for each in incidents] == ["storage_full"]
    photo = agent.wait_for_event(agent.create_event("Image_Start_taking_photos"))
    assert photo["eventStatus"] == COMPLETE


def test_an_agent_starts_on_a_full_disk(agent: AgentProcess, disk: Path) -> None:
    agent.environment["CUELIGHT_MEDIA__MAX_SIZE"] = "1GB"  # so that the folder is looked at after each clip
    agent.start()
    event = record(agent)
    wait_for(lambda: len(agent.clips(event)) >= 3, 20, "three clips")
    first = agent.clips(event)[-1]
    agent.request("PUT", f"/v1/clip/{first['key']}", {"protected": True})
    mark = agent.media / f"{first['file']}.keep"
    wait_for(mark.exists, 15, "the mark of the protected clip")
    agent.kill()
    time.sleep(2.5)  # its camera host ends
    (agent.state / "reserve").unlink()
    fill(disk / "ballast")
    agent.start()
    assert agent.running, agent.logged()
    assert "because the disk is full and the agent could not start" in agent.logged()
    found = states(agent, event)
    assert (found[0], found[1]) == ("closed", "removed")
    assert "missing" not in found
    assert mark.exists()
    told = "what was removed at the start is told in the chain, too"
    wait_for(lambda: verify(agent.media).holds, 15, told)  # it films on: a clip that was just closed has no link yet
