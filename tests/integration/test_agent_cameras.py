"""Cameras of several kinds in one agent, and the secret of the one behind a network."""

import asyncio
import json
import os
import pty
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from fakes.agent_process import AgentProcess, host_of, result_of, running_agent, wait_for
from fakes.clips import assert_clips_are_whole, decoded_frames
from fakes.command_line import Ended, called, environment
from fakes.http_camera import MjpegServer
from fakes.rpicam import FakeRpicam

RUNNING, COMPLETE = 3, 4
REFUSAL = "it refuses user or password"
SECRET = "hunter-2-and/a half"
ESCAPED = ("hunter-2-and%2Fa%20half", "aHVudGVyLTIt")


@contextmanager
def agent_with(folder: Path, *cameras: dict[str, Any]) -> Iterator[AgentProcess]:
    with running_agent(folder, CUELIGHT_CAMERAS=json.dumps(cameras)) as agent:
        yield agent
        assert agent.stop() == 0
        assert "Traceback" not in agent.logged()


def typed(*arguments: Any, stdin: str = "") -> Ended:
    return asyncio.run(called(*arguments, stdin=stdin))


def recorded(agent: AgentProcess, camera: str, seconds: float = 1.0) -> dict[str, Any]:
    return agent.wait_for_event(
        agent.create_event("Video_Start_recording", camera=camera, durationSeconds=seconds), timeout=40
    )


def test_three_kinds_of_cameras_record_at_once_and_one_is_cut_off(tmp_path: Path) -> None:
    box = FakeRpicam(tmp_path)
    small = {"codec": "h264", "width": 640, "height": 480, "rate": 25.0}
    cameras: dict[str, dict[str, Any]] = {
        "pi": {"backend": "rpicam", "options": {"program": str(box.program)}, "prefer": small},
        "street": {"backend": "file"},
    }
    with MjpegServer(rate=15) as server:
        cameras["gate"] = {"backend": "network", "address": server.url}
        with agent_with(tmp_path, *({"id": name} | camera for name, camera in cameras.items())) as agent:
            assert len({host_of(agent, name) for name in cameras}) == 3
            keys = {
                name: agent.create_event("Video_Start_recording", camera=name, durationSeconds=5) for name in cameras
            }
            wait_for(lambda: len(list((agent.media / "gate").rglob("*.mp4"))) == 1, 20, "the first film")
            assert {agent.event(key)["eventStatus"] for key in keys.values()} == {RUNNING}
            time.sleep(1.0)
            server.kill()
            time.sleep(0.5)
            server.start()
            ended = {name: agent.wait_for_event(key) for name, key in keys.items()}
    assert {event["eventStatus"] for event in ended.values()} == {COMPLETE}, ended
    outcomes = {name: result_of(event) for name, event in ended.items()}
    sizes = {name: (told["granted"]["width"], told["granted"]["height"]) for name, told in outcomes.items()}
    assert sizes == {"gate": (768, 576), "pi": (640, 480), "street": (768, 576)}
    assert [len(outcomes[name]["clips"]) for name in ("pi", "street", "gate")] == [1, 1, 2]
    for name, rate in (("pi", 25), ("street", 10)):
        (clip,) = outcomes[name]["clips"]
        assert clip["seconds"] == pytest.approx(5, abs=0.3)
        assert clip["frames"] == pytest.approx(5 * rate, rel=0.15)
    for told in outcomes.values():
        for clip in told["clips"]:
            assert decoded_frames(agent.media / clip["file"]) == clip["frames"] > 0
    assert_clips_are_whole(agent.media)


