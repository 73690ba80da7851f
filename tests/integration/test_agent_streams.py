"""Streams as events of a real agent: asked, told, stopped, refused, and taken up again after a kill."""

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest
from fakes.agent_process import AgentProcess, SocketConnection, host_of, result_of, running_agent, wait_for
from fakes.programs import free_port
from fakes.rtmp_server import RtmpServer

COMPLETE, ERROR, CANCELLED, PROCESSING = 4, 5, 7, 3
KEY = "k3y-nobody-may-see"


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AgentProcess]:
    with running_agent(tmp_path_factory.mktemp("streams")) as agent:
        yield agent
        assert agent.stop() == 0
        assert "Traceback" not in agent.logged()
        assert KEY not in agent.logged()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RtmpServer]:
    with RtmpServer(tmp_path_factory.mktemp("rtmp")) as server:
        yield server


def start_rtmp(agent: AgentProcess, server: RtmpServer, **parameters: Any) -> int:
    named: dict[str, Any] = {"server": "127.0.0.1", "port": server.port, "streamName": "live", "streamKey": KEY}
    return agent.create_event("Video_Start_RTMP", **named | parameters)


def stream_of(agent: AgentProcess, key: int) -> dict[str, Any]:
    """What the status tells of the event's stream; nothing when it tells of none."""
    _, status = agent.request("GET", "/v1/status")
    return next((dict(stream) for stream in status["streams"] if stream["eventID"] == key), {})


def live(agent: AgentProcess, key: int) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        stream = stream_of(agent, key)
        return stream if stream.get("state") == "live" and stream["bitrate"] else None

    return dict(wait_for(look, 15, f"event {key} to stream"))


def test_a_stream_is_told_in_the_status_and_its_stop_completes_it(agent: AgentProcess, server: RtmpServer) -> None:
    key = start_rtmp(agent, server)
    told = live(agent, key)
    assert told["camera"] == "Main"
    assert told["target"] == f"rtmp://127.0.0.1:{server.port}/live/[redacted]"
    assert server.streams(KEY)
    second = agent.wait_for_event(start_rtmp(agent, server))
    assert (second["eventStatus"], result_of(second)["code"]) == (ERROR, "already_active")
    stop = agent.create_event("Video_Stop_RTMP")
    assert result_of(agent.wait_for_event(stop)) == {"stopped": [key]}
    event = agent.event(key)
    result = result_of(event)
    assert event["eventStatus"] == COMPLETE
    assert result["target"] == told["target"]
    assert result["asked"] == {}
    assert (result["granted"]["codec"], result["granted"]["encoded"]) == ("h264", False)
    assert result["frames"] > 10
    assert result["seconds"] == pytest.approx(result["frames"] / 10, abs=0.5)
    assert (result["connections"], result["interruptions"]) == (1, [])
    assert result["endedBy"] == f"event {stop} (Video_Stop_RTMP)"
    assert stream_of(agent, key) == {}


