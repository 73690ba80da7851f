"""The next boot after a power cut: the real agent, here, on the state folder as the cut left it."""

import contextlib
import os
import sqlite3
from pathlib import Path

from fakes.agent_process import TERMINAL, AgentProcess, wait_for
from fakes.clips import assert_clips_are_whole
from fakes.vm.witness import Known

ENDS_WITHIN = 60.0


def assert_goes_on(folder: Path, known: Known) -> None:
    """`folder`/state is started on, with nobody's help: all that was promised is there, and every event ends.

    The camera is footage here: what it films does not matter any more.
    """
    state = folder / "state"
    for path in (state, *state.rglob("*")):
        os.lchown(path, os.getuid(), os.getgid())
    agent = AgentProcess(folder, CUELIGHT_DEVICE__SERIAL=_serial(state / "cuelight.db"))
    agent.start()
    try:
        assert agent.running, f"it did not start: {agent.logged()[-2000:]}"
        _assert_all_is_there(agent, known)
        assert agent.stop() == 0
    finally:
        agent.kill()
    assert "Traceback" not in agent.logged()
    assert_clips_are_whole(agent.media)


def _serial(database: Path) -> str:
    """Whose events they are: to another box they would be another's."""
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return str(connection.execute("SELECT serial_number FROM devices WHERE own").fetchone()[0])


def _assert_all_is_there(agent: AgentProcess, known: Known) -> None:
    _, status = agent.request("GET", "/v1/status")
    assert status["incidents"] == [], "something was set aside"
    wait_for(lambda: not _open(agent), ENDS_WITHIN, "the events that were cut off to end")
    events = {event["key"]: event["eventStatus"] for event in _events(agent)}
    assert known.accepted <= events.keys()
    assert {key: events[key] for key in known.ended} == known.ended
    _, clips = agent.request("GET", "/v1/clip/list")
    told = {clip["file"]: clip["sHA256Hash"] for clip in clips if clip["state"] in ("closed", "recovered")}
    promised = {file: sha for file, sha in known.files.items() if file.endswith(".mp4")}
    assert promised.items() <= told.items()


def _events(agent: AgentProcess) -> list[dict[str, int]]:
    _, events = agent.request("POST", "/v1/event/list", {"deviceID": 0, "count": 0})
    return list(events)


def _open(agent: AgentProcess) -> list[int]:
    return [event["key"] for event in _events(agent) if event["eventStatus"] not in TERMINAL]
