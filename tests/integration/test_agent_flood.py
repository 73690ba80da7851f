"""A flood of inbound events at a real agent that is recording: the recording is whole, what is kept stays bounded."""

import http.client
import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest
from fakes.agent_process import AgentProcess, SocketConnection, result_of, running_agent
from fakes.inbound import in_base64, jpeg
from fakes.soak import count, told

from hardware.media import inspect

EVENTS = count(800, 10_000)
SECONDS = count(6, 60)
"""In which all of them come: ten thousand a minute, or nearly so."""
SENDERS = 4
COOLDOWN = 2.0
RATE = 25
MEMORY = 64 * 1024 * 1024
"""Bytes by which the agent may have grown: the pictures of the flood are several times as many."""
PICTURE = in_base64(jpeg(body=b"\0" * 20_000))
ALWAYS: dict[str, Any] = {"days": [], "intervals": []}
RUN_PRESET, MOTION = 1, 42
CAMERA = {
    "id": "main",
    "name": "Main",
    "backend": "bars",
    "prefer": {"codec": "h264", "width": 320, "height": 240, "rate": float(RATE)},
}


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[AgentProcess]:
    with running_agent(tmp_path, camera=CAMERA) as agent:
        yield agent


@pytest.mark.soak
@pytest.mark.timeout(count(120, 600))
def test_a_recording_beside_a_flood_of_inbound_events_is_whole(agent: AgentProcess) -> None:
    script = make_script(agent)
    before = psutil.Process(agent.pid).memory_info().rss
    recording = agent.create_event("Video_Start_recording", durationSeconds=SECONDS, segmentSeconds=SECONDS * 2)
    statuses, took = flood(agent)
    assert statuses == {202: EVENTS}
    event = agent.wait_for_event(recording, SECONDS + 60)
    result = result_of(event)
    assert (event["eventStatus"], result["dropped"]) == (4, 0), event
    (clip,) = result["clips"]
    film = inspect(agent.media / clip["file"])
    assert film.decodable
    assert film.frames == pytest.approx(SECONDS * RATE, abs=2)
    grown = psutil.Process(agent.pid).memory_info().rss - before
    assert grown < MEMORY, f"{grown / 1e6:.0f} MB"
    counted = request(agent, "GET", f"/api/v1/scripts/{script}/decisions")["counters"]
    assert counted["fired"] + counted["cooldown"] == EVENTS
    assert 1 <= counted["fired"] <= took / COOLDOWN + 1
    kept = kept_of_triggers(agent)
    assert kept["decisions"] <= 550, "the last 500 decisions of a script, and those since it was last pruned"
    told("flood beside a recording", events=EVENTS, seconds=round(took), grown=grown, frames=film.frames, **kept)


def request(agent: AgentProcess, method: str, path: str, body: object = None) -> Any:
    status, answer = agent.request(method, path, body)
    assert status in (200, 202), (status, answer)
    return answer


def make_script(agent: AgentProcess) -> int:
    """A script whose reaction is an event without a camera, so that only the flood is beside the recording."""
    preset = {"deviceID": 1, "eventPresetName": "Talk less", "eventType": "Device_Update_setting"}
    preset["eventParameters"] = json.dumps({"name": "log_level", "value": "INFO"})
    key = request(agent, "POST", "/v1/eventpreset", preset)["key"]
    script = {
        "title": "Flooded",
        "reaction_id": RUN_PRESET,
        "event_id": MOTION,
        "users": [],
        "status": "active",
        "cameras": None,
        "timetable": ALWAYS,
        "extra": {"preset_id": key},
        "cooldown_seconds": COOLDOWN,
    }
    return int(request(agent, "POST", "/api/v1/scripts", script)["id"])


def flood(agent: AgentProcess) -> tuple[Counter[int], float]:
    """How often each status was answered, and in how many seconds."""
    began = time.monotonic()
    with ThreadPoolExecutor(SENDERS) as senders:
        parts = senders.map(lambda first: send(agent, range(first, EVENTS, SENDERS), began), range(SENDERS))
        return sum(parts, Counter()), time.monotonic() - began


def send(agent: AgentProcess, numbers: range, began: float) -> Counter[int]:
    """Sends these events, each at its moment of the flood or as soon after as the agent answers."""
    statuses: Counter[int] = Counter()
    with closing(SocketConnection(agent.state / "api.sock", 30.0)) as connection:
        for number in numbers:
            time.sleep(max(0.0, began + number * SECONDS / EVENTS - time.monotonic()))
            body = {"event": "motion", "camera": "main", "external_id": f"e{number}", "image": PICTURE}
            statuses[post(connection, body)] += 1
    return statuses


def post(connection: http.client.HTTPConnection, body: dict[str, Any]) -> int:
    connection.request("POST", "/api/integration/v1/events", json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    return answer.status


def kept_of_triggers(agent: AgentProcess) -> dict[str, int]:
    """Rows of decisions, and bytes of pictures, in the agent's database."""
    with closing(sqlite3.connect(agent.state / "cuelight.db")) as database:
        decisions = database.execute("SELECT count(*) FROM script_decisions").fetchone()[0]
        pictures = database.execute("SELECT coalesce(sum(size), 0) FROM trigger_images").fetchone()[0]
    return {"decisions": decisions, "pictures": pictures}
