"""Another server than ours: its presets by their numbers, and its record of this device, which is followed."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from fakes.far_server import far_server
from fakes.served_store import SEALER, ServedStore

from agent.adjustable import AdjustableSettings
from agent.errors import UnknownSetting, UpstreamRefused
from agent.startup.elsewhere import PresetsElsewhere
from agent.startup.sealed import SealedState
from agent.upstream.client import SignedClient
from agent.upstream.credentials import Credentials
from agent.upstream.peer import Peer
from presets_store.protocol.event_types import find_event_type
from presets_store.protocol.parameters import WORKFLOW, read_workflow
from presets_store.protocol.startup import STANDALONE_SETTING
from presets_store.rules.startup import Order

RECORDING = find_event_type("Video_Start_recording").id
OTHER = find_event_type("Video_Test_event").id
SERIAL = "20001"


@dataclass
class Elsewhere:
    """A server that is not ours. `named` are the two bindings in its record of the device."""

    presets: dict[int, dict[str, Any]] = field(default_factory=dict)
    named: dict[str, int] = field(default_factory=dict)
    product: str = ""
    asked: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        if request.path == "/v1/version":
            return web.json_response({"Version": "1", "Product": self.product})
        if request.path == "/v1/device/name":
            assert await request.json() == {"deviceName": SERIAL}
            return web.json_response({"key": 900, "serialNumber": SERIAL, **self.named})
        preset = self.presets.get(int(request.path.rpartition("/")[2]))
        return web.Response(status=404) if preset is None else web.json_response(preset)

    def add(self, key: int, event_type_id: int, parameters: object = None, **members: Any) -> None:
        text = json.dumps(parameters if parameters is not None else {})
        self.presets[key] = {
            "key": key, "eventPresetName": f"preset {key}", "deviceID": 900, "eventTypeID": event_type_id,
            "eventParameters": text, "priority": 3, "maxAttempts": 2, **members,
        }  # fmt: skip


@dataclass
class Device:
    server: Elsewhere
    sealed: SealedState
    there: PresetsElsewhere
    settings: AdjustableSettings

    async def follow(self) -> None:
        await self.there.follow(self.settings)

    @property
    def kept(self) -> int:
        preset = self.sealed.standalone()
        return 0 if preset is None else preset.key

    async def told(self, value: object) -> Any:
        return await self.settings.change(STANDALONE_SETTING, json.dumps(value), foreign=True)


@pytest.fixture
async def device(store: ServedStore, tmp_path: Path) -> AsyncIterator[Device]:
    server = Elsewhere()
    sealed, _ = await SealedState.open(tmp_path / "sealed", SEALER)
    async with far_server(server.answer) as far:
        client = SignedClient(far.url, Credentials("key", "secret"), store.clock)
        there = PresetsElsewhere(client, Peer(client), sealed, SERIAL)
        settings = AdjustableSettings(sealed, store.services.startup, store.device, there.whole)
        yield Device(server, sealed, there, settings)
        await client.close()
    await sealed.close()


async def test_a_preset_named_by_its_number_is_fetched_and_kept(device: Device) -> None:
    device.server.add(77, RECORDING, {"durationSeconds": 5}, lastModifiedDate="2026-12-01T00:00:00Z")
    assert (await device.told(77))["presetID"] == 77
    kept = device.sealed.standalone()
    assert kept is not None
    assert (kept.event_preset_name, kept.event_type_id, kept.max_attempts) == ("preset 77", RECORDING, 2)
    assert json.loads(kept.event_parameters) == {"durationSeconds": 5}
    assert (kept.device_id, kept.revision > 0) == (0, True)


async def test_so_are_the_members_of_a_workflow(device: Device) -> None:
    device.server.add(5, WORKFLOW, [{"deviceID": 900, "eventPresetID": 6}, {"deviceID": 900, "eventPresetID": 7}])
    device.server.add(6, RECORDING, {"durationSeconds": 5})
    device.server.add(7, OTHER)
    await device.told(5)
    kept = device.sealed.standalone()
    assert kept is not None
    members = [step.preset for step in read_workflow(kept.event_parameters)]
    assert [member.event_type_id for member in members if member] == [RECORDING, OTHER]


@pytest.mark.parametrize("missing", ["the preset", "a member", "a workflow as a member"])
async def test_what_the_server_does_not_have_for_us_changes_nothing(device: Device, missing: str) -> None:
    device.server.add(1, RECORDING)
    await device.told(1)
    if missing != "the preset":
        device.server.add(5, WORKFLOW, [{"eventPresetID": 6}])
    if missing == "a workflow as a member":
        device.server.add(6, WORKFLOW, [])
    with pytest.raises(Exception) as refused:  # noqa: PT011  # told apart by their codes
        await device.told(5)
    assert getattr(refused.value, "code", "") in ("unknown_setting", "nested_workflow")
    assert device.kept == 1


@pytest.mark.parametrize("value", ["five", 1.5, True, [], None])
async def test_any_other_value_is_refused(device: Device, value: object) -> None:
    with pytest.raises(UnknownSetting):
        await device.told(value)


async def test_the_record_of_another_server_is_followed(device: Device) -> None:
    device.server.add(8, RECORDING)
    device.server.named = {"standaloneEventPresetID": 8}
    await device.follow()
    assert device.kept == 8
    device.server.add(9, OTHER)
    device.server.named = {"standaloneEventPresetID": 9}
    await device.follow()
    assert device.kept == 9
    device.server.named = {"standaloneEventPresetID": 0}
    await device.follow()
    assert device.kept == 0


async def test_a_record_that_names_none_clears_only_what_it_had_named(device: Device) -> None:
    device.server.add(1, RECORDING)
    await device.told({"key": 1, "eventTypeID": RECORDING})
    await device.follow()
    assert device.kept == 1


async def test_nor_what_was_bound_on_the_device_since(device: Device) -> None:
    device.server.add(8, RECORDING)
    device.server.named = {"standaloneEventPresetID": 8}
    await device.follow()
    own = {"key": 8, "uuid": "ours", "eventTypeID": RECORDING, "eventParameters": "{}"}
    await device.settings.change(STANDALONE_SETTING, json.dumps(own), foreign=False)
    device.server.named = {"standaloneEventPresetID": 0}
    await device.follow()
    assert device.kept == 8


async def test_our_own_hub_is_not_asked_for_its_record(device: Device) -> None:
    device.server.product = "cuelight"
    device.server.named = {"standaloneEventPresetID": 8}
    await device.follow()
    assert device.server.asked == ["/v1/version"]


async def test_a_server_without_such_a_preset_leaves_the_one_that_is_kept(device: Device) -> None:
    device.server.add(8, RECORDING)
    device.server.named = {"standaloneEventPresetID": 8}
    await device.follow()
    device.server.named = {"standaloneEventPresetID": 11}
    with pytest.raises(UnknownSetting, match="names preset 11"):
        await device.follow()
    assert device.kept == 8


async def test_what_is_bound_as_online_there(device: Device) -> None:
    assert await device.there.online() is None
    device.server.named = {"deviceReadyEventPresetID": 8}
    device.server.add(8, RECORDING, {"camera": "main"})
    assert await device.there.online() == Order(RECORDING, '{"camera": "main"}')


async def test_a_server_in_trouble_is_no_missing_preset(store: ServedStore, device: Device) -> None:
    async def broken(_: web.Request) -> web.Response:
        return web.Response(status=500)

    async with far_server(broken) as far:
        client = SignedClient(far.url, Credentials("key", "secret"), store.clock)
        with pytest.raises(UpstreamRefused):
            await PresetsElsewhere(client, Peer(client), device.sealed, SERIAL).whole(3)
        await client.close()
