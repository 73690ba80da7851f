"""Clips of clips and sound, shown on one real agent: from the request to the file, its row and its list."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes.agent_process import AgentProcess, result_of, running_agent, wait_for
from fakes.alsa import DEVICE, alsa_configuration, tone
from fakes.clips import assert_clips_are_whole, decoded_frames, sidecar_of
from fakes.live import Live
from fakes.microphone import sound_seconds

COMPLETE, ERROR, CANCELLED = 4, 5, 7
ALWAYS = {"startEpoch": 1, "endEpoch": 4_102_444_800}
CAMERAS: list[dict[str, Any]] = [
    {"id": "main", "name": "Main", "backend": "file"},
    {"id": "other", "name": "Other", "backend": "file"},
]


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AgentProcess]:
    folder = tmp_path_factory.mktemp("media-actions")
    sound = str(alsa_configuration(folder, tone(0, 48_000) * 20))
    options = {"CUELIGHT_CAMERAS": json.dumps(CAMERAS), "CUELIGHT_SOUND__MICROPHONE": DEVICE}
    with running_agent(folder, ALSA_CONFIG_PATH=sound, **options) as agent:
        for _ in range(2):
            agent.wait_for_event(agent.create_event("Video_Start_recording", durationSeconds=1.5))
        yield agent
        assert agent.stop() == 0
        assert_clips_are_whole(agent.media)
        assert not list(agent.media.rglob(".*.new"))
        assert "Traceback" not in agent.logged()


def recordings(agent: AgentProcess) -> list[dict[str, Any]]:
    """The video clips of type 1, oldest first."""
    query = {"startEpoch": 0, "endEpoch": 4_102_444_800, "count": 0, "order": "asc", "videoClipTypeID": 1}
    status, found = agent.request("POST", "/v1/videoclip/list", {"deviceID": 1, **query})
    assert status == 200, found
    clips: list[dict[str, Any]] = found
    return clips


def done(agent: AgentProcess, event_type: str, **parameters: Any) -> dict[str, Any]:
    """The result of an event that becomes Complete."""
    event = agent.wait_for_event(agent.create_event(event_type, **parameters), timeout=60)
    assert event["eventStatus"] == COMPLETE, event
    return result_of(event)


def test_the_clips_of_a_time_are_joined_into_one_that_is_listed(agent: AgentProcess) -> None:
    sources = recordings(agent)
    with Live(agent.state / "api.sock") as live:
        event = agent.wait_for_event(agent.create_event("Transcoding_Concatenate_files", **ALWAYS))
    result = result_of(event)
    assert (event["eventStatus"], result["copied"], result["sources"]) == (COMPLETE, True, len(sources))
    (clip,) = result["clips"]
    assert clip["frames"] == decoded_frames(agent.media / clip["file"]) == sum(map(frames_of(agent), sources))
    (indexed,) = agent.clips(event["key"])
    assert (indexed["file"], indexed["cameraID"], indexed["encoded"]) == (clip["file"], "main", False)
    listed = agent.request("GET", f"/v1/videoclip/{indexed['key']}")[1]
    assert listed["videoClipTypeID"] == 2
    assert json.loads(listed["videoClipParameters"])["files"] == [each["localFilePath"] for each in sources]
    assert len(recordings(agent)) == len(sources), "what was made is no recording, so it is not joined next time"
    assert live.percents(event["key"])[-1] == 100


def frames_of(agent: AgentProcess) -> Any:
    return lambda clip: sidecar_of(agent.media / clip["localFilePath"]).frames


def test_named_clips_are_joined_in_their_order(agent: AgentProcess) -> None:
    first, second, *_ = recordings(agent)
    named = [{"localFilePath": second["localFilePath"]}, {"key": first["key"]}]
    result = done(agent, "Transcoding_Concatenate_files_ext", videoClips=named, usevrs=True)
    assert result["notes"] == ["usevrs is not known here and was passed over"]
    made = json.loads(sidecar_of(agent.media / result["clips"][0]["file"]).made_by)
    assert made["files"] == [second["localFilePath"], first["localFilePath"]]


def test_a_time_is_extracted_exactly_when_that_is_asked_for(agent: AgentProcess) -> None:
    first = recordings(agent)[0]
    start = first["startTime"] + first["startTimeMs"] / 1000 + 0.25
    span = {"startEpoch": start, "endEpoch": start + 0.8}
    copied = done(agent, "Transcoding_Extract_video", **span)
    assert copied["copied"] is True
    assert any("s before the start asked for, at a key frame" in note for note in copied["notes"])
    exact = done(agent, "Transcoding_Extract_video", exact=True, **span)
    assert (exact["copied"], exact["coded"]) == (False, "an exact cut was asked for")
    assert exact["seconds"] == pytest.approx(0.8, abs=0.11)
    assert exact["clips"][0]["start"] != copied["clips"][0]["start"]


def test_a_clip_is_coded_anew_beside_itself(agent: AgentProcess) -> None:
    first = recordings(agent)[0]
    with_file = {"fileID": first["fileID"], "codec": "mjpeg", "fps": 5, "targetFile": "small"}
    result = done(agent, "Transcoding_Transcode_file", **with_file)
    (clip,) = result["clips"]
    assert clip["file"] == str(Path(first["localFilePath"]).parent / "small.mp4")
    sidecar = sidecar_of(agent.media / clip["file"])
    assert (sidecar.codec, sidecar.made, sidecar.encoded) == ("mjpeg", "transcoded", True)
    again = agent.wait_for_event(agent.create_event("Transcoding_Transcode_file", **with_file))
    assert (again["eventStatus"], result_of(again)["code"]) == (ERROR, "bad_parameter")
    assert decoded_frames(agent.media / clip["file"]) == clip["frames"], "what was there is not touched"


@pytest.mark.parametrize(
    ("kind", "parameters", "code", "says"),
    [
        ("Transcode_file", {}, "bad_parameter", "sourceFile"),
        ("Transcode_file", {"sourceFile": "../cuelight.db"}, "unknown_clip", "cuelight.db"),
        ("Transcode_file", {"fileID": 999}, "unknown_clip", "fileID"),
        ("Transcode_file", {"source": "main", "sourceFile": "x.mp4"}, "unknown_clip", "main/x.mp4"),
        ("Transcode_file", {"sourceFile": "x.mp4", "codec": "vp9"}, "bad_parameter", "h264 or mjpeg"),
        ("Transcode_file", {"sourceFile": "x.mp4", "targetFile": "../x"}, "bad_parameter", "targetFile"),
        ("Concatenate_files", {}, "bad_parameter", "endEpoch"),
        ("Concatenate_files", {"startEpoch": 1, "endEpoch": 2}, "no_footage", "1970-01-01"),
        ("Concatenate_files", {**ALWAYS, "itemTypeID": 41}, "bad_parameter", "itemTypeID is 41"),
        ("Concatenate_files", {**ALWAYS, "camera": "other"}, "no_footage", "Other"),
        ("Concatenate_files", {"videoClips": [{"key": 999}]}, "unknown_clip", "videoClips[0]"),
        ("Concatenate_files", {**ALWAYS, "uploadURL": "http://203.0.113.7/x?secret=1"}, "bad_parameter", "uploadURL"),
        ("Concatenate_files", {**ALWAYS, "timeout": "soon"}, "bad_parameter", "timeout"),
        ("Extract_video", {**ALWAYS, "codec": "copy", "exact": 1}, "bad_parameter", "exact"),
        ("Extract_video", {**ALWAYS, "codec": "copy", "fps": 5}, "bad_parameter", "fps"),
        ("Extract_video", {**ALWAYS, "codec": "vp9"}, "bad_parameter", "h264 or mjpeg"),
    ],
)
def test_what_cannot_be_made_says_why(
    agent: AgentProcess, kind: str, parameters: dict[str, Any], code: str, says: str
) -> None:
    event = agent.wait_for_event(agent.create_event(f"Transcoding_{kind}", **parameters))
    assert (event["eventStatus"], result_of(event)["code"]) == (ERROR, code)
    assert says in result_of(event)["message"]
    assert "secret" not in event["result"]


def test_an_end_leaves_nothing(agent: AgentProcess) -> None:
    before = sorted(agent.media.rglob("*"))
    key = agent.create_event("Transcoding_Extract_video", **ALWAYS, fps=240)
    wait_for(lambda: list(agent.media.rglob(".*.new")) or agent.event(key)["eventStatus"] > 3, 20, "the new file")
    end = agent.create_event("Device_End_process", eventID=key)
    assert result_of(agent.wait_for_event(end)) == {"ended": [key]}
    assert agent.event(key)["eventStatus"] == CANCELLED
    assert sorted(agent.media.rglob("*")) == before


def audio_clips(agent: AgentProcess) -> dict[str, dict[str, Any]]:
    """By the file's path."""
    query = {"deviceID": 1, "startEpoch": 0, "endEpoch": 4_102_444_800, "count": 0, "order": "asc"}
    status, found = agent.request("POST", "/v1/audioclip/list", query)
    assert status == 200, found
    return {clip["localFilePath"]: clip for clip in found}


