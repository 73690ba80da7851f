"""What the actions do, shown on one real agent with its camera hosts, from the request to the clip."""

import json
import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest
from fakes.agent_process import AgentProcess, host_of, result_of, running_agent, wait_for
from fakes.alsa import DEVICE, alsa_configuration, tone
from fakes.clips import assert_clips_are_whole, decoded_frames, sidecar_of
from fakes.live import Live
from fakes.microphone import sound_seconds

COMPLETE, ERROR, CANCELLED = 4, 5, 7

CAMERAS: list[dict[str, Any]] = [
    {"id": "main", "name": "Main", "backend": "file"},
    {"id": "warm", "name": "Door", "backend": "file", "keep_warm": True},
    {"id": "gone", "backend": "file", "address": "/nowhere.mp4", "wait_seconds": 1},
    {"id": "other", "backend": "file"},
    {"id": "loud", "backend": "file", "microphone": DEVICE},
]


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AgentProcess]:
    folder = tmp_path_factory.mktemp("actions")
    sound = str(alsa_configuration(folder, tone(0, 48_000) * 10))
    with running_agent(folder, CUELIGHT_CAMERAS=json.dumps(CAMERAS), ALSA_CONFIG_PATH=sound) as agent:
        yield agent
        assert agent.stop() == 0
        assert_clips_are_whole(agent.media)
        assert "Traceback" not in agent.logged()


def start(agent: AgentProcess, **parameters: Any) -> int:
    """A recording whose first segment is on the disk."""
    key = agent.create_event("Video_Start_recording", **parameters)
    folder = agent.media / str(parameters.get("camera", "main"))
    before = set(folder.rglob("*.mp4"))
    wait_for(lambda: any(path.stat().st_size for path in set(folder.rglob("*.mp4")) - before), 10, "the first bytes")
    return key


def test_a_recording_with_a_duration_ends_complete_and_tells_what_was_asked_and_granted(agent: AgentProcess) -> None:
    with Live(agent.state / "api.sock") as live:
        key = agent.create_event("Video_Start_recording", durationSeconds=2.5, width=320, height=240)
        event = agent.wait_for_event(key)
        wait_for(lambda: live.percents(key)[-1:] == [100], 5, "the end to be told")
    assert event["eventStatus"] == COMPLETE
    told = live.percents(key)
    assert told == sorted(told)
    assert len({percent for percent in told if 0 < percent < 100}) >= 2
    outcome = result_of(event)
    assert outcome["asked"] == {"durationSeconds": 2.5, "width": 320, "height": 240}
    assert (outcome["granted"]["width"], outcome["granted"]["height"]) == (768, 576)
    (clip,) = outcome["clips"]
    assert clip["seconds"] == pytest.approx(2.5, abs=0.2)
    assert decoded_frames(agent.media / clip["file"]) == clip["frames"]
    (indexed,) = agent.clips(key)
    assert (indexed["file"], indexed["sHA256Hash"], indexed["state"]) == (clip["file"], clip["sha256"], "closed")


def test_a_stop_completes_the_recording_with_its_clip(agent: AgentProcess) -> None:
    key = start(agent)
    stop = agent.create_event("Video_Stop_recording")
    assert result_of(agent.wait_for_event(stop)) == {"stopped": [key]}
    event = agent.event(key)
    assert event["eventStatus"] == COMPLETE, "the stop ends when what it stopped has its outcome"
    assert result_of(event)["endedBy"] == f"event {stop} (Video_Stop_recording)"
    assert len(result_of(event)["clips"]) == 1


def test_a_start_and_its_stop_that_come_at_once_keep_their_order(agent: AgentProcess) -> None:
    for _ in range(3):
        key = agent.create_event("Video_Start_recording", durationSeconds=60)
        stop = agent.create_event("Video_Stop_recording")
        assert result_of(agent.wait_for_event(stop)) == {"stopped": [key]}
        assert agent.event(key)["eventStatus"] == COMPLETE


@pytest.mark.parametrize("how", ["request", "event"])
def test_an_ended_recording_is_cancelled_and_keeps_its_clip(agent: AgentProcess, how: str) -> None:
    key = start(agent)
    if how == "request":
        status, answer = agent.request("POST", f"/v1/event/endprocess/{key}")
        assert status == 200
        end = int(answer["description"])
    else:
        end = agent.create_event("Device_End_process", eventID=key)
    assert result_of(agent.wait_for_event(end)) == {"ended": [key]}
    event = agent.event(key)
    assert event["eventStatus"] == CANCELLED
    assert len(result_of(event)["clips"]) == len(agent.clips(key)) == 1


def test_a_stop_of_nothing_is_a_wish_fulfilled(agent: AgentProcess) -> None:
    for kind in ("Video_Stop_recording", "Video_Multiplex_stop_recording", "Video_Test_stop"):
        event = agent.wait_for_event(agent.create_event(kind))
        assert event["eventStatus"] == COMPLETE
        assert result_of(event)["stopped"] == []