def test_a_secret_is_kept_takes_effect_at_once_and_is_never_shown(tmp_path: Path) -> None:
    with MjpegServer(user="joe", password=SECRET) as server:
        gate = {"id": "gate", "backend": "network", "address": server.url, "user": "joe", "wait_seconds": 20}
        with agent_with(tmp_path, gate, {"id": "street", "backend": "file"}) as agent:
            key = agent.create_event("Video_Start_recording", camera="gate", durationSeconds=1)
            wait_for(lambda: REFUSAL in agent.logged(), 20, "the camera's refusal")
            check_refusals(agent)
            code, screen = typed_at_a_terminal(agent.state, SECRET, "camera", "secret", "gate")
            assert (code, "gate has its secret" in screen, SECRET in screen) == (0, True, False)
            assert agent.wait_for_event(key, timeout=40)["eventStatus"] == COMPLETE
            agent.kill()
            agent.start()
            assert recorded(agent, "gate")["eventStatus"] == COMPLETE
            shown = [json.dumps(agent.request("GET", path)) for path in answers_of(agent)]
            assert (typed(agent.state, "--json", "camera", "secret", "gate", "--clear")).document == {
                "cameraID": "gate",
                "kept": False,
            }
            wait_for(lambda: agent.request("GET", "/v1/status")[0] == 200, 5, "the agent")
            again = agent.create_event("Video_Start_recording", camera="gate", durationSeconds=1)
            wait_for(lambda: REFUSAL in agent.logged(), 20, "the camera's refusal")
            agent.request("POST", f"/v1/event/cancel/{again}")
        for text in (*shown, agent.logged(), *files_of(agent.state)):
            assert not [secret for secret in (SECRET, *ESCAPED) if secret in text]


def typed_at_a_terminal(state: Path, answer: str, *arguments: str) -> tuple[int, str]:
    """Exit code and screen of a command that asks; `answer` is typed when it does."""
    reader, writer = pty.openpty()
    command = ("setsid", "--ctty", "--wait", sys.executable, "-P", "-m", "agent", *arguments)
    process = subprocess.Popen(command, env=environment(state), stdin=writer, stdout=writer, stderr=writer)
    os.close(writer)
    screen = b""
    try:
        while chunk := os.read(reader, 4096):
            screen += chunk
            if screen.endswith(b": "):
                os.write(reader, answer.encode() + b"\n")
    except OSError:
        pass  # Linux ends a terminal that nobody writes to with EIO
    os.close(reader)
    return process.wait(), screen.decode()


def answers_of(agent: AgentProcess) -> tuple[str, ...]:
    device = agent.request("GET", "/v1/status")[1]["deviceID"]
    return ("/v1/status", f"/v1/device/{device}/cameras", "/v1/event/list", "/v1/clip/list")


def files_of(folder: Path) -> Iterator[str]:
    """Everything that the agent keeps, the database and the sealed cache too."""
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix != ".mp4":
            yield path.read_bytes().decode("latin-1")
    with closing(sqlite3.connect(folder / "sealed" / "cache.db")) as cache:
        yield repr(cache.execute("SELECT * FROM Cache").fetchall())


def check_refusals(agent: AgentProcess) -> None:
    assert "no camera" in typed(agent.state, "camera", "secret", "roof", stdin="x\n").err
    assert "'file'" in typed(agent.state, "camera", "secret", "street", stdin="x\n").err
    assert "--clear" in typed(agent.state, "camera", "secret", "gate", stdin="\n").err
    for wrong in ({"secret": ""}, {"secret": "two\nlines"}, {"secret": "x" * 5000}, {}):
        status, answer = agent.request("PUT", "/v1/camera/gate/secret", wrong)
        assert (status, "two" in json.dumps(answer)) == (400, False)
    with pytest.raises(HTTPError, match="401"):
        urlopen(Request(f"{agent.url}/v1/camera/gate/secret", method="DELETE"), timeout=10)


def test_a_password_in_the_settings_stops_the_agent_and_is_not_repeated(tmp_path: Path) -> None:
    gate = {"id": "gate", "backend": "network", "address": "rtsp://joe:hunter2@192.0.2.1/x"}
    agent = AgentProcess(tmp_path, camera=gate)
    agent.start()
    assert agent.wait() == 78
    assert "cuelight camera secret" in agent.logged()
    assert "hunter2" not in agent.logged()
