"""The commands about keys and the agent's state against a small server that answers like the agent."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fakes.agent_socket import AgentSocket, camera, event, serving
from fakes.command_line import called, on_a_terminal

KEY = {
    "key": 1,
    "appID": 0,
    "aPIKeyDescription": "the hub",
    "accessKey": "cL0BuEDeZRSJY0pUTmfWsA==",
    "secretKey": "",
    "status": "active",
    "lastAccessDate": None,
    "creationDate": "2026-07-01T10:00:00.000000Z",
}
SECRET = "s3cr3t" * 10
STATUS: dict[str, Any] = {
    "version": "cuelight 0.2.0",
    "serial": "10001234",
    "deviceID": 1,
    "deviceName": "porch",
    "mode": "standalone",
    "reason": "https://hub.example did not answer within 15 s",
    "bootID": "b",
    "startedDate": "2026-07-01T10:00:00.000000Z",
    "modeDate": "2026-07-01T10:00:15.000000Z",
    "startup": {
        "binding": "standalone", "presetID": 3, "presetName": "Porch", "eventID": 12, "source": "sealed cache",
        "note": "",
    },
    "upstream": {"url": "https://hub.example", "state": "unreachable", "reason": "refused",
                 "sinceDate": "2026-07-01T10:30:00.000000Z"},
    "outbox": {"waiting": 3, "oldestDate": "2026-07-01T09:00:00.000000Z", "reports": 0, "dropped": 0},
    "cameras": [camera(1)],
    "running": [event(12, eventStatus=3, percentComplete=42.0)],
    "streams": [],
    "clock": {"now": "2026-07-01T12:10:00.000000Z", "quality": "floor", "error": 0.0},
    "chain": {"links": 0, "key": ""},
    "media": {
            "folder": "/media", "freeBytes": 12_345_678_901, "usedBytes": 0, "protectedBytes": 0, "limitBytes": 0,
            "removed": 0, "lastRemoved": None, "fullSince": None, "unmet": [],
        },
    "incidents": [{"date": "2026-07-01T10:00:01.000000Z", "code": "damaged", "message": "\x1b[31mnew database"}],
}  # fmt: skip


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[AgentSocket]:
    async with serving(tmp_path / "api.sock") as fake:
        fake.answers["GET /v1/apikey/list"] = [KEY, KEY | {"key": 2, "accessKey": "other==", "status": "revoked"}]
        yield fake


async def test_status(agent: AgentSocket, tmp_path: Path) -> None:
    agent.answers["GET /v1/status"] = STATUS
    assert ": event 12\n" in (await called(tmp_path, "status")).out  # although the event's row is gone
    agent.events[12] = event(12, eventStatus=3)
    ended = await called(tmp_path, "status")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        "agent     cuelight 0.2.0 on porch (10001234), since 2026-07-01 12:00:00",
        "mode      standalone: https://hub.example did not answer within 15 s",
        "          since 2026-07-01 12:00:15",
        "start-up  preset 3 (Porch), bound as standalone, from the sealed cache: event 12 is Processing",
        "upstream  https://hub.example unreachable since 2026-07-01 12:30:00: refused",
        "outbox    3 reports wait, the oldest since 2026-07-01 11:00:00 (3 h)",
        "camera    Main camera (main) is open",
        "runs      event 12, Video_Start_recording, 42 %",
        "clock     2026-07-01 14:10:00, floor",
        "disk      12.3 GB free in /media, media take 0 B",
        "chain     not read yet",
        "incident  2026-07-01 12:00:01 damaged: \N{REPLACEMENT CHARACTER}[31mnew database",
    ]
    assert (await called(tmp_path, "status", "--json")).document == STATUS
    _, text = await asyncio.to_thread(on_a_terminal, tmp_path, "status", columns=80)
    assert "\x1b[1;33mstandalone" in text
    assert "\x1b[31mnew" not in text


async def test_status_without_an_agent(tmp_path: Path) -> None:
    assert (await called(tmp_path, "status")).code == 4


async def test_a_new_key_is_shown_with_its_secret(agent: AgentSocket, tmp_path: Path) -> None:
    agent.answers["POST /v1/apikey"] = KEY | {"secretKey": SECRET}
    ended = await called(tmp_path, "key", "create", "the hub")
    assert agent.sent == [("POST /v1/apikey", {"aPIKeyDescription": "the hub"})]
    assert f"access key   {KEY['accessKey']}\nsecret       {SECRET}\n" in ended.out
    assert "shown only now" in ended.out
    assert (await called(tmp_path, "key", "create", "x", "--json")).document["secretKey"] == SECRET


async def test_keys_are_listed(agent: AgentSocket, tmp_path: Path) -> None:
    assert (await called(tmp_path, "key", "list")).out.splitlines() == [
        "ID  access key                status   created     last used  description",
        " 1  cL0BuEDeZRSJY0pUTmfWsA==  active   2026-07-01  -          the hub",
        " 2  other==                   revoked  2026-07-01  -          the hub",
    ]


async def test_a_key_is_revoked_by_number_or_access_key(agent: AgentSocket, tmp_path: Path) -> None:
    agent.answers["DELETE /v1/apikey/1"] = None
    for named in ("1", str(KEY["accessKey"])):
        ended = await called(tmp_path, "key", "revoke", named)
        assert ended.out == f"access key {KEY['accessKey']} (the hub) is revoked\n"
    assert agent.sent == [("DELETE /v1/apikey/1", None)] * 2
    unknown = await called(tmp_path, "key", "revoke", "cL0")
    assert (unknown.code, "no access key is named 'cL0'" in unknown.err) == (3, True)
    declined, text = await asyncio.to_thread(on_a_terminal, tmp_path, "key", "revoke", "1", answer="n\n")
    assert (declined, f"Revoke access key {KEY['accessKey']} (the hub)? [y/N]" in text) == (1, True)
    assert len(agent.sent) == 2


async def test_rotation_is_of_one_key_or_of_the_seal(agent: AgentSocket, tmp_path: Path) -> None:
    agent.answers["POST /v1/apikey/1/rotate"] = KEY | {"key": 3, "secretKey": SECRET}
    agent.answers["POST /v1/sealkey/rotate"] = {"keyID": "0123456789abcdef", "resealed": 7}
    assert SECRET in (await called(tmp_path, "key", "rotate", "1")).out
    sealed = await called(tmp_path, "key", "rotate", "--seal")
    assert sealed.out == "the new seal key is 0123456789abcdef; 7 values are sealed with it anew\n"
    for arguments in ((), ("1", "--seal")):
        ended = await called(tmp_path, "key", "rotate", *arguments)
        assert (ended.code, "needs either a KEY" in ended.err) == (2, True)
    assert [asked for asked, _ in agent.sent] == ["POST /v1/apikey/1/rotate", "POST /v1/sealkey/rotate"]
