"""The unmodified third-party client's functions for groups, agents and fleets: values as stored, and no noise."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from actionstreamer.WebService import Agent as AgentCalls
from actionstreamer.WebService import Device as DeviceCalls
from actionstreamer.WebService import DeviceGroup as GroupCalls
from actionstreamer.WebService import DeviceHealth as HealthCalls
from actionstreamer.WebService import EventPreset as PresetCalls
from fakes.sdk import SdkClient
from fakes.served_store import SERIAL, ServedStore, served_store

from presets_store.clock import SystemClock


@pytest.fixture
async def store(tmp_path: Path, database_url: str) -> AsyncIterator[ServedStore]:
    """On the clock by which the client signs."""
    async with served_store(tmp_path, SystemClock(trusted=True), url=database_url) as served:
        yield served


@pytest.fixture
async def sdk(store: ServedStore) -> AsyncIterator[SdkClient]:
    client = SdkClient(store.root, store.client.key)
    yield client
    client.close()


async def quietly(sdk: SdkClient, function: Callable[..., Any], *arguments: Any) -> Any:
    result = await sdk(function, *arguments)
    assert sdk.printed == ""
    return result


async def test_groups_are_made_found_and_filled(store: ServedStore, sdk: SdkClient) -> None:
    made = (await quietly(sdk, GroupCalls.create_device_group, "Foyer ü")).device_group
    assert (made.collection_name, made.item_type.value) == ("Foyer ü", 9)
    by_name = (await quietly(sdk, GroupCalls.get_device_group, "Foyer ü")).device_group
    by_key = (await quietly(sdk, GroupCalls.get_device_group_by_id, made.key)).device_group
    assert by_name.key == by_key.key == made.key
    for _ in range(2):
        assert (await quietly(sdk, GroupCalls.add_device_to_group, made.key, store.device)).description == ""
    devices = await store.client.json("GET", f"/v1/devicegroup/{made.key}/device/list")
    assert [device["serialNumber"] for device in devices] == [SERIAL]
    assert "no device group 'Cellar'" in await sdk.refused(404, GroupCalls.get_device_group, "Cellar")
    assert "already" in await sdk.refused(409, GroupCalls.create_device_group, "Foyer ü")


async def test_a_preset_of_a_group_runs_on_its_devices(store: ServedStore, sdk: SdkClient) -> None:
    group = (await sdk(GroupCalls.create_device_group, "Foyer")).device_group.key
    body = {"deviceGroupID": group, "eventType": "Video_Stop_recording"}
    preset = (await store.client.json("POST", "/v1/eventpreset", body))["key"]
    assert "has no devices" in await sdk.refused(409, PresetCalls.run_event_preset, preset)
    await sdk(GroupCalls.add_device_to_group, group, store.device)
    answer = json.loads((await quietly(sdk, PresetCalls.run_event_preset, preset)).description)
    (event,) = await store.services.events.pending(store.device)
    assert (answer["EventID"], answer["EventIDs"], event.preset_key) == (event.key, [event.key], preset)


async def test_an_agent_registers(store: ServedStore, sdk: SdkClient) -> None:
    for process in (77, 78):
        answer = await quietly(sdk, AgentCalls.register_agent, SERIAL, "Video", "1.0", 0, process)
    agent = json.loads(answer.description)
    assert (agent["deviceID"], agent["processID"], agent["version"]) == (store.device, 78, "1.0")
    assert "did you mean" in await sdk.refused(400, AgentCalls.register_agent, SERIAL, "Vido", "1.0", 0, 1)


async def test_analytics_are_switched(store: ServedStore, sdk: SdkClient) -> None:
    answer = await quietly(sdk, DeviceCalls.set_device_run_analytics, store.device, 1)
    (event,) = await store.services.events.pending(store.device)
    assert json.loads(answer.description) == {"EventID": event.key}
    assert (await sdk(DeviceCalls.get_device, SERIAL)).device.run_analytics == 1


async def test_health_has_a_row_for_each_device(store: ServedStore, sdk: SdkClient) -> None:
    await store.client.json("POST", "/v1/device", {"serialNumber": "2", "deviceName": "Attic"})
    everywhere = (await quietly(sdk, HealthCalls.get_device_health_row_list, False)).device_health_row_list
    assert [(row.serial_number, row.device_status) for row in everywhere] == [(SERIAL, "online"), ("2", "offline")]
    online = (await quietly(sdk, HealthCalls.get_device_health_row_list, True)).device_health_row_list
    assert [row.device_name for row in online] == ["Lobby"]
