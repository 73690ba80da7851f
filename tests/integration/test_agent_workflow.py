"""Workflows and settings on a real agent with a real camera host, over restarts and kills."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fakes.agent_process import AgentProcess, result_of, running_agent, wait_for
from fakes.clips import assert_clips_are_whole

PROCESSING, COMPLETE, ERROR, CANCELLED = 3, 4, 5, 7

CAMERAS: list[dict[str, Any]] = [{"id": "main", "backend": "file"}, {"id": "other", "backend": "file"}]


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AgentProcess]:
    """One agent for all; some of the tests kill it and start it again."""
    with running_agent(tmp_path_factory.mktemp("workflow"), CUELIGHT_CAMERAS=json.dumps(CAMERAS)) as agent:
        yield agent
        assert agent.stop() == 0
        assert_clips_are_whole(agent.media)
        assert "Traceback" not in agent.logged()


def preset(agent: AgentProcess, name: str, event_type: str, *, max_attempts: int = 0, **parameters: Any) -> int:
    body = {
        **agent.event_body(event_type, max_attempts, parameters),
        "eventPresetName": name,
        "deviceID": own(agent),
    }
    status, answer = agent.request("POST", "/v1/eventpreset", body)
    assert status == 200, answer
    return int(answer["key"])


def own(agent: AgentProcess) -> int:
    status, devices = agent.request("GET", "/v1/device/list")
    assert status == 200, devices
    return int(devices[0]["key"])


def start(agent: AgentProcess, *presets: int, max_attempts: int = 0) -> int:
    body = agent.event_body("Workflow_Event_preset_workflow", max_attempts, {})
    body["eventParameters"] = json.dumps([{"deviceID": own(agent), "eventPresetID": key} for key in presets])
    status, answer = agent.request("POST", "/v1/event", body)
    assert status == 200, answer
    return int(answer["eventID"])


def steps(agent: AgentProcess, workflow: int) -> list[dict[str, Any]]:
    """The events after the workflow's own, in the order in which they were made."""
    status, answer = agent.request("POST", "/v1/event/list", {"order": "asc"})
    assert status == 200, answer
    return sorted((event for event in answer if event["key"] > workflow), key=lambda event: int(event["key"]))


def filmed(agent: AgentProcess) -> int:
    """Bytes of all recordings."""
    return sum(path.stat().st_size for path in agent.media.rglob("*.mp4"))


def test_a_recording_is_started_and_stopped_by_steps(agent: AgentProcess) -> None:
    """Start, then wait, then stop: the start is done at its first frame, so the clip is as long as the wait."""
    key = start(
        agent,
        preset(agent, "film", "Video_Start_recording"),
        preset(agent, "wait", "Video_Test_event", durationSeconds=1.5),
        preset(agent, "cut", "Video_Stop_recording"),
    )
    workflow = agent.wait_for_event(key)
    assert workflow["eventStatus"] == COMPLETE, workflow
    film, wait, cut = steps(agent, key)
    assert [event["eventStatus"] for event in (film, wait, cut)] == [COMPLETE] * 3
    assert result_of(cut) == {"stopped": [film["key"]]}
    (clip,) = result_of(film)["clips"]
    assert clip["seconds"] == pytest.approx(1.5, abs=0.5)


def test_a_step_that_fails_ends_it_and_later_steps_never_begin(agent: AgentProcess) -> None:
    key = start(
        agent,
        preset(agent, "bad", "Video_Start_recording", camera="attic"),
        preset(agent, "never", "Video_Test_event"),
    )
    workflow = agent.wait_for_event(key)
    (step,) = steps(agent, key)
    result = result_of(workflow)
    assert (workflow["eventStatus"], result["code"]) == (ERROR, "step_failed")
    assert (result["failed"]["eventID"], result["failed"]["error"]["code"]) == (step["key"], "camera_unknown")
    assert "attic" in result["message"]


def test_its_end_cancels_the_step_that_runs(agent: AgentProcess) -> None:
    key = start(agent, preset(agent, "film", "Video_Start_recording", durationSeconds=60))
    wait_for(lambda: [step for step in steps(agent, key) if step["eventStatus"] == PROCESSING], 10, "the recording")
    status, _ = agent.request("POST", f"/v1/event/endprocess/{key}")
    assert status == 200
    assert agent.wait_for_event(key)["eventStatus"] == CANCELLED
    assert steps(agent, key)[0]["eventStatus"] == CANCELLED


def test_a_killed_workflow_goes_on_where_it_was(agent: AgentProcess) -> None:
    """The first step is done and stays done; the recording goes on in a new attempt; the last one follows it."""
    before = filmed(agent)
    key = start(
        agent,
        preset(agent, "once", "Video_Test_event", durationSeconds=0.1),
        preset(agent, "film", "Video_Start_recording", max_attempts=3, durationSeconds=4),
        preset(agent, "after", "Video_Test_event", durationSeconds=0.1),
        max_attempts=3,
    )
    wait_for(lambda: filmed(agent) > before + 50_000, 10, "a piece of film")
    agent.kill()
    agent.start()
    workflow = agent.wait_for_event(key)
    assert (workflow["eventStatus"], workflow["attemptNumber"]) == (COMPLETE, 2)
    once, film, after = steps(agent, key)
    assert [event["eventStatus"] for event in (once, film, after)] == [COMPLETE] * 3
    assert [event["attemptNumber"] for event in (once, film, after)] == [1, 2, 1]
    assert result_of(film)["seconds"] == pytest.approx(4, abs=0.3)


def test_a_killed_workflow_without_another_attempt_starts_nothing_more(agent: AgentProcess) -> None:
    key = start(
        agent,
        preset(agent, "wait", "Video_Test_event", durationSeconds=60),
        preset(agent, "never", "Video_Test_event"),
    )
    wait_for(lambda: [step for step in steps(agent, key) if step["eventStatus"] == PROCESSING], 10, "the first step")
    agent.kill()
    agent.start()
    workflow = agent.wait_for_event(key)
    assert (workflow["eventStatus"], result_of(workflow)["code"]) == (ERROR, "interrupted")
    assert [step["eventStatus"] for step in steps(agent, key)] == [ERROR]


def test_settings_outlast_a_kill_and_what_is_no_setting_is_named(agent: AgentProcess) -> None:
    changed = agent.wait_for_event(agent.create_event("Device_Update_setting", name="log_level", value="DEBUG"))
    assert changed["eventStatus"] == COMPLETE, changed
    key = preset(agent, "night", "Video_Test_event", durationSeconds=0.1)
    bound = agent.wait_for_event(
        agent.create_event("Device_Update_setting", name="standalone_startup_preset", value=str(key))
    )
    assert result_of(bound)["preset"] == "night"
    agent.kill()
    agent.log.write_text("")
    agent.start()
    agent.wait_for_event(agent.create_event("Video_Start_recording", durationSeconds=0.2))
    wait_for(lambda: '"level": "DEBUG"' in agent.logged(), 10, "a line of the kept level")
    wrong = agent.wait_for_event(agent.create_event("Device_Update_setting", name="upstream.url", value="x"))
    assert (wrong["eventStatus"], result_of(wrong)["code"]) == (ERROR, "unknown_setting")
    assert "log_level" in result_of(wrong)["message"]
