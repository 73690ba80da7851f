"""The commands about presets against a small server that answers like the agent."""

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fakes.agent_socket import DEVICE, AgentSocket, event, preset, problem, serving
from fakes.command_line import called, on_a_terminal, started

from presets_store.protocol.parameters import WORKFLOW

BOUND = DEVICE | {"deviceReadyEventPresetID": 2, "standaloneEventPresetID": 2}


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[AgentSocket]:
    async with serving(tmp_path / "api.sock") as fake:
        fake.presets = {1: preset(1, eventPresetName="Porch"), 2: preset(2, eventPresetName="Gate")}
        yield fake


async def test_the_list_marks_what_runs_at_the_start(agent: AgentSocket, tmp_path: Path) -> None:
    agent.answers["POST /v1/device/name"] = agent.answers["GET /v1/device/1"] = BOUND
    agent.devices = [BOUND]
    lines = (await called(tmp_path, "preset", "list")).out.splitlines()
    assert [line.split()[3:5] for line in lines[1:]] == [["-", "1"], ["online,", "standalone"]]
    listed = (await called(tmp_path, "preset", "list", "--json")).document
    assert [item["startup"] for item in listed] == [[], ["online", "standalone"]]
    assert "start       online, standalone\n" in (await called(tmp_path, "preset", "show", "Gate")).out


async def test_a_copy_tells_what_the_device_lacks(agent: AgentSocket, tmp_path: Path) -> None:
    copied = preset(3, eventPresetName="Porch") | {"warnings": ["No camera there has 1280x720."]}
    agent.answers["POST /v1/eventpreset/1/copy/1"] = copied
    ended = await called(tmp_path, "preset", "copy", "Porch", "box")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == ("preset 3 (Porch) on box is a copy of preset 1\nwarning: No camera there has 1280x720.\n")
    assert (await called(tmp_path, "preset", "copy", "1", "box", "--json")).document == copied


async def test_an_update_changes_only_what_is_named(agent: AgentSocket, tmp_path: Path) -> None:
    agent.presets[1]["eventParameters"] = '{"width": 640, "encoding": "copy"}'
    agent.answers["PUT /v1/eventpreset/1"] = None
    ended = await called(tmp_path, "preset", "update", "1", "--param", "width=1280", "--name", "Door")
    assert (ended.code, ended.err) == (0, "")
    asked, body = agent.sent.pop()
    assert asked == "PUT /v1/eventpreset/1"
    assert json.loads(body.pop("eventParameters")) == {"width": 1280, "encoding": "copy"}
    before = {name: value for name, value in agent.presets[1].items() if name != "eventParameters"}
    assert body == before | {"eventPresetName": "Door"}
    arguments = ("--params", "{}", "--type", "video_test_event", "--priority", "2", "--max-attempts", "5")
    await called(tmp_path, "preset", "update", "1", *arguments)
    body = agent.sent.pop()[1]
    assert (body["eventParameters"], body["eventTypeID"], body["agentTypeID"]) == ("{}", 7, 1)
    assert (body["priority"], body["maxAttempts"]) == (2, 5)


async def test_an_update_that_cannot_be_meant(agent: AgentSocket, tmp_path: Path) -> None:
    nothing = await called(tmp_path, "preset", "update", "1")
    assert (nothing.code, "names nothing to change" in nothing.err) == (2, True)
    unknown = await called(tmp_path, "preset", "update", "1", "--type", "Video_Start_recordng")
    assert (unknown.code, "Video_Start_recording" in unknown.err) == (2, True)
    unset = await called(tmp_path, "preset", "update", "1", "--unset", "width")
    assert (unset.code, "there are: none" in unset.err) == (2, True)
    assert agent.sent == []


async def test_deleting(agent: AgentSocket, tmp_path: Path) -> None:
    agent.answers["DELETE /v1/eventpreset/1"] = None
    bound = "Preset 2 runs at the standalone start of device 1."
    agent.answers["DELETE /v1/eventpreset/2"] = lambda: problem(409, "preset_bound", bound)
    assert (await called(tmp_path, "preset", "delete", "Porch")).out == "preset 1 (Porch) is deleted\n"
    refused = await called(tmp_path, "preset", "delete", "2")
    assert (refused.code, refused.err) == (3, f"cuelight: {bound}\n")


@pytest.mark.parametrize(("answer", "code", "sent"), [("y\n", 0, 1), ("n\n", 1, 0), ("\n", 1, 0)])
async def test_a_terminal_is_asked_before_deleting(
    agent: AgentSocket, tmp_path: Path, answer: str, code: int, sent: int
) -> None:
    agent.answers["DELETE /v1/eventpreset/1"] = None
    ended, text = await asyncio.to_thread(on_a_terminal, tmp_path, "preset", "delete", "1", answer=answer)
    assert "Delete preset 1 (Porch)? [y/N]" in text
    assert (ended, len(agent.sent)) == (code, sent)
    assert ("nothing was changed" in text) == (code == 1)


