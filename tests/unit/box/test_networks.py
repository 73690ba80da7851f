"""The networks of the box, against a NetworkManager of the tests' own on a real bus."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from dbus_fast import Variant
from fakes.network_manager import FakeNetworkManager, network_manager, private_bus
from pydantic import SecretStr

from hardware.box.errors import NetworkInUse, NetworkManagerAbsent, NetworkRefused, NetworkUnknown
from hardware.box.network import Networks, metered, saved_networks, wireless
from hardware.box.wifi import WifiNetwork

SECRET = "correct horse battery"


def wifi(ssid: str, **fields: Any) -> WifiNetwork:
    return WifiNetwork(ssid=ssid, password=SecretStr(fields.pop("password", SECRET)), **fields)


@pytest.fixture
async def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    async with private_bus(tmp_path) as address:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        yield address


@pytest.fixture
async def manager(bus: str) -> AsyncIterator[FakeNetworkManager]:
    async with network_manager(bus) as manager:
        yield manager


async def test_a_network_is_saved_with_its_password_which_never_comes_back(
    manager: FakeNetworkManager, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    network = wifi("Stage", alias="The stage", priority=7, key=31)
    assert await Networks().add(network)
    (saved,) = await saved_networks()
    assert saved.model_dump() == {
        "ssid": "Stage",
        "alias": "The stage",
        "security": "WPA-PSK",
        "priority": 7,
        "autoconnect": True,
        "active": False,
        "ours": True,
        "key": 31,
    }
    assert manager.secret_of("Stage") == SECRET
    assert SECRET not in repr(network) + repr(saved) + caplog.text


@pytest.mark.parametrize(
    ("network", "kind", "more"),
    [
        pytest.param(wifi("a"), "wpa-psk", {"psk": SECRET}, id="psk"),
        pytest.param(wifi("a", security="WPA-PSK-SHA256"), "wpa-psk", {"psk": SECRET, "pmf": 3}, id="psk-sha256"),
        pytest.param(wifi("a", security="WPA-EAP", identity="anna"), "wpa-eap", {}, id="eap"),
    ],
)
async def test_each_kind_of_security_is_told_as_it_was_given(
    manager: FakeNetworkManager, network: WifiNetwork, kind: str, more: dict[str, Any]
) -> None:
    await Networks().add(network)
    kept = manager.of("a")
    section = {name: value.value for name, value in kept["802-11-wireless-security"].items()}
    assert section == {"key-mgmt": kind, **more}
    assert ("802-1x" in kept) == (kind == "wpa-eap")
    (saved,) = await saved_networks()
    assert saved.security == network.security


async def test_the_same_ssid_again_changes_what_is_saved_and_keeps_what_it_does_not_tell(
    manager: FakeNetworkManager,
) -> None:
    manager.save_by_hand("Stage")
    assert not await Networks().add(wifi("Stage", priority=3))
    kept = manager.of("Stage")
    assert (manager.secret_of("Stage"), kept["connection"]["uuid"].value) == (SECRET, "hand-Stage")
    assert kept["ipv4"]["dns-priority"].value == 7
    (saved,) = await saved_networks()
    assert (saved.priority, saved.ours) == (3, False), "what was saved by hand stays so"


async def test_from_eap_to_psk_nothing_of_the_old_user_stays(manager: FakeNetworkManager) -> None:
    await Networks().add(wifi("Stage", security="WPA-EAP", identity="anna"))
    await Networks().add(wifi("Stage"))
    assert "802-1x" not in manager.of("Stage")
    assert len(manager.saved) == 1


async def test_removal_by_ssid_or_alias(manager: FakeNetworkManager) -> None:
    networks = Networks()
    for ssid in ("one", "two", "three"):
        await networks.add(wifi(ssid, alias=f"the {ssid}"))
    assert await networks.remove(ssid="one") == ["one"]
    assert await networks.remove(alias="the two") == ["two"]
    with pytest.raises(NetworkUnknown):
        await networks.remove(ssid="three", alias="the two")
    assert manager.ssids() == ["three"]


async def test_the_own_link_is_not_cut_unless_forced(manager: FakeNetworkManager) -> None:
    networks = Networks()
    await networks.add(wifi("Stage"))
    manager.join(next(iter(manager.saved)))
    with pytest.raises(NetworkInUse, match="Stage"):
        await networks.remove(ssid="Stage")
    manager.primary = "/"
    with pytest.raises(NetworkInUse):  # no way out anywhere: then this may be the one that matters
        await networks.remove(ssid="Stage")
    assert await networks.remove(ssid="Stage", force=True) == ["Stage"]


async def test_a_wireless_link_beside_a_cable_may_go(manager: FakeNetworkManager) -> None:
    await Networks().add(wifi("Stage"))
    manager.join(next(iter(manager.saved)), primary=False)
    manager.join(manager.save_by_hand("cable", kind="802-3-ethernet"))
    assert await Networks().remove(ssid="Stage") == ["Stage"]


async def test_a_list_replaces_what_events_added_and_nothing_else(manager: FakeNetworkManager) -> None:
    networks = Networks()
    manager.save_by_hand("installer")
    manager.save_by_hand("cable", kind="802-3-ethernet")
    for ssid in ("old", "in use", "both"):
        await networks.add(wifi(ssid, password="the former one"))
    manager.join(next(path for path, kept in manager.saved.items() if kept["connection"]["id"].value == "in use"))
    replaced = await networks.replace([wifi("both"), wifi("new")])
    assert replaced.model_dump() == {"added": ["new"], "updated": ["both"], "removed": ["old"], "kept": ["in use"]}
    assert sorted(manager.ssids()) == ["both", "in use", "installer", "new"]
    assert manager.secret_of("both") == SECRET
    assert manager.secret_of("in use") == "the former one"


async def test_a_refusal_names_what_was_asked_and_no_secret(manager: FakeNetworkManager) -> None:
    manager.refuse = "AddConnection"
    with pytest.raises(NetworkRefused, match="'Stage': Insufficient privileges") as refused:
        await Networks().add(wifi("Stage"))
    assert SECRET not in str(refused.value)


async def test_metered_only_where_it_is_told(manager: FakeNetworkManager) -> None:
    told = {}
    for value in range(5):
        manager.metered = value
        told[value] = await metered()
    assert told == {0: False, 1: True, 2: False, 3: True, 4: False}


async def test_the_wireless_link_in_use(manager: FakeNetworkManager) -> None:
    assert await wireless() is None
    manager.access_point = {
        "Ssid": Variant("ay", "Bühne".encode()),
        "HwAddress": Variant("s", "02:00:00:00:00:01"),
        "Frequency": Variant("u", 5180),
        "Strength": Variant("y", 71),
    }
    link = await wireless()
    assert link is not None
    assert link.model_dump() == {
        "interface": "wlan0",
        "ssid": "Bühne",
        "bssid": "02:00:00:00:00:01",
        "frequency": 5180,
        "bitrate": 65.0,
        "strength": 71,
    }


async def test_without_networkmanager(bus: str) -> None:
    with pytest.raises(NetworkManagerAbsent, match="network-manager"):
        await saved_networks()
    assert not await metered()
    assert await wireless() is None


async def test_without_a_bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for address in (f"unix:path={tmp_path}/none", "nonsense", "nonsense:a=b"):
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        with pytest.raises(NetworkManagerAbsent):
            await Networks().add(wifi("Stage"))
        assert not await metered()


async def test_a_bus_that_goes_away_is_no_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with private_bus(tmp_path) as address:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        async with network_manager(address) as manager:
            manager.refuse = "none"
            assert not await saved_networks()
    with pytest.raises(NetworkManagerAbsent):
        await saved_networks()
