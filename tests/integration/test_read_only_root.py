"""The agent on a system that it cannot write to, but for its state folder and a temporary one."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from fakes import fence
from fakes.agent_process import AgentProcess

FENCE = str(Path(fence.__file__))
COMPLETE = 4


def test_the_fence_is_one(tmp_path: Path) -> None:
    program = "import sys; open(sys.argv[1] + '/in/a', 'w').close(); open(sys.argv[1] + '/out', 'w')"
    (tmp_path / "in").mkdir()
    ended = subprocess.run(
        [sys.executable, FENCE, str(tmp_path / "in"), "-c", program, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "PermissionError" in ended.stderr
    assert [path.name for path in tmp_path.rglob("*")] == ["in", "a"]


def test_everything_is_written_into_the_state_folder_or_a_temporary_one(tmp_path: Path) -> None:
    """From the first start on: keys, migrations in a child, camera hosts, file jobs."""
    agent, temporary = AgentProcess(tmp_path, camera={"id": "main", "backend": "file"}), tmp_path / "tmp"
    for folder in (agent.state, temporary):
        folder.mkdir()
    fenced = (FENCE, f"{agent.state}:{temporary}", "-m", "agent")
    agent.start(fenced, TMPDIR=str(temporary), HOME="/nonexistent")
    try:
        assert agent.running, agent.logged()
        recorded = completed(agent, "Video_Start_recording", durationSeconds=1)
        completed(agent, "Image_Start_taking_photos", count=1)
        completed(agent, "Transcoding_Concatenate_files_ext", videoClips=[{"key": agent.clips(recorded)[0]["key"]}])
        assert agent.stop() == 0
    finally:
        agent.kill()
    assert [line for line in agent.logged().splitlines() if "ermission denied" in line] == []
    assert {path.name for path in tmp_path.iterdir()} == {"state", "tmp", "agent.log"}
    assert list(temporary.iterdir()) == []


def completed(agent: AgentProcess, event_type: str, **parameters: Any) -> int:
    event = agent.create_event(event_type, **parameters)
    ended = agent.wait_for_event(event, 60)
    assert ended["eventStatus"] == COMPLETE, ended
    return event