async def test_yes_is_not_asked(agent: AgentSocket, tmp_path: Path) -> None:
    agent.answers["DELETE /v1/eventpreset/1"] = None
    ended, text = await asyncio.to_thread(on_a_terminal, tmp_path, "preset", "delete", "1", "--yes")
    assert (ended, "?" in text) == (0, False)


async def test_a_run_on_several_devices(agent: AgentSocket, tmp_path: Path) -> None:
    agent.group_run = {"EventID": 5, "EventIDs": [5, 6], "GroupRunID": 5}
    ended = await called(tmp_path, "preset", "run", "1", "--on", "box", "--on", "ABC-1")
    assert [line.split(" is ")[0] for line in ended.out.splitlines()] == ["event 5", "event 6"]
    assert agent.sent == [("/v1/eventpreset/run/1", {"data": [1, 1]})]
    as_json = await called(tmp_path, "preset", "run", "1", "--on", "box", "--on", "ABC-1", "--json")
    assert as_json.document == {"eventID": 5, "eventIDs": [5, 6], "groupRunID": 5}
    agent.events = {5: event(5, eventStatus=4), 6: event(6, eventStatus=5)}
    watched = await called(tmp_path, "preset", "run", "1", "--on", "box", "--on", "ABC-1", "--watch")
    assert (watched.code, watched.out) == (1, "event 5 is Complete\nevent 6 is Error\n")


async def test_the_online_start(agent: AgentSocket, tmp_path: Path) -> None:
    agent.answers["POST /v1/eventpreset/startupevent/online/1"] = {"EventID": 0}
    ended = await called(tmp_path, "preset", "startup", "Porch", "--online")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("preset 1 (Porch) is bound as online: it runs each time its device starts and reaches")
    agent.answers["DELETE /v1/eventpreset/startupevent/online/device/1"] = {"EventID": 0}
    cleared = await called(tmp_path, "preset", "startup", "--clear", "online", "--json")
    assert cleared.document == {
        "deviceState": "online", "deviceID": 1, "presetID": 0, "eventID": 0, "eventStatus": None, "applied": True,
    }  # fmt: skip


async def test_a_standalone_preset_is_bound_when_the_device_has_it(agent: AgentSocket, tmp_path: Path) -> None:
    agent.answers["POST /v1/eventpreset/startupevent/standalone/1"] = {"EventID": 9}
    agent.answers["GET /v1/status"] = {"deviceID": 1}
    agent.events = {9: event(9, eventStatus=1)}
    process = await started(tmp_path, "preset", "startup", "1", "--standalone")
    assert process.stdout
    assert await process.stdout.readline() == b"event 9: Pending\n"
    await asyncio.wait_for(agent.listening.wait(), 20)
    await agent.tell("event", event(9, eventStatus=4))
    out, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert out.decode().splitlines()[-1].startswith("preset 1 (Porch) is bound as standalone and sealed on its device")


