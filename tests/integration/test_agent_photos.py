"""Photos, the test picture and a warm camera on a real agent with its camera hosts."""

import hashlib
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest
from fakes.agent_process import AgentProcess, host_of, result_of, running_agent, wait_for
from fakes.clips import assert_clips_are_whole, sidecar_of
from fakes.live import Live

from hardware.models import PhotoFile

PROCESSING, COMPLETE, ERROR, CANCELLED = 3, 4, 5, 7

START, STOP = "Image_Start_taking_photos", "Image_Stop_taking_photos"
TEST_PICTURE = "test picture"
BARS, WARM, RECORD = "Video_Start_bars", "Video_Start_camera_multiplex", "Video_Start_recording"

CAMERAS: list[dict[str, Any]] = [
    {"id": "main", "backend": "file"},
    {"id": "gone", "backend": "file", "address": "/nowhere.mp4", "wait_seconds": 1},
    {"id": "other", "backend": "file"},
    {"id": "warm", "backend": "file", "keep_warm": True},
]


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AgentProcess]:
    """One agent for all; some of the tests kill it and start it again."""
    with running_agent(tmp_path_factory.mktemp("photos"), CUELIGHT_CAMERAS=json.dumps(CAMERAS)) as agent:
        yield agent
        assert agent.stop() == 0
        assert_photos_are_whole(agent.media)
        assert_clips_are_whole(agent.media)
        assert "Traceback" not in agent.logged()


def photo_of(path: Path) -> PhotoFile:
    return PhotoFile.model_validate_json(path.with_name(path.name + ".json").read_bytes())


def photos(agent: AgentProcess, camera: str = "main") -> list[Path]:
    return sorted(path for path in agent.media.joinpath(camera).rglob("*.jpg") if not is_thumbnail(path))


def is_thumbnail(path: Path) -> bool:
    """Whether it is the small picture beside a clip."""
    return path.stem.endswith(".mp4")


def assert_photos_are_whole(folder: Path) -> None:
    """Every photo has a sidecar that tells the truth about it, and is a picture."""
    for path in (*folder.rglob("*.jpg"), *folder.rglob("*.png")):
        if is_thumbnail(path):
            continue
        sidecar, data = photo_of(path), path.read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (sidecar.size, sidecar.sha256), path
        with av.open(str(path)) as container:
            (frame,) = container.decode(video=0)
            assert (frame.width, frame.height) == (sidecar.width, sidecar.height)


def camera_state(agent: AgentProcess, camera: str) -> str:
    _, devices = agent.request("GET", "/v1/device/list")
    _, cameras = agent.request("GET", f"/v1/device/{devices[0]['key']}/cameras")
    return str(next(record["state"] for record in cameras if record["cameraID"] == camera))


def test_one_photo_completes_by_itself_and_is_not_older_than_its_request(agent: AgentProcess) -> None:
    requested_ns = time.monotonic_ns()
    event = agent.wait_for_event(agent.create_event(START, width=320, height=240, awb="sun", hdr="off"))
    assert event["eventStatus"] == COMPLETE, event
    outcome = result_of(event)
    assert outcome["asked"] == {"width": 320, "height": 240, "awb": "sun", "hdr": "off"}
    assert (outcome["count"], outcome["endedBy"]) == (1, "photo")
    assert any("awb=sun" in note and "hdr" not in note for note in outcome["notes"])
    (photo,) = outcome["photos"]
    path = agent.media / photo["file"]
    assert (path.stat().st_size, photo["sha256"]) == (photo["size"], hashlib.sha256(path.read_bytes()).hexdigest())
    sidecar = photo_of(path)
    assert sidecar.mono_ns >= requested_ns
    assert sidecar.context["event_key"] == str(event["key"])
    assert event["eventID"] == event["key"]


def test_a_warm_camera_gives_no_photo_from_before_the_request(agent: AgentProcess) -> None:
    for _ in range(5):
        requested_ns = time.monotonic_ns()
        event = agent.wait_for_event(agent.create_event(START, camera="warm", encoding="png", width=64, height=48))
        (photo,) = result_of(event)["photos"]
        assert photo["file"].endswith(".png")
        assert photo_of(agent.media / photo["file"]).mono_ns >= requested_ns


