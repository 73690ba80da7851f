"""A real agent whose clock is set while it films: NTP finds the time when a recording runs already."""

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fakes.agent_process import AgentProcess, result_of, wait_for
from fakes.clips import assert_clips_are_whole, sidecar_of

PROGRAM = (str(Path(__file__).parents[1] / "fakes" / "stepping_program.py"),)
STEP = 86_400.0


@pytest.fixture
def clock_step(tmp_path: Path) -> Path:
    file = tmp_path / "clock-step"
    file.write_text("0")
    return file


@pytest.fixture
def agent(tmp_path: Path, clock_step: Path) -> Iterator[AgentProcess]:
    agent = AgentProcess(tmp_path, CLOCK_STEP_FILE=str(clock_step))
    agent.start(PROGRAM)
    yield agent
    assert agent.stop() == 0
    assert_clips_are_whole(agent.media)


def segments(agent: AgentProcess) -> int:
    return len(list(agent.media.rglob("*.mp4")))


def start_of(clip: dict[str, Any]) -> float:
    return datetime.fromisoformat(clip["start"]).timestamp()


def test_a_recording_is_dated_by_the_clock_as_it_is_and_has_no_gap(agent: AgentProcess, clock_step: Path) -> None:
    key = agent.create_event("Video_Start_recording", durationSeconds=6, segmentLengthSeconds=1)
    wait_for(lambda: segments(agent) == 2, 10, "the second segment")
    new = clock_step.with_name("new")
    new.write_text(str(STEP))
    new.replace(clock_step)
    outcome = result_of(agent.wait_for_event(key))
    assert [note for note in outcome["notes"] if "no picture" in note] == []
    sidecars = [sidecar_of(agent.media / clip["file"]) for clip in outcome["clips"]]
    real_offset = time.time() - time.monotonic()
    steps = [(one.start_wall_ns - one.first_mono_ns) / 1e9 - real_offset for one in sidecars]
    before = [step for step in steps if abs(step) < 1]
    after = [step for step in steps if abs(step - STEP) < 1]
    assert steps == before + after
    assert len(before) >= 2, "the segment that was open keeps its date"
    assert after
    for clip, sidecar in zip(outcome["clips"], sidecars, strict=True):
        assert start_of(clip) == pytest.approx(sidecar.start_wall_ns / 1e9, abs=1e-3)
        assert clip["seconds"] < 2.5