def served(agent: AgentProcess, path: str) -> bytes:
    """What the local API answers, as it is."""
    with contextlib.closing(SocketConnection(agent.state / "api.sock", 5.0)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        assert response.status == 200
        return response.read()


def test_streams_of_each_kind_run_beside_each_other(agent: AgentProcess, server: RtmpServer) -> None:
    port = free_port()
    rtmp = agent.create_event("Video_Multiplex_start_RTMP", server=server.url, streamKey=KEY, deviceID=0)
    udp = agent.create_event("Video_Start_send_UDP_video", receiverIPAddress="127.0.0.1", port=port)
    hls = agent.create_event("Video_Start_SRT", url="hls:door")
    for key in (rtmp, udp, hls):
        assert live(agent, key)
    with av.open(f"udp://127.0.0.1:{port}?timeout=5000000", format="mpegts", timeout=8.0) as receiver:
        assert next(receiver.decode(video=0)).width == 768
    playlist = agent.state / "run" / "hls" / "main" / "door" / "index.m3u8"
    wait_for(playlist.exists, 10, "the playlist")
    assert "0.ts" in served(agent, "/v1/camera/main/hls/door/index.m3u8").decode()
    assert served(agent, "/v1/camera/main/hls/door/0.ts").startswith(b"G"), "a packet of MPEG-TS"
    assert result_of(agent.wait_for_event(agent.create_event("Video_Multiplex_stop_RTMP"))) == {"stopped": [rtmp]}
    assert result_of(agent.wait_for_event(agent.create_event("Video_Stop_send_UDP_video"))) == {"stopped": [udp]}
    agent.create_event("Device_End_process", eventID=hls)
    assert agent.wait_for_event(hls)["eventStatus"] == CANCELLED
    assert not playlist.exists()
    assert {agent.event(key)["eventStatus"] for key in (rtmp, udp)} == {COMPLETE}


def test_a_playlist_has_one_stream_at_a_time(agent: AgentProcess) -> None:
    first = agent.create_event("Video_Start_SRT", url="hls:stage")
    assert live(agent, first)
    playlist = agent.state / "run" / "hls" / "main" / "stage" / "index.m3u8"
    wait_for(playlist.exists, 10, "the playlist")
    second = agent.wait_for_event(agent.create_event("Video_Start_RTMP", url="hls:stage", durationSeconds=1))
    assert (second["eventStatus"], result_of(second)["code"]) == (ERROR, "already_active")
    assert result_of(second)["message"].startswith(f"the hls:stage sink of camera 'Main' is taken by event {first};")
    assert playlist.exists(), "nobody else's end takes it away"
    agent.create_event("Device_End_process", eventID=first)
    assert agent.wait_for_event(first)["eventStatus"] == CANCELLED
    third = agent.wait_for_event(agent.create_event("Video_Start_RTMP", url="hls:stage", durationSeconds=1))
    assert third["eventStatus"] == COMPLETE, "free again"


def test_a_server_that_comes_goes_and_comes_back_is_waited_for(agent: AgentProcess, tmp_path: Path) -> None:
    with RtmpServer(tmp_path) as late:
        late.kill()
        key = start_rtmp(agent, late)
        waits = wait_for(lambda: (told := stream_of(agent, key)).get("state") == "waiting" and told, 15, "a failure")
        assert "Connection refused" in waits["reason"]
        assert agent.event(key)["eventStatus"] == PROCESSING
        late.start()
        live(agent, key)
        late.kill()
        wait_for(lambda: stream_of(agent, key)["state"] != "live", 15, "the loss")
        late.start()
        live(agent, key)
        agent.wait_for_event(agent.create_event("Video_Stop_RTMP"))
    result = result_of(agent.event(key))
    assert result["connections"] == 2
    (interruption,) = result["interruptions"]
    assert interruption["reason"]
    assert result["dropped"] > 0
    assert KEY not in json.dumps(result)


def test_a_stream_with_a_duration_ends_by_itself(agent: AgentProcess) -> None:
    named: dict[str, Any] = {"receiverIPAddress": "127.0.0.1", "port": free_port()}
    event = agent.wait_for_event(
        agent.create_event("Video_Start_send_UDP_video", **named, audio=1, durationSeconds=1.5)
    )
    result = result_of(event)
    assert "without sound: streams have pictures only" in result["notes"]
    assert event["eventStatus"] == COMPLETE
    assert result["endedBy"] == "duration"
    assert result["asked"] == {"durationSeconds": 1.5}
    assert result["seconds"] == pytest.approx(1.4, abs=0.15)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "server is ''"),
        ({"url": "file:///etc/passwd"}, "url is 'file:...'"),
        ({"url": "rtmp://host/app", "token": KEY}, "token is '[redacted]'"),
        ({"server": "host", "streamName": "live", "encoding": "vp9"}, "encoding is 'vp9'"),
    ],
)
def test_what_cannot_be_streamed_ends_as_error_at_once(
    agent: AgentProcess, parameters: dict[str, Any], message: str
) -> None:
    event = agent.wait_for_event(agent.create_event("Video_Start_RTMP", **parameters), timeout=5)
    result = result_of(event)
    assert (event["eventStatus"], result["code"]) == (ERROR, "bad_parameter")
    assert result["message"].startswith(message)


def children_of(pid: int) -> list[int]:
    """The processes that one has started."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    assert children
    return children


def is_alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_lost_camera_host_is_an_interruption_and_the_stream_goes_on(agent: AgentProcess, server: RtmpServer) -> None:
    key = start_rtmp(agent, server)
    live(agent, key)
    host = host_of(agent, "main")
    publishers = children_of(host)
    os.kill(host, signal.SIGKILL)
    wait_for(lambda: not any(is_alive(pid) for pid in publishers), 5, "the publisher to end with its host")
    wait_for(lambda: stream_of(agent, key).get("state") != "live", 15, "the loss")
    live(agent, key)
    agent.wait_for_event(agent.create_event("Video_Stop_RTMP"))
    result = result_of(agent.event(key))
    assert result["connections"] == 2
    (interruption,) = result["interruptions"]
    assert "the host process" in interruption["reason"]
    assert interruption["date"].endswith("Z")


def test_a_stream_goes_on_after_the_agent_was_killed(tmp_path: Path, server: RtmpServer) -> None:
    with running_agent(tmp_path) as agent:
        key = start_rtmp(agent, server, durationSeconds=120, max_attempts=5)
        live(agent, key)
        agent.kill()
        left = agent.state / "run" / "hls" / "main" / "door"
        left.mkdir(parents=True)
        agent.start()
        live(agent, key)
        assert not left.exists(), "nobody is shown what was streamed before the kill"
        event = agent.event(key)
        assert (event["eventStatus"], event["attemptNumber"]) == (PROCESSING, 2)
        assert server.streams(KEY)