def test_photos_at_an_interval_end_at_their_duration(agent: AgentProcess) -> None:
    with Live(agent.state / "api.sock") as live:
        key = agent.create_event(START, intervalSeconds=0.5, durationSeconds=2, width=320)
        event = agent.wait_for_event(key)
        wait_for(lambda: live.percents(key)[-1:] == [100], 5, "the end to be told")
    assert (event["eventStatus"], result_of(event)["endedBy"]) == (COMPLETE, "duration")
    assert result_of(event)["count"] + result_of(event)["dropped"] == 4
    told = live.percents(key)
    assert told == sorted(told)
    assert any(0 < percent < 100 for percent in told)
    taken = [photo_of(agent.media / photo["file"]).mono_ns for photo in result_of(event)["photos"]]
    assert taken == sorted(taken)


@pytest.mark.parametrize(("how", "status"), [(STOP, COMPLETE), ("Device_End_process", CANCELLED)])
def test_photos_go_on_until_they_are_stopped_or_ended(agent: AgentProcess, how: str, status: int) -> None:
    key = agent.create_event(START, intervalSeconds=0.2, width=160)
    before = len(photos(agent))
    wait_for(lambda: len(photos(agent)) >= before + 3, 10, "three photos")
    second = agent.wait_for_event(agent.create_event(START))
    assert result_of(second)["code"] == "already_active"
    agent.wait_for_event(agent.create_event(how, **({} if how == STOP else {"eventID": key})))
    event = agent.event(key)
    assert event["eventStatus"] == status
    assert result_of(event)["count"] >= 3


def test_a_camera_that_is_not_there_is_an_error_after_its_time(agent: AgentProcess) -> None:
    event = agent.wait_for_event(agent.create_event(START, camera="gone"))
    assert (event["eventStatus"], result_of(event)["code"]) == (ERROR, "camera_unavailable")


def test_what_cannot_be_done_is_named(agent: AgentProcess) -> None:
    for wrong in ({"encoding": "gif"}, {"brightness": 7}):
        event = agent.wait_for_event(agent.create_event(START, **wrong))
        assert (event["eventStatus"], result_of(event)["code"]) == (ERROR, "bad_parameter")
        assert next(iter(wrong)) in result_of(event)["message"]


def test_a_lost_host_costs_no_photo_that_was_taken(agent: AgentProcess) -> None:
    key = agent.create_event(START, intervalSeconds=0.3, camera="other", width=160)
    wait_for(lambda: len(photos(agent, "other")) >= 2, 10, "two photos")
    os.kill(host_of(agent, "other"), signal.SIGKILL)
    before = len(photos(agent, "other"))
    wait_for(lambda: len(photos(agent, "other")) >= before + 2, 20, "photos of the next host")
    agent.wait_for_event(agent.create_event(STOP, camera="other"))
    event = agent.event(key)
    assert (event["eventStatus"], event["attemptNumber"]) == (COMPLETE, 1)
    assert result_of(event)["count"] == len(photos(agent, "other"))
    assert any("in a new host" in note for note in result_of(event)["notes"])


def test_a_photo_that_is_asked_for_while_there_is_no_host_is_taken_by_the_next(agent: AgentProcess) -> None:
    os.kill(host_of(agent, "other"), signal.SIGKILL)
    event = agent.wait_for_event(agent.create_event(START, camera="other"))
    assert (event["eventStatus"], result_of(event)["count"]) == (COMPLETE, 1)


def test_a_killed_interval_goes_on_and_counts_what_there_was(agent: AgentProcess) -> None:
    before = len(photos(agent))
    key = agent.create_event(START, max_attempts=2, intervalSeconds=0.3, width=160)
    wait_for(lambda: len(photos(agent)) >= before + 2, 10, "two photos")
    agent.kill()
    first = len(photos(agent)) - before
    agent.start()
    wait_for(lambda: len(photos(agent)) >= before + first + 2, 20, "photos of the next attempt")
    agent.wait_for_event(agent.create_event(STOP))
    event = agent.event(key)
    assert (event["eventStatus"], event["attemptNumber"]) == (COMPLETE, 2)
    assert result_of(event)["count"] == len(photos(agent)) - before


