"""The agent is told to stop, or is killed, while something runs: what its next start makes of it."""

import json
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from fakes.agent_process import AgentProcess, result_of, running_agent, wait_for
from fakes.clips import assert_clips_are_whole

PENDING, PROCESSING, COMPLETE, ERROR, CANCELLED = 1, 3, 4, 5, 7


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AgentProcess]:
    """One state folder for all tests here; each leaves the agent running and idle."""
    cameras = [{"id": name, "backend": "file"} for name in ("main", "side", "back")]
    with running_agent(tmp_path_factory.mktemp("stopping"), CUELIGHT_CAMERAS=json.dumps(cameras)) as agent:
        yield agent
        assert agent.stop() == 0
        assert_clips_are_whole(agent.media)
        assert "Traceback" not in agent.logged()


def record(agent: AgentProcess, **parameters: Any) -> int:
    """A recording that has begun."""
    key = agent.create_event("Video_Start_recording", **parameters)
    wait_for(lambda: agent.event(key)["eventStatus"] == PROCESSING, 10, "the recording to begin")
    return key


def outcome_of_both(agent: AgentProcess, once: int, again: int) -> dict[str, Any]:
    """After a restart: the event without attempts left was interrupted with its clip; the other's outcome."""
    cut = agent.event(once)
    assert (cut["eventStatus"], result_of(cut)["code"]) == (ERROR, "interrupted")
    assert len(result_of(cut)["clips"]) == 1
    ended = agent.wait_for_event(again)
    assert (ended["eventStatus"], ended["attemptNumber"]) == (COMPLETE, 2)
    return ended


def since_the_request(event: dict[str, Any]) -> float:
    """Seconds of film, without what a camera that was still open gave from before the request."""
    result = result_of(event)
    return float(result["seconds"] - result["preRollSeconds"])


def test_a_stopped_agent_ends_in_order_and_goes_on_with_what_has_attempts_left(agent: AgentProcess) -> None:
    again = record(agent, max_attempts=2, durationSeconds=4)
    once = record(agent, camera="side", durationSeconds=60)
    time.sleep(1.5)
    began = time.monotonic()
    assert agent.stop() == 0
    assert time.monotonic() - began < 8
    assert_clips_are_whole(agent.media)
    left = {path.name for path in agent.media.rglob("*.mp4")}
    assert len(left) == 2

    agent.start()
    ended = outcome_of_both(agent, once, again)
    first, second = result_of(ended)["clips"]
    assert (first["attempt"], second["attempt"]) == (1, 2)
    assert since_the_request(ended) == pytest.approx(4, abs=0.3), "only what was left was recorded"


def test_a_killed_agents_recording_goes_on_for_what_is_left(agent: AgentProcess) -> None:
    again = record(agent, max_attempts=2, durationSeconds=4)
    once = record(agent, camera="side", durationSeconds=60)
    time.sleep(2.2)
    agent.kill()
    agent.start()
    ended = outcome_of_both(agent, once, again)
    assert since_the_request(ended) == pytest.approx(4, abs=0.3)


def test_stops_that_were_accepted_are_carried_out_whatever_happens_to_the_agent(agent: AgentProcess) -> None:
    """Each of the three waits in the store when the agent dies, as if it had been killed before it could begin them."""
    stopped = record(agent, max_attempts=5)
    ended = record(agent, max_attempts=5, camera="side")
    untouched = record(agent, max_attempts=5, camera="back", durationSeconds=2)
    freeze(agent)
    try:
        accept(agent, 2, {})
        accept(agent, 35, {"eventID": ended}, priority=0)
    finally:
        agent.kill()
    agent.start()
    assert agent.event(stopped)["eventStatus"] == COMPLETE
    assert agent.event(ended)["eventStatus"] == CANCELLED
    assert agent.wait_for_event(untouched)["attemptNumber"] == 2
    assert all(agent.event(key)["attemptNumber"] == 1 for key in (stopped, ended))