@pytest.mark.parametrize(
    ("own", "status", "code", "told", "applied"),
    [
        (1, 5, 1, "but the device did not take it up: event 9 is Error: no room", False),
        (1, 3, 1, "but not yet taken up: event 9 is Processing; follow it with: cuelight event watch 9", False),
        (2, 1, 0, "device 1 takes it up when it carries out event 9", None),
    ],
)
async def test_what_is_not_sealed_is_not_called_sealed(
    agent: AgentSocket, tmp_path: Path, own: int, status: int, code: int, told: str, applied: bool | None
) -> None:
    agent.answers["POST /v1/eventpreset/startupevent/standalone/1"] = {"EventID": 9}
    agent.answers["GET /v1/status"] = {"deviceID": own}
    agent.events = {9: event(9, eventStatus=status, result='{"message": "no room"}' if status == 5 else "")}
    arguments = ("preset", "startup", "1", "--standalone", "--wait", "0")
    ended = await called(tmp_path, *arguments)
    assert (ended.code, told in ended.out, "sealed" in ended.out) == (code, True, False)
    assert (await called(tmp_path, *arguments, "--json")).document["applied"] is applied


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("1",), "needs one of --online and --standalone: --online runs it"),
        (("1", "--online", "--standalone"), "needs one of"),
        ((), "needs a PRESET, or --clear"),
        (("1", "--clear", "online"), "--clear stands alone"),
        (("1", "--online", "--device", "box"), "--device goes with --clear only"),
    ],
)
async def test_a_start_that_is_not_clear(
    agent: AgentSocket, tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    ended = await called(tmp_path, "preset", "startup", *arguments)
    assert (ended.code, told in ended.err, agent.sent) == (2, True, [])


async def test_a_preset_goes_through_a_file(agent: AgentSocket, tmp_path: Path) -> None:
    agent.presets[1] |= {"eventParameters": '{"width": 640}', "priority": 4, "maxAttempts": 2, "tagString": "t"}
    file = tmp_path / "porch.json"
    ended = await called(tmp_path, "preset", "export", "Porch", str(file))
    assert (ended.code, ended.out) == (0, f"preset 1 (Porch) is in {file}\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["parameters"] == {"width": 640}
    again = await called(tmp_path, "preset", "export", "Porch", str(file))
    assert (again.code, again.err) == (3, f"cuelight: {file} is there already; --force replaces it\n")
    assert (await called(tmp_path, "preset", "export", "Gate", str(file), "--force")).code == 0
    assert json.loads(file.read_text())["name"] == "Gate"
    printed = await called(tmp_path, "preset", "export", "Porch")
    agent.answers["PUT /v1/eventpreset/3"] = None
    stored = await called(tmp_path, "preset", "import", "-", stdin=printed.out)
    assert (stored.code, stored.out) == (0, "preset 3 (Porch) is stored on box\n")
    (_, created), (_, tagged) = agent.sent
    assert created == {
        "eventPresetName": "Porch", "deviceID": 1, "deviceGroupID": 0, "eventType": "Video_Start_recording",
        "eventParameters": '{"width": 640}', "priority": 4, "maxAttempts": 2, "expirationEpoch": 0,
    }  # fmt: skip
    assert (tagged["key"], tagged["tagString"]) == (3, "t")


async def test_a_workflow_takes_its_presets_along(agent: AgentSocket, tmp_path: Path) -> None:
    steps = [
        {"deviceID": 0, "eventPresetID": 1},
        {"deviceID": 2, "eventPresetID": 2},
        {"deviceID": 1, "eventPresetID": 1},
    ]
    agent.presets[3] = preset(3, eventPresetName="Tour", eventTypeID=WORKFLOW, eventParameters=json.dumps(steps))
    agent.answers["GET /v1/device/2"] = DEVICE | {"key": 2, "serialNumber": "ABC-2"}
    exported = (await called(tmp_path, "preset", "export", "Tour")).document
    assert "parameters" not in exported
    assert [(step.get("device"), step["preset"]["name"]) for step in exported["steps"]] == [
        (None, "Porch"), ("ABC-2", "Gate"), (None, "Porch"),
    ]  # fmt: skip
    agent.any_event_type = True
    text = json.dumps(exported).replace("ABC-2", "ABC-1")
    stored = await called(tmp_path, "preset", "import", "-", stdin=text)
    assert stored.out == "preset 6 (Tour) is stored on box, with the presets of its steps: 4, 5\n"
    bodies = [body for _, body in agent.sent]
    assert [body["eventPresetName"] for body in bodies] == ["Porch", "Gate", "Tour"]
    linked = [(step["deviceID"], step["eventPresetID"]) for step in json.loads(bodies[-1]["eventParameters"])]
    assert linked == [(1, 4), (1, 5), (1, 4)]


async def test_a_workflow_that_no_file_can_tell(agent: AgentSocket, tmp_path: Path) -> None:
    for step, told in ((9, "step 1: There is no such record."), (3, "step 1 is a workflow itself")):
        parameters = json.dumps([{"deviceID": 1, "eventPresetID": step}])
        agent.presets[3] = preset(3, eventTypeID=WORKFLOW, eventParameters=parameters)
        ended = await called(tmp_path, "preset", "export", "3")
        assert (ended.code, ended.out, told in ended.err) == (3, "", True)


async def test_nothing_is_stored_of_a_file_with_a_fault(agent: AgentSocket, tmp_path: Path) -> None:
    member = {"name": "a", "eventType": "Video_Test_event"}
    steps = [{"preset": member}, {"device": "nowhere", "preset": member}]
    whole: dict[str, Any] = {"cuelightPreset": 1, "name": "x", "eventType": "33", "steps": steps}
    for text, told in (
        ("{", "the standard input is not JSON"),
        (json.dumps(whole | {"stepps": 1}), "stepps is not known here"),
        (json.dumps(whole), "steps[1].device is unknown (no device nowhere)"),
    ):
        ended = await called(tmp_path, "preset", "import", "-", stdin=text)
        assert (ended.code, told in ended.err, agent.sent) == (2, True, [])
    missing = await called(tmp_path, "preset", "import", str(tmp_path / "none.json"))
    assert (missing.code, "none.json cannot be read: No such file" in missing.err) == (1, True)


async def test_what_was_begun_is_taken_back(agent: AgentSocket, tmp_path: Path) -> None:
    steps = [{"preset": {"name": "a", "eventType": "Video_Start_recording"}}]
    whole = {"cuelightPreset": 1, "name": "x", "eventType": "Workflow_Event_preset_workflow", "steps": steps}
    agent.answers["DELETE /v1/eventpreset/3"] = None
    ended = await called(tmp_path, "preset", "import", "-", stdin=json.dumps(whole))  # workflows are refused there
    assert (ended.code, "No such event type" in ended.err) == (3, True)
    assert [asked for asked, _ in agent.sent] == ["/v1/eventpreset", "/v1/eventpreset", "DELETE /v1/eventpreset/3"]
