"""Clips of a real agent, their chain, and `cuelight clip verify`, which needs no agent."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from fakes.agent_process import AgentProcess, running_agent, wait_for
from fakes.command_line import environment

PROCESSING = 3


def verify(agent: AgentProcess, *arguments: str) -> tuple[int, dict[str, Any]]:
    command = [sys.executable, "-P", "-m", "agent", "--json", "clip", "verify", *arguments]
    ended = subprocess.run(command, env=environment(agent.state), capture_output=True, text=True, check=False)
    assert ended.stdout, ended.stderr
    return ended.returncode, json.loads(ended.stdout)


def chained(agent: AgentProcess, wanted: int) -> list[dict[str, Any]]:
    """All clips, once there are so many and all of them have their links."""
    clips = agent.request("GET", "/v1/clip/list")[1]
    return list(clips) if len(clips) >= wanted and all(clip["chainNumber"] for clip in clips) else []


def film(agent: AgentProcess, **parameters: Any) -> None:
    agent.wait_for_event(agent.create_event("Video_Start_recording", **parameters))


def test_clips_are_chained_over_a_kill_and_what_was_changed_is_named(tmp_path: Path) -> None:
    with running_agent(tmp_path) as agent:
        film(agent, durationSeconds=3, segmentLengthSeconds=1)
        key = agent.create_event("Video_Start_recording")
        wait_for(lambda: agent.event(key)["eventStatus"] == PROCESSING, 10, "the recording to begin")
        time.sleep(2.5)
        agent.kill()
        agent.start()
        film(agent, durationSeconds=1)
        clips = wait_for(lambda: chained(agent, 3), 10, "the clips to have their links")
        status = agent.request("GET", "/v1/status")[1]["chain"]
        assert agent.stop() == 0
    code, proof = verify(agent, "--key", status["key"])
    assert (code, proof["holds"], proof["clips"], proof["unchained"]) == (0, True, len(clips), [])
    assert proof["links"] == status["links"] == len(clips) + 1
    victim = agent.media / str(clips[0]["file"])
    raw = bytearray(victim.read_bytes())
    raw[len(raw) // 2] ^= 1
    victim.write_bytes(raw)
    code, proof = verify(agent)
    assert code == 1
    assert [(fault["link"], fault["file"]) for fault in proof["faults"]] == [
        (clips[0]["chainNumber"], clips[0]["file"])
    ]
    code, proof = verify(agent, str(agent.media / str(clips[1]["file"])))
    assert (code, proof["clips"]) == (0, 1)
    told = status["links"]
    assert [fault["link"] for fault in verify(agent, "--links", str(told))[1]["faults"]] == [clips[0]["chainNumber"]]
    code, proof = verify(agent, "--links", str(told + 1))
    assert proof["faults"][0]["reason"] == f"it is missing: the chain ends at link {told}, and had {told + 1}"


def test_what_retention_removes_is_told_in_the_chain(tmp_path: Path) -> None:
    with running_agent(tmp_path, CUELIGHT_MEDIA__MAX_SIZE="60KB") as agent:
        film(agent, durationSeconds=6, segmentLengthSeconds=1)

        def removed() -> bool:
            clips = agent.request("GET", "/v1/clip/list")[1]
            return any(clip["state"] == "removed" for clip in clips) and bool(chained(agent, 1))

        wait_for(removed, 30, "retention to remove a clip")
        assert agent.stop() == 0
    code, proof = verify(agent)
    assert (code, proof["holds"]) == (0, True)
    assert proof["removed"] > 0
