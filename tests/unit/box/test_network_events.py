"""Events about networks, volumes and queues through the real dispatcher and store; NetworkManager is the tests' own."""

import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.machine import Machine
from fakes.network_manager import FakeNetworkManager, network_manager, private_bus

from presets_store.protocol.statuses import EventStatus
from presets_store.sealing import Sealer

ADD, UPDATE, LIST = "Device_Add_network", "Device_Update_networks", "Device_Send_network_list"
SECRET = "correct horse battery"


@pytest.fixture
async def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeNetworkManager]:
    async with private_bus(tmp_path) as address, network_manager(address) as manager:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        yield manager


async def test_a_networks_password_is_nowhere_but_where_it_belongs(
    machine: Machine, manager: FakeNetworkManager, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    given = {"SSID": "Stage", "password": SECRET, "priority": 5, "key": 12, "alias": "The stage"}
    key = await machine.queue(ADD, given)
    assert SECRET not in (await machine.row(key)).event_parameters
    async with machine.agent():
        status, result = await machine.ended(key)
        assert (status, result) == (EventStatus.COMPLETE, {"sSID": "Stage", "alias": "The stage", "added": True})
        status, result = await machine.done(LIST)
    assert status is EventStatus.COMPLETE
    assert result["networks"] == [
        {
            "key": 12,
            "sSID": "Stage",
            "alias": "The stage",
            "securityType": "WPA-PSK",
            "priority": 5,
            "autoconnect": True,
            "active": False,
        }
    ]
    assert manager.secret_of("Stage") == SECRET
    assert SECRET not in caplog.text
    assert SECRET.encode() not in b"".join(file.read_bytes() for file in machine.folder.glob("*.db*"))


async def test_a_list_of_networks(machine: Machine, manager: FakeNetworkManager) -> None:
    async with machine.agent():
        for wanted in (["one", "two"], ["two", "three"]):
            status, result = await machine.done(UPDATE, [{"sSID": ssid, "password": SECRET} for ssid in wanted])
            assert status is EventStatus.COMPLETE
    assert result == {"added": ["three"], "updated": ["two"], "removed": ["one"], "kept": []}
    assert manager.secret_of("two") == SECRET


@pytest.mark.parametrize(
    ("kind", "parameters", "said"),
    [
        pytest.param(ADD, {"password": SECRET}, "sSID", id="no-ssid"),
        pytest.param(ADD, {"sSID": "s" * 33, "password": SECRET}, "32 bytes", id="long-ssid"),
        pytest.param(ADD, {"sSID": "Stage"}, "password", id="no-password"),
        pytest.param(ADD, {"sSID": "Stage", "password": "tiny"}, "8 to 63", id="short-password"),
        pytest.param(ADD, {"sSID": "Stage", "password": SECRET, "priority": 1000}, "priority", id="priority"),
        pytest.param(ADD, {"sSID": "S", "password": SECRET, "securityType": "WPA-EAP"}, "identity", id="eap"),
        pytest.param(UPDATE, {}, "networks", id="no-list"),
        pytest.param(UPDATE, [{"sSID": "S", "password": "tiny"}], "networks[0].password", id="member"),
        pytest.param(UPDATE, [{"sSID": "S", "password": SECRET}] * 2, "each SSID once", id="twice"),
        pytest.param("Device_Remove_network", {}, "sSID", id="remove-nothing"),
        pytest.param("Device_Set_output_volume", {}, "0 to 100", id="no-volume"),
        pytest.param("Device_Set_output_volume", {"value": 1, "percent": 2}, "0 to 100", id="two-volumes"),
        pytest.param("Device_Set_input_volume", {"volume": 101}, "at most 100", id="loud"),
        pytest.param("Device_Clear_flag_queue", {"flagQueueName": "outcomes"}, "logs", id="queue"),
    ],
)
async def test_what_cannot_be_done_names_the_field_and_no_secret(
    machine: Machine, kind: str, parameters: object, said: str
) -> None:
    async with machine.agent():
        status, result = await machine.done(kind, parameters)
    assert status is EventStatus.ERROR
    assert said in result["message"]
    assert SECRET not in json.dumps(result)
    assert "tiny" not in json.dumps(result)


async def test_without_networkmanager_an_event_says_so(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/none")
    async with machine.agent():
        status, result = await machine.done(LIST)
    assert (status, result["code"]) == (EventStatus.ERROR, "network_manager_absent")


async def test_a_password_that_cannot_be_opened_ends_its_event(machine: Machine, manager: FakeNetworkManager) -> None:
    key = await machine.queue(ADD, {"sSID": "Stage", "password": SECRET})
    await machine.store.services.secrets.reseal(
        Sealer(b"n" * 32, "11" * 8)
    )  # which cannot open what the old one sealed
    async with machine.agent():
        status, result = await machine.ended(key)
    assert (status, result["code"]) == (EventStatus.ERROR, "seal_broken")
    assert manager.saved == {}
