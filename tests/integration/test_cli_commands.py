"""The command line against a small server that answers like the agent."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.agent_socket import AgentSocket, camera, clip, event, preset, serving
from fakes.command_line import called, started


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[AgentSocket]:
    async with serving(tmp_path / "api.sock") as fake:
        yield fake


async def test_a_preset_is_created_with_its_parameters(agent: AgentSocket, tmp_path: Path) -> None:
    ended = await called(
        tmp_path, "preset", "create", "Interview", "Video_Start_recording", "--params", '{"width": 1280}',
        "--param", "durationSeconds=10", "--param", "encoding=copy", "--device", "box", "--priority", "3",
    )  # fmt: skip
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "preset 1 (Interview) is stored; run it with: cuelight preset run 1\n"
    path, body = agent.sent[0]
    assert path == "/v1/eventpreset"
    parameters = json.loads(body.pop("eventParameters"))
    assert parameters == {"width": 1280, "durationSeconds": 10, "encoding": "copy"}
    assert body == {
        "eventPresetName": "Interview", "deviceID": 1, "deviceGroupID": 0, "eventType": "Video_Start_recording",
        "priority": 3, "maxAttempts": 1, "expirationEpoch": 0,
    }  # fmt: skip


async def test_a_refusal_is_told_in_the_agents_words(agent: AgentSocket, tmp_path: Path) -> None:
    ended = await called(tmp_path, "preset", "create", "x", "Video_Dance")
    assert (ended.code, ended.out) == (3, "")
    assert ended.err == ("cuelight: No such event type.\n  eventType: is unknown; expected: Video_Start_recording\n")
    ended = await called(tmp_path, "event", "show", "99", "--json")
    assert (ended.code, json.loads(ended.err)) == (3, {"error": "not_found", "message": "There is no event 99."})
    assert (await called(tmp_path, "camera", "list", "--device", "none")).code == 3


async def test_presets_are_found_by_name(agent: AgentSocket, tmp_path: Path) -> None:
    agent.presets = {1: preset(1, eventPresetName="Interview"), 2: preset(2, eventPresetName="Twice"), 3: preset(3)}
    agent.presets[3]["eventPresetName"] = "twice"
    ended = await called(tmp_path, "preset", "run", "interview", "--json")
    assert (ended.code, ended.document) == (0, {"eventID": 1})
    assert agent.sent == [("/v1/eventpreset/run/1", {})]
    assert "preset      1\n" in (await called(tmp_path, "preset", "show", "1")).out
    unclear = await called(tmp_path, "preset", "run", "Twice")
    assert (unclear.code, "2, 3" in unclear.err) == (3, True)
    unknown = await called(tmp_path, "preset", "run", "?")
    assert (unknown.code, "no preset is named '?'" in unknown.err) == (3, True)


async def test_lists_are_plain_aligned_text_in_a_pipe(agent: AgentSocket, tmp_path: Path) -> None:
    agent.events = {7: event(7, eventStatus=3, percentComplete=42.0, attemptNumber=1), 12: event(12)}
    agent.events[12]["result"] = json.dumps({"message": "no\x1b[31m camera"})
    agent.clips = [clip(1)]
    ended = await called(tmp_path, "event", "list")
    assert ended.out.splitlines() == [
        "ID  type                   status           try  created              outcome",
        "12  Video_Start_recording  Pending          0/3  2026-07-01 12:00:00  no\N{REPLACEMENT CHARACTER}[31m camera",
        " 7  Video_Start_recording  Processing 42 %  1/3  2026-07-01 12:00:00",
    ]
    assert "2:05 min  1.2 MB  closed" in (await called(tmp_path, "clip", "list", "--event", "7")).out
    assert (await called(tmp_path, "clip", "list", "--event", "8")).out == "no clips\n"
    assert "Main camera  open" in (await called(tmp_path, "camera", "list")).out
    assert "1280 x 720, 29.97 per second, h264" in (await called(tmp_path, "clip", "show", "1")).out


async def test_json_is_the_apis_own(agent: AgentSocket, tmp_path: Path) -> None:
    agent.events, agent.clips = {7: event(7)}, [clip(1)]
    assert (await called(tmp_path, "--json", "event", "list")).document == [event(7)]
    assert (await called(tmp_path, "event", "show", "7", "--json")).document == event(7) | {
        "eventID": 7, "clips": [clip(1)]
    }  # fmt: skip
    assert (await called(tmp_path, "camera", "list", "--json")).document == [camera(1)]
    assert (await called(tmp_path, "clip", "list", "--json")).document == [clip(1)]


async def test_running_and_watching_until_the_outcome(agent: AgentSocket, tmp_path: Path) -> None:
    agent.presets = {1: preset(1)}
    process = await started(tmp_path, "preset", "run", "1", "--watch")
    assert process.stdout
    assert await process.stdout.readline() == b"event 1: Pending\n"
    await asyncio.wait_for(agent.listening.wait(), 20)
    await agent.tell("event", event(1, eventStatus=3, attemptNumber=1))
    await agent.tell("progress", event(1, eventStatus=3, percentComplete=51.0, attemptNumber=1))
    result = json.dumps({"clips": [{"seconds": 9.9}]})
    await agent.tell("event", event(1, eventStatus=4, percentComplete=100.0, result=result))
    out, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    lines = out.decode().splitlines()
    assert lines[-2:] == ["event 1: Processing 50 %", "event 1 is Complete: 1 clip, 9.9 s"]


@pytest.mark.parametrize("status", [5, 6, 7])
async def test_an_event_that_failed_is_exit_code_1(agent: AgentSocket, tmp_path: Path, status: int) -> None:
    agent.events = {1: event(1, eventStatus=status)}
    ended = await called(tmp_path, "event", "watch", "1", "--json")
    assert (ended.code, ended.document["eventStatus"]) == (1, status)


async def test_ctrl_c_ends_only_the_watching(agent: AgentSocket, tmp_path: Path) -> None:
    agent.events = {1: event(1, eventStatus=3)}
    process = await started(tmp_path, "event", "watch", "1")
    await asyncio.wait_for(agent.listening.wait(), 20)
    assert process.stdout
    assert await process.stdout.readline() == b"event 1: Processing 0 %\n"
    process.send_signal(signal.SIGINT)
    out, _ = await process.communicate()
    assert (process.returncode, out) == (130, b"event 1 goes on; end it with: cuelight event cancel 1\n")
    assert agent.sent == []


async def test_cancel(agent: AgentSocket, tmp_path: Path) -> None:
    agent.events = {1: event(1), 2: event(2, eventStatus=3), 3: event(3, eventStatus=4)}
    assert (await called(tmp_path, "event", "cancel", "1")).out == "event 1 is Cancelled\n"
    assert "event 2 is asked to end" in (await called(tmp_path, "event", "cancel", "2")).out
    ended = await called(tmp_path, "event", "cancel", "3")
    assert (ended.code, ended.err) == (3, "cuelight: Event 3 has ended.\n")


async def test_doctor(agent: AgentSocket, tmp_path: Path) -> None:
    startup = {"binding": "", "eventID": 0, "note": ""}
    clock = {"now": "2026-07-01T12:00:00.000000Z"}
    agent.answers["GET /v1/status"] = {
        "mode": "online", "reason": "", "startup": startup, "incidents": [], "clock": clock,
        "media": {"fullSince": None, "unmet": []},
    }  # fmt: skip
    well = await called(tmp_path, "doctor", "--json")
    assert well.code == 0
    assert {item["check"]: item["verdict"] for item in well.document} | {"clock": "?"} == {
        "settings": "ok", "agent": "ok", "database": "ok", "media": "ok", "cameras": "ok", "clock": "?", "keys": "ok",
        "outbox": "ok", "start-up": "ok", "incidents": "ok", "set-up": "ok",
    }  # fmt: skip
    agent.cameras = [camera(1, state="stalled")]
    ill = await called(tmp_path, "doctor")
    assert ill.code == 5
    assert "cameras    broken   Main camera is stalled; check plug" in ill.out


async def test_doctor_looks_also_when_settings_and_agent_are_broken(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[api]\nprot = 1\n")
    ended = await called(tmp_path, "--config", str(config), "doctor", "--json")
    assert (ended.code, [item["check"] for item in ended.document]) == (5, ["settings"])
    assert "api.prot" in ended.document[0]["text"]
    (tmp_path / "settings.last-good.toml").write_text("")
    ended = await called(tmp_path, "--config", str(config), "doctor", "--json")
    verdicts = {item["check"]: item["verdict"] for item in ended.document}
    assert (ended.code, ended.err) == (5, "")
    assert (verdicts["settings"], verdicts["agent"], verdicts["cameras"]) == ("broken", "broken", "warning")