def test_the_end_of_an_unknown_event_and_a_bad_number_are_errors(agent: AgentProcess) -> None:
    unknown = agent.wait_for_event(agent.create_event("Device_End_process", eventID=999_999))
    assert (unknown["eventStatus"], result_of(unknown)["code"]) == (ERROR, "unknown_event")
    bad = agent.wait_for_event(agent.create_event("Device_End_process", eventID="seven"))
    assert (bad["eventStatus"], result_of(bad)["code"]) == (ERROR, "bad_parameters")
    assert "eventID" in result_of(bad)["message"]


def test_a_second_recording_of_a_camera_is_refused_and_other_sinks_run_beside_it(agent: AgentProcess) -> None:
    first = start(agent)
    second = agent.wait_for_event(agent.create_event("Video_Multiplex_start_recording", durationSeconds=1))
    assert (second["eventStatus"], result_of(second)["code"]) == (ERROR, "already_active")
    assert f"event {first}" in result_of(second)["message"]
    beside = [
        agent.create_event("Video_Test_event", durationSeconds=0.5),
        agent.create_event("Video_Start_recording", durationSeconds=0.5, camera="other"),
    ]
    assert [agent.wait_for_event(key)["eventStatus"] for key in beside] == [COMPLETE, COMPLETE]
    assert agent.event(first)["eventStatus"] == 3
    agent.wait_for_event(agent.create_event("Video_Stop_recording"))


def test_a_test_event_counts_and_can_be_stopped(agent: AgentProcess) -> None:
    with Live(agent.state / "api.sock") as live:
        event = agent.wait_for_event(agent.create_event("Video_Test_event", durationSeconds=1))
    assert (event["eventStatus"], result_of(event)) == (COMPLETE, {"seconds": 1.0})
    assert live.percents(event["key"]) == sorted(live.percents(event["key"]))
    key = agent.create_event("Video_Test_event", durationSeconds=60)
    wait_for(lambda: agent.event(key)["eventStatus"] == 3, 5, "the test event to begin")
    assert result_of(agent.wait_for_event(agent.create_event("Video_Test_stop"))) == {"stopped": [key]}
    assert agent.event(key)["eventStatus"] == COMPLETE


@pytest.mark.parametrize("kind", ["Video_Start_send_ActionSync", "Video_Join_conference"])
def test_what_this_agent_cannot_do_ends_at_once_and_says_so(agent: AgentProcess, kind: str) -> None:
    event = agent.wait_for_event(agent.create_event(kind, max_attempts=3), timeout=5)
    assert (event["eventStatus"], result_of(event)["code"]) == (ERROR, "unsupported")
    assert kind in result_of(event)["message"]


def test_parameters_are_read_as_they_were_accepted(agent: AgentProcess) -> None:
    """Another first letter and numbers in quotes are taken when an event is accepted: so they have an effect."""
    event = agent.wait_for_event(agent.create_event("Video_Start_recording", DurationSeconds="0.5", Camera="Door"))
    assert event["eventStatus"] == COMPLETE
    assert result_of(event)["asked"] == {"durationSeconds": 0.5}
    assert result_of(event)["camera"] == "Door"


def test_values_that_an_action_cannot_take_are_named(agent: AgentProcess) -> None:
    for wrong in ({"camera": "attic"}, {"encoding": "theora"}, {"container": "avi"}):
        parameters: dict[str, Any] = {"durationSeconds": 1, **wrong}
        event = agent.wait_for_event(agent.create_event("Video_Start_recording", **parameters))
        assert event["eventStatus"] == ERROR
        assert all(value in result_of(event)["message"] for value in wrong.values())
    body = agent.event_body("Video_Start_recording", 0, {"rotationDegrees": 45})
    status, problem = agent.request("POST", "/v1/event", body)
    assert status == 400
    assert "rotationDegrees" in json.dumps(problem)


def test_a_camera_that_is_not_there_is_an_error_after_its_time(agent: AgentProcess) -> None:
    event = agent.wait_for_event(agent.create_event("Video_Start_recording", camera="gone", durationSeconds=1))
    assert (event["eventStatus"], result_of(event)["code"]) == (ERROR, "camera_unavailable")
    assert "/nowhere.mp4" in result_of(event)["message"]


def test_a_warm_camera_films_from_before_the_request(agent: AgentProcess) -> None:
    time.sleep(0.5)
    requested_ns = time.monotonic_ns()
    event = agent.wait_for_event(agent.create_event("Video_Start_recording", camera="warm", durationSeconds=1))
    (clip,) = result_of(event)["clips"]
    assert sidecar_of(agent.media / clip["file"]).first_mono_ns <= requested_ns
    assert clip["seconds"] >= 1