def test_sound_is_recorded_for_its_time_and_listed(agent: AgentProcess) -> None:
    with Live(agent.state / "api.sock") as live:
        result = done(agent, "Audio_Start_recording", durationSeconds=1.5, encoding="aac", bitrateKbps=96)
    (sound,) = result["audioClips"]
    assert (sound["seconds"], result["endedBy"]) == (1.5, "duration")
    assert result["granted"] == {"encoding": "aac", "sample_rate": 48_000, "bitrate": 96_000, "microphone": DEVICE}
    assert sound_seconds(agent.media / sound["file"]) == pytest.approx(1.5, abs=0.1)
    listed = audio_clips(agent)[sound["file"]]
    assert (listed["fileSize"], listed["clipLengthInSeconds"]) == (sound["size"], 1.5)
    assert any(message["kind"] == "progress" for message in live.messages)


def test_one_sound_recording_at_a_time_until_it_is_stopped(agent: AgentProcess) -> None:
    first = agent.create_event("Audio_Start_recording", durationSeconds=0)
    wait_for(lambda: sounds(agent), 10, "the first bytes")
    second = agent.wait_for_event(agent.create_event("Audio_Start_recording", camera="other"))
    assert (second["eventStatus"], result_of(second)["code"]) == (ERROR, "already_active")
    assert f"event {first}" in result_of(second)["message"]
    stop = agent.create_event("Audio_Stop_recording")
    assert result_of(agent.wait_for_event(stop)) == {"stopped": [first]}
    event = agent.event(first)
    assert (event["eventStatus"], result_of(event)["endedBy"]) == (COMPLETE, f"event {stop} (Audio_Stop_recording)")
    assert result_of(event)["seconds"] > 0
    again = agent.wait_for_event(agent.create_event("Audio_Stop_recording"))
    assert (again["eventStatus"], result_of(again)["stopped"]) == (COMPLETE, [])


