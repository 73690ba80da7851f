"""The command line and a real agent: what one says, the other does."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes.agent_process import AgentProcess, running_agent
from fakes.clips import decoded_frames
from fakes.command_line import Ended, called


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AgentProcess]:
    with running_agent(tmp_path_factory.mktemp("agent")) as running:
        yield running


async def told(agent: AgentProcess, *arguments: str, stdin: str = "") -> Any:
    """The document of a command that must succeed."""
    ended = await called(agent.state, *arguments, "--json", stdin=stdin)
    assert (ended.code, ended.err) == (0, ""), ended
    return ended.document


async def refused(agent: AgentProcess, *arguments: str, stdin: str = "") -> Ended:
    ended = await called(agent.state, *arguments, stdin=stdin)
    assert ended.code in (2, 3), ended
    return ended


async def created(agent: AgentProcess, name: str, *arguments: str) -> str:
    """The ID of a new preset."""
    preset = await told(agent, "preset", "create", name, "Video_Start_recording", *arguments)
    return str(preset["key"])


async def test_a_preset_is_changed_and_run_and_its_clip_exported(agent: AgentProcess, tmp_path: Path) -> None:
    key = await created(agent, "Changed", "--param", "durationSeconds=60")
    after = await told(agent, "preset", "update", "Changed", "--param", "durationSeconds=1", "--param", "encoding=copy")
    assert json.loads(after["eventParameters"]) == {"durationSeconds": 1, "encoding": "copy"}
    wrong = await refused(agent, "preset", "update", key, "--param", "rotationDegrees=45")
    assert "rotationDegrees" in wrong.err
    event = await told(agent, "preset", "run", key, "--on", "10001234", "--watch")
    assert event["eventStatus"] == 4
    clip = agent.clips(event["key"])[0]
    target = tmp_path / "plain.mp4"
    exported = await told(agent, "clip", "export", clip["clipUUID"], str(target))
    assert decoded_frames(target) == exported["frames"] == clip["frames"]


async def test_a_preset_comes_back_from_its_file(agent: AgentProcess, tmp_path: Path) -> None:
    key = await created(agent, "Filed", "--param", "durationSeconds=2", "--priority", "7", "--max-attempts", "3")
    file = tmp_path / "filed.json"
    await told(agent, "preset", "export", key, str(file))
    text = file.read_text().replace('"tagString": ""', '"tagString": "from a file"')
    stored = await told(agent, "preset", "import", "-", stdin=text)
    record = await told(agent, "preset", "show", str(stored["key"]))
    assert (record["priority"], record["maxAttempts"], record["tagString"]) == (7, 3, "from a file")
    assert stored["key"] != int(key)


async def test_a_workflow_comes_back_with_its_presets(agent: AgentProcess) -> None:
    members = [await created(agent, f"Member {number}", "--param", "durationSeconds=1") for number in (1, 2)]
    steps = json.dumps([{"deviceID": 1, "eventPresetID": int(member)} for member in members])
    workflow = await told(agent, "preset", "create", "Tour", "Workflow_Event_preset_workflow", "--params", steps)
    exported = await told(agent, "preset", "export", str(workflow["key"]))
    stored = await told(agent, "preset", "import", "-", stdin=json.dumps(exported | {"name": "Tour again"}))
    linked = [step["eventPresetID"] for step in json.loads(stored["eventParameters"])]
    assert linked == stored["members"]
    assert not set(linked) & set(map(int, members))
    before = await told(agent, "preset", "list")
    exported["steps"][1]["preset"]["parameters"] = {"rotationDegrees": 45}
    fault = await refused(agent, "preset", "import", "-", stdin=json.dumps(exported))
    assert "steps[1].preset.parameters.rotationDegrees" in fault.err
    assert await told(agent, "preset", "list") == before


async def test_a_copy_leaves_its_source(agent: AgentProcess) -> None:
    key = await created(agent, "Source", "--param", "durationSeconds=1", "--param", "camera=side")
    source = await told(agent, "preset", "show", key)
    copied = await told(agent, "preset", "copy", key, "10001234")
    assert copied["key"] != int(key)
    assert any("side" in warning for warning in copied["warnings"])
    assert await told(agent, "preset", "show", key) == source


async def test_start_up_bindings(agent: AgentProcess) -> None:
    key = await created(agent, "At the start", "--param", "durationSeconds=1")
    assert (await told(agent, "preset", "startup", key, "--online"))["applied"] is True
    bound = await told(agent, "preset", "startup", key, "--standalone")
    assert (bound["applied"], bound["eventStatus"]) == (True, 4)
    listed = {item["key"]: item["startup"] for item in await told(agent, "preset", "list")}
    assert listed[int(key)] == ["online", "standalone"]
    kept = await refused(agent, "preset", "delete", key)
    assert "  cuelight preset startup --clear online --device 1\n" in kept.err
    assert "  cuelight preset startup --clear standalone --device 1\n" in kept.err
    for state in ("online", "standalone"):
        assert (await told(agent, "preset", "startup", "--clear", state))["applied"] is True
    assert await told(agent, "preset", "delete", key) == {"key": int(key), "deleted": True}
    assert "event preset" in (await refused(agent, "preset", "show", key)).err


async def test_keys(agent: AgentProcess) -> None:
    pair = await told(agent, "key", "create", "for a test")
    assert pair["secretKey"]
    new = await told(agent, "key", "rotate", pair["accessKey"])
    assert new["secretKey"] not in ("", pair["secretKey"])
    assert new["aPIKeyDescription"] == "for a test"
    await told(agent, "key", "revoke", str(new["key"]))
    statuses = {key["accessKey"]: key["status"] for key in await told(agent, "key", "list")}
    assert (statuses[pair["accessKey"]], statuses[new["accessKey"]]) == ("revoked", "revoked")
    assert all(not key["secretKey"] for key in await told(agent, "key", "list"))
    sealed = await told(agent, "key", "rotate", "--seal")
    assert len(sealed["keyID"]) == 16
    assert (await told(agent, "key", "rotate", "--seal"))["keyID"] != sealed["keyID"]


async def test_status(agent: AgentProcess) -> None:
    record = await told(agent, "status")
    assert (record["serial"], record["mode"]) == ("10001234", "standalone")
    ended = await called(agent.state, "status")
    assert (ended.code, ended.err) == (0, "")
    titles = [line.split()[0] for line in ended.out.splitlines()]
    assert titles[:5] == ["agent", "mode", "since", "start-up", "upstream"]


async def test_the_document_is_the_served_one(agent: AgentProcess) -> None:
    status, served = agent.request("GET", "/openapi.json")
    assert status == 200
    assert await told(agent, "openapi") == served


async def test_a_further_device_is_made_known_and_listed(agent: AgentProcess) -> None:
    made = await told(agent, "device", "create", "20001111", "--name", "Attic")
    assert (made["serialNumber"], made["deviceName"]) == ("20001111", "Attic")
    unnamed = await told(agent, "device", "create", "20002222")
    assert unnamed["deviceName"] == "20002222"
    known = {device["serialNumber"]: device["deviceName"] for device in await told(agent, "device", "list")}
    assert {"20001111": "Attic", "20002222": "20002222"}.items() <= known.items()
    assert "10001234" in known
    again = await refused(agent, "device", "create", "20001111")
    assert "A device with the serial number 20001111 exists already" in again.err
    await told(agent, "preset", "copy", await created(agent, "For the attic"), "Attic")