def test_a_pre_roll_is_kept_as_far_as_the_ring_reaches_and_told(agent: AgentProcess) -> None:
    time.sleep(2.5)
    asked: dict[str, Any] = {
        "camera": "warm",
        "durationSeconds": 1,
        "preRollSeconds": 1.5,
        "container": "mkv",
        "audio": 1,
    }
    outcome = result_of(agent.wait_for_event(agent.create_event("Video_Start_recording", **asked)))
    (clip,) = outcome["clips"]
    assert outcome["preRollSeconds"] >= 1.5
    assert clip["seconds"] == pytest.approx(1 + outcome["preRollSeconds"], abs=0.15)
    assert (outcome["container"], clip["file"][-4:], outcome["audio"]) == ("mkv", ".mkv", False)
    assert decoded_frames(agent.media / clip["file"]) == clip["frames"]
    assert any("recorded without sound: the camera has no microphone" in note for note in outcome["notes"])
    more = agent.create_event("Video_Start_recording", camera="warm", durationSeconds=0.5, preRollSeconds=30)
    notes = " ".join(result_of(agent.wait_for_event(more))["notes"])
    assert "ring_seconds of camera 'Door' is 2, 30 s asked" in notes
    assert "30 s were asked, but no more was kept" in notes


def test_sound_is_recorded_through_alsa(agent: AgentProcess) -> None:
    asked: dict[str, Any] = {"camera": "loud", "durationSeconds": 2, "audio": 1}
    outcome = result_of(agent.wait_for_event(agent.create_event("Video_Start_recording", **asked)))
    assert outcome["audio"] is True
    assert not any("sound" in note for note in outcome["notes"])
    (clip,) = outcome["clips"]
    assert sound_seconds(agent.media / clip["file"]) == pytest.approx(2, abs=0.5)


def test_a_post_roll_follows_a_stop_and_not_an_end(agent: AgentProcess) -> None:
    for stop, after in (("Video_Stop_recording", 1.5), ("Device_End_process", 0.0)):
        key = start(agent, postRollSeconds=1.5 if after else 60)
        began = time.monotonic()
        end = agent.create_event(stop, **({} if after else {"eventID": key}))
        agent.wait_for_event(end)
        assert after <= time.monotonic() - began < after + 1.5
        assert agent.event(key)["eventStatus"] == (COMPLETE if after else CANCELLED)


def test_a_post_roll_is_cut_short_by_an_end(agent: AgentProcess) -> None:
    key = start(agent, postRollSeconds=600)
    stop = agent.create_event("Video_Stop_recording")
    time.sleep(0.5)
    agent.wait_for_event(agent.create_event("Device_End_process", eventID=key), timeout=5)
    assert agent.wait_for_event(stop, timeout=5)["eventStatus"] == COMPLETE
    assert agent.event(key)["eventStatus"] == COMPLETE, "its own stop came first"


def test_a_time_lapse_takes_its_time_and_is_short_to_watch(agent: AgentProcess) -> None:
    asked = {"durationSeconds": 3, "timeLapseSeconds": 1}
    outcome = result_of(agent.wait_for_event(agent.create_event("Video_Start_recording", **asked)))
    continued = len(outcome["clips"]) - 1  # a machine that is held up loses the camera; then the film begins anew
    late = 1  # an end that is noticed late is a picture more
    assert 3 <= sum(clip["frames"] for clip in outcome["clips"]) <= 4 + continued + late
    assert outcome["seconds"] == pytest.approx(sum(clip["frames"] for clip in outcome["clips"]) / 25, abs=0.01)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "terminated"])
def test_a_lost_host_costs_a_segment_and_not_the_attempt(agent: AgentProcess, how: signal.Signals) -> None:
    with Live(agent.state / "api.sock") as live:
        key = agent.create_event("Video_Start_recording", camera="other", durationSeconds=4)
        wait_for(lambda: max(live.percents(key), default=0) >= 35, 10, "more than a second of recording")
        os.kill(host_of(agent, "other"), how)
        event = agent.wait_for_event(key)
    outcome = result_of(event)
    assert (event["eventStatus"], event["attemptNumber"]) == (COMPLETE, 1)
    assert len(outcome["clips"]) == 2
    assert outcome["seconds"] - outcome["preRollSeconds"] == pytest.approx(4, abs=0.3)
    assert any("a segment was cut" in note for note in outcome["notes"])
    assert any(note.startswith("no picture from ") for note in outcome["notes"])
    assert live.percents(key) == sorted(live.percents(key))


def test_an_event_wakes_the_sleeping_dispatcher(agent: AgentProcess) -> None:
    time.sleep(0.3)
    agent.wait_for_event(agent.create_event("Video_Test_stop"), timeout=1)