def test_a_recorder_that_is_lost_costs_a_second_and_the_rest_goes_into_another_file(agent: AgentProcess) -> None:
    before = sounds(agent)
    key = agent.create_event("Audio_Start_recording", durationSeconds=4)
    wait_for(lambda: any(each.stat().st_size > 9000 for each in sounds(agent) - before), 20, "a second of sound")
    os.kill(recorder_of(agent), signal.SIGKILL)
    event = agent.wait_for_event(key)
    result = result_of(event)
    assert event["eventStatus"] == COMPLETE
    assert [sound["recovered"] for sound in result["audioClips"]] == [True, False]
    assert result["seconds"] == pytest.approx(4.0, abs=0.05)
    assert "it went on in another file" in result["notes"][0]


def sounds(agent: AgentProcess) -> set[Path]:
    return set((agent.media / "sound").rglob("*.ogg"))


def recorder_of(agent: AgentProcess) -> int:
    children = Path(f"/proc/{agent.pid}/task/{agent.pid}/children").read_text().split()
    (found,) = [int(pid) for pid in children if b"record_sound" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    return found


@pytest.mark.parametrize(
    ("parameters", "says"),
    [({"encoding": "mp3"}, "opus, aac or flac"), ({"sampleRate": 44_100}, "48000"), ({"bitrateKbps": 1}, "6 to 256")],
)
def test_what_cannot_be_recorded_says_what_can(agent: AgentProcess, parameters: dict[str, Any], says: str) -> None:
    event = agent.wait_for_event(agent.create_event("Audio_Start_recording", **parameters))
    assert (event["eventStatus"], result_of(event)["code"]) == (ERROR, "bad_parameter")
    assert says in result_of(event)["message"]


def test_after_a_kill_the_rest_of_the_time_is_recorded_and_the_clip_made_once(agent: AgentProcess) -> None:
    begun = sounds(agent)
    sound = agent.create_event("Audio_Start_recording", max_attempts=2, durationSeconds=4)
    wait_for(lambda: sounds(agent) - begun, 10, "the first bytes")
    clip = agent.create_event("Transcoding_Extract_video", max_attempts=2, **ALWAYS, fps=240)
    wait_for(lambda: list(agent.media.rglob(".*.new")), 20, "the new file")
    agent.kill()
    agent.start()
    heard, seen = (agent.wait_for_event(key, timeout=60) for key in (sound, clip))
    assert [(event["eventStatus"], event["attemptNumber"]) for event in (heard, seen)] == [(COMPLETE, 2)] * 2
    result = result_of(heard)
    assert len(result["audioClips"]) == 2
    assert result["seconds"] == pytest.approx(4.0, abs=0.05)
    assert {each["file"] for each in result["audioClips"]} <= set(audio_clips(agent))
    assert [each["file"] for each in agent.clips(clip)] == [each["file"] for each in result_of(seen)["clips"]]
    assert len(agent.clips(clip)) == 1