def freeze(agent: AgentProcess) -> None:
    """Stops it in its tracks, at a moment when it writes nothing: what is half written keeps others out."""

    def stopped_between_writes() -> bool:
        os.kill(agent.pid, signal.SIGSTOP)
        with closing(sqlite3.connect(agent.state / "cuelight.db", timeout=0)) as database:
            try:
                database.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                os.kill(agent.pid, signal.SIGCONT)
                return False
        return True

    wait_for(stopped_between_writes, 10, "a moment without a write")


def accept(agent: AgentProcess, kind: int, parameters: dict[str, Any], priority: int = 1) -> None:
    """An accepted event in the store of an agent that does not look: a copy of an earlier row, as far as it goes."""
    now = time.time_ns() // 1000
    with sqlite3.connect(agent.state / "cuelight.db") as database:
        names = [row[1] for row in database.execute("PRAGMA table_info(events)") if row[1] != "key"]
        row = dict(zip(names, database.execute(f"SELECT {', '.join(names)} FROM events").fetchone(), strict=True))
        row |= {"uuid": f"by-hand-{kind}", "event_type_id": kind, "event_parameters": json.dumps(parameters)}
        row |= {"event_status": PENDING, "attempt_number": 0, "max_attempts": 0, "started": 0, "ended": 0, "result": ""}
        row |= {"created": now, "modified": now, "priority": priority, "holder": "", "percent_complete": 0}
        marks = ", ".join("?" for _ in row)
        database.execute(f"INSERT INTO events ({', '.join(row)}) VALUES ({marks})", list(row.values()))
    database.close()


def test_a_stop_just_before_the_agent_stops_is_not_lost(agent: AgentProcess) -> None:
    for _ in range(3):
        key = record(agent, max_attempts=5)
        stop = agent.create_event("Video_Stop_recording")
        assert agent.stop() == 0
        agent.start()
        assert (agent.event(key)["eventStatus"], agent.event(stop)["eventStatus"]) == (COMPLETE, COMPLETE)
        assert agent.event(key)["attemptNumber"] == 1


def test_clips_survive_the_loss_of_the_database(agent: AgentProcess) -> None:
    known = {clip["file"]: clip for clip in all_clips(agent)}
    assert agent.stop() == 0
    for path in agent.state.glob("cuelight.db*"):
        path.unlink()
    agent.start()
    adopted = {clip["file"]: clip for clip in all_clips(agent)}
    assert adopted.keys() == known.keys()
    for name, clip in adopted.items():
        same = ("sHA256Hash", "clipLengthInSeconds", "frames", "fileSize", "eventUUID", "startDate")
        assert {field: clip[field] for field in same} == {field: known[name][field] for field in same}


def test_the_folder_is_the_truth_and_nothing_foreign_is_touched(agent: AgentProcess) -> None:
    key = record(agent, durationSeconds=1)
    agent.wait_for_event(key)
    (clip,) = agent.clips(key)
    assert agent.stop() == 0
    folder = agent.media / "main"
    foreign = {"holiday.mp4": b"mine", "notes.txt": b"mine", "broken.mp4": b"whatever", "broken.mp4.json": b"{garbage"}
    for name, content in foreign.items():
        (folder / name).write_bytes(content)
    torn = folder / "torn-0.mp4"
    sidecar = json.loads((agent.media / (clip["file"] + ".json")).read_text())
    sidecar |= {"file": torn.name, "closed": False, "size": 0, "sha256": "", "context": {}}
    torn.write_bytes((agent.media / clip["file"]).read_bytes()[:100])
    torn.with_name(torn.name + ".json").write_text(json.dumps(sidecar))
    (agent.media / clip["file"]).unlink()

    agent.start()
    assert agent.clips(key)[0]["state"] == "missing"
    assert {name: (folder / name).read_bytes() for name in foreign} == foreign
    assert not torn.exists(), "not one whole fragment"
    assert not torn.with_name(torn.name + ".json").exists()
    assert "broken.mp4.json" in agent.logged()
    assert not any("holiday" in listed["file"] or "broken" in listed["file"] for listed in all_clips(agent))
    for path in (*(folder / name for name in foreign), agent.media / (clip["file"] + ".json")):
        path.unlink()


def all_clips(agent: AgentProcess) -> list[dict[str, Any]]:
    status, answer = agent.request("GET", "/v1/clip/list")
    assert status == 200, answer
    return list(answer)
