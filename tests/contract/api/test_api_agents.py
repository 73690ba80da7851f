"""Agents register at their start, are shown, changed and forgotten."""

from typing import Any

from fakes.clock import ManualClock
from fakes.principals import client_of
from fakes.served_store import SERIAL, Answer, ServedStore

from presets_store.rules.permissions import Role, ScopeKind


async def register(store: ServedStore, serial: str = SERIAL, **fields: Any) -> dict[str, Any]:
    body = {"deviceName": serial, "agentType": "Video", "agentVersion": "1.0", "processID": 77, **fields}
    agent: dict[str, Any] = await store.client.json("POST", "/v1/agent", body)
    return agent


def said(answer: Answer, status: int) -> str:
    assert answer.status == status, answer.body
    detail: str = answer.json()["detail"]
    return detail


async def test_an_agent_registers_once_and_comes_up_to_date(store: ServedStore, clock: ManualClock) -> None:
    first = await register(store)
    assert (first["deviceID"], first["agentTypeID"], first["agentName"]) == (store.device, 1, "Video")
    clock.advance(60)
    again = await register(store, agentVersion="1.1", processID=99)
    assert again == {
        **first, "version": "1.1", "processID": 99, "lastHeardFromDate": again["lastHeardFromDate"],
    }  # fmt: skip
    assert again["lastHeardFromDate"] > first["lastHeardFromDate"]
    assert await store.client.json("GET", f"/v1/agent/{first['key']}") == again
    device = await store.client.json("GET", f"/v1/device/{store.device}")
    assert device["lastHeardFromDate"] == again["lastHeardFromDate"]
    assert (await register(store, agentIndex=1))["key"] != first["key"]
    assert (await register(store, agentType=11))["agentName"] == "Device"


async def test_an_agent_needs_a_device_and_a_type(store: ServedStore) -> None:
    body = {"deviceName": SERIAL, "agentType": "Vidio"}
    assert "did you mean Video" in said(await store.client.call("POST", "/v1/agent", body), 400)
    body = {"deviceName": "nobody", "agentType": "Video"}
    assert "'nobody'" in said(await store.client.call("POST", "/v1/agent", body), 404)


async def test_an_agent_is_changed_whole_and_member_by_member(store: ServedStore) -> None:
    agent = await register(store)
    path = f"/v1/agent/{agent['key']}"
    wanted = {**agent, "agentName": "Left", "currentEventID": 5, "recentOutput": "ok", "deviceID": 4711, "key": 9}
    answer = await store.client.call("PUT", path, wanted)
    assert (answer.status, answer.body) == (200, b"")
    shown = await store.client.json("GET", path)
    assert shown == {**agent, "agentName": "Left", "currentEventID": 5, "recentOutput": "ok"}
    patch = [
        {"operation": "", "fieldName": "AgentDescription", "value": "by the door"},
        {"operation": "", "fieldName": "CurrentEventID", "value": "0"},
    ]
    patched = await store.client.json("PATCH", path, patch)
    assert patched == {**shown, "agentDescription": "by the door", "currentEventID": 0}
    text = said(await store.client.call("PATCH", path, [{"fieldName": "agentName", "value": "x"}]), 400)
    assert "one of agentDescription, recentOutput, processID, currentEventID" in text


async def test_agents_are_listed_by_device_and_date(store: ServedStore, clock: ManualClock) -> None:
    other = (await store.client.json("POST", "/v1/device", {"serialNumber": "2", "deviceName": "Attic"}))["key"]
    first = await register(store)
    clock.advance(10)
    second = await register(store, "2")
    listed = await store.client.json("POST", "/v1/agent/list", {})
    assert [(agent["key"], agent["deviceName"], agent["agentType"]) for agent in listed] == [
        (second["key"], "Attic", "Video"),
        (first["key"], "Lobby", "Video"),
    ]

    async def keys(**query: Any) -> list[int]:
        return [agent["key"] for agent in await store.client.json("POST", "/v1/agent/list", query)]

    assert await keys(order="asc", count=1) == [first["key"]]
    assert await keys(deviceID=other) == [second["key"]]
    assert await keys(startDate=second["creationDate"]) == [second["key"]]
    assert await keys(endDate=first["creationDate"]) == [first["key"]]
    assert "no device 4711" in said(await store.client.call("POST", "/v1/agent/list", {"deviceID": 4711}), 404)


async def test_an_agent_is_forgotten_until_it_registers(store: ServedStore) -> None:
    agent = await register(store)
    path = f"/v1/agent/{agent['key']}"
    assert (await store.client.call("DELETE", path)).status == 200
    for method in ("GET", "DELETE"):
        assert "no agent" in said(await store.client.call(method, path), 404)
    assert (await register(store))["key"] > agent["key"]


async def test_a_device_registers_itself_and_no_other(store: ServedStore) -> None:
    await store.client.json("POST", "/v1/device", {"serialNumber": "2"})
    foreign = await register(store, "2")
    device = await client_of(store, Role.DEVICE, ScopeKind.DEVICE, store.device)
    own = await device.json("POST", "/v1/agent", {"deviceName": SERIAL, "agentType": "Video"})
    assert [agent["key"] for agent in await device.json("POST", "/v1/agent/list", {})] == [own["key"]]
    assert (await device.call("PUT", f"/v1/agent/{own['key']}", {"processID": 5})).status == 200
    for method, path, body in (
        ("POST", "/v1/agent", {"deviceName": "2", "agentType": "Video"}),
        ("POST", "/v1/agent", {"deviceName": "nobody", "agentType": "Video"}),
        ("PUT", f"/v1/agent/{foreign['key']}", {"processID": 5}),
        ("GET", f"/v1/agent/{foreign['key']}", None),
        ("GET", "/v1/agent/4711", None),
        ("DELETE", f"/v1/agent/{own['key']}", None),
        ("POST", "/v1/agent/list", {"deviceID": 2}),
    ):
        assert "needs the permission" in said(await device.call(method, path, body), 403), (method, path)