def test_bars_take_the_cameras_place_until_their_end_and_a_recording_goes_on(agent: AgentProcess) -> None:
    film = agent.create_event(RECORD, camera="other")
    wait_for(lambda: list(agent.media.joinpath("other").rglob("*.mp4")), 10, "the recording")
    key = agent.create_event(BARS, camera="other")
    wait_for(lambda: agent.event(key)["eventStatus"] == PROCESSING, 5, "the bars")
    wait_for(lambda: TEST_PICTURE in note_of_photo(agent), 10, "a photo of the bars")
    stop = agent.wait_for_event(agent.create_event("Video_Stop_bars", camera="other"))
    assert result_of(stop) == {"stopped": [key]}
    assert agent.event(key)["eventStatus"] == COMPLETE
    wait_for(lambda: TEST_PICTURE not in note_of_photo(agent), 10, "a photo of the camera")
    agent.wait_for_event(agent.create_event("Video_Stop_recording", camera="other"))
    clips = result_of(agent.event(film))["clips"]
    notes = [sidecar_of(agent.media / clip["file"]).note for clip in clips]
    assert len(clips) >= 3
    assert TEST_PICTURE in notes[1]
    assert TEST_PICTURE not in notes[0] + notes[-1]


def note_of_photo(agent: AgentProcess) -> str:
    event = agent.wait_for_event(agent.create_event(START, camera="other", width=64))
    return photo_of(agent.media / result_of(event)["photos"][0]["file"]).note


@pytest.mark.parametrize("how", ["duration", "kill"])
def test_the_camera_is_back_however_the_bars_end(agent: AgentProcess, how: str) -> None:
    key = agent.create_event(BARS, camera="other", **({"durationSeconds": 1} if how == "duration" else {}))
    wait_for(lambda: agent.event(key)["eventStatus"] == PROCESSING, 5, "the bars")
    if how == "kill":
        agent.kill()
        agent.start()
    event = agent.wait_for_event(key)
    assert event["eventStatus"] == (COMPLETE if how == "duration" else ERROR)
    wait_for(lambda: TEST_PICTURE not in note_of_photo(agent), 10, "a photo of the camera")


def test_a_multiplex_keeps_the_camera_open_until_its_end(agent: AgentProcess) -> None:
    key = agent.create_event(WARM, camera="other")
    wait_for(lambda: camera_state(agent, "other") == "open", 10, "the camera to open")
    time.sleep(1)
    requested_ns = time.monotonic_ns()
    film = agent.wait_for_event(agent.create_event(RECORD, camera="other", durationSeconds=0.5))
    assert sidecar_of(agent.media / result_of(film)["clips"][0]["file"]).first_mono_ns <= requested_ns
    assert agent.event(key)["eventStatus"] == PROCESSING
    agent.wait_for_event(agent.create_event("Device_End_process", eventID=key))
    assert agent.event(key)["eventStatus"] == CANCELLED
    wait_for(lambda: camera_state(agent, "other") == "closed", 10, "the camera to close")


def test_a_multiplex_beside_the_settings_leaves_their_wish(agent: AgentProcess) -> None:
    event = agent.wait_for_event(agent.create_event(WARM, camera="warm", durationSeconds=0.5))
    assert event["eventStatus"] == COMPLETE
    time.sleep(1)
    assert camera_state(agent, "warm") == "open"


def test_a_multiplex_of_a_camera_that_is_not_there_is_an_error_after_its_time(agent: AgentProcess) -> None:
    event = agent.wait_for_event(agent.create_event(WARM, camera="gone"))
    assert (event["eventStatus"], result_of(event)["code"]) == (ERROR, "camera_unavailable")
