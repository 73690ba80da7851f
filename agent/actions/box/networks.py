"""Device_Add_network, Device_Remove_network, Device_Update_networks, Device_Send_network_list.

All may be repeated: what is saved already is changed to the same. So a kill between costs nothing.
"""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import SecretStr

from agent.context import Context
from agent.errors import BadParameter
from agent.running import ActionTraits, Parameters, Result
from hardware.box.wifi import SavedNetwork, WifiNetwork

LONGEST_SSID = 32
LARGEST_PRIORITY = 999

_PASSPHRASE = re.compile(r"[\x20-\x7e]{8,63}|[0-9A-Fa-f]{64}")
_TRAITS = ActionTraits(immediate=True, resumable=True)


class AddNetwork:
    """Saves a wireless network; the device joins it when it has no other connection."""

    traits: ClassVar = _TRAITS

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """Result: `{"sSID", "alias", "added": whether it is new}`. Raises BadParameter, NetworkRefused."""
        network = wanted_network(parameters)
        added = await context.box.networks.add(network)
        return {"sSID": network.ssid, "alias": network.alias or network.ssid, "added": added}


class RemoveNetwork:
    """Forgets a wireless network, never the one that carries the connection, unless `force` says so."""

    traits: ClassVar = _TRAITS

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """Result: `{"removed": [SSID]}`. Raises BadParameter, NetworkUnknown, NetworkInUse, NetworkRefused."""
        ssid, alias = parameters.get("sSID", ""), parameters.get("alias", "")
        if not (ssid or alias):
            raise BadParameter(field="sSID", wrong="", right="the SSID of a saved network, or its alias")
        force = parameters.get("force", False)
        return {"removed": await context.box.networks.remove(ssid=ssid, alias=alias, force=force)}


class UpdateNetworks:
    """Makes a list of networks those of the device; what was saved by hand stays."""

    traits: ClassVar = _TRAITS

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """Result: SSIDs `added`, `updated`, `removed`, `kept` (in use). Raises BadParameter, NetworkRefused."""
        networks = [wanted_network(given, f"networks[{index}].") for index, given in enumerate(parameters["networks"])]
        ssids = [network.ssid for network in networks]
        if len(set(ssids)) < len(ssids):
            raise BadParameter(field="networks", wrong=ssids, right="each SSID once")
        return (await context.box.networks.replace(networks)).model_dump()


class SendNetworkList:
    """Tells the networks that are saved."""

    traits: ClassVar = _TRAITS

    async def run(self, context: Context, parameters: Parameters) -> Result:  # noqa: ARG002 - it takes none
        """Result: `{"networks": [...]}`, see `told_network`. Raises NetworkManagerAbsent, NetworkRefused."""
        return {"networks": [told_network(network) for network in await context.box.networks.saved()]}


def told_network(network: SavedNetwork) -> dict[str, Any]:
    """A saved network on the wire, without any secret. `key` 0: it was saved by hand."""
    return {
        "key": network.key,
        "sSID": network.ssid,
        "alias": network.alias,
        "securityType": network.security,
        "priority": network.priority,
        "autoconnect": network.autoconnect,
        "active": network.active,
    }


def wanted_network(given: Mapping[str, Any], field: str = "") -> WifiNetwork:
    """The network that parameters describe; `field`: how they are named before the member. Raises BadParameter."""
    ssid, security = given.get("sSID", ""), given.get("securityType", "WPA-PSK")
    if not 1 <= len(ssid.encode()) <= LONGEST_SSID:
        raise BadParameter(field=f"{field}sSID", wrong=ssid, right=f"1 to {LONGEST_SSID} bytes")
    priority = given.get("priority", 0)
    if abs(priority) > LARGEST_PRIORITY:
        raise BadParameter(field=f"{field}priority", wrong=priority, right=f"-{LARGEST_PRIORITY} to {LARGEST_PRIORITY}")
    password = given.get("password", "")
    if security == "WPA-EAP":
        _require(bool(given.get("identity")), f"{field}identity", "the user of a WPA-EAP network")
        _require(bool(password), f"{field}password", "the password of that user")
    else:
        right = "8 to 63 ASCII characters, or the key as 64 hexadecimal digits"
        _require(_PASSPHRASE.fullmatch(password) is not None, f"{field}password", right)
    return WifiNetwork(
        ssid=ssid,
        alias=given.get("alias", ""),
        security=security,
        password=SecretStr(password),
        identity=given.get("identity", ""),
        priority=priority,
        key=given.get("key", 0),
    )


def _require(fits: bool, field: str, right: str) -> None:
    """Says nothing of what was given: it may be most of a secret."""
    if not fits:
        raise BadParameter(field=field, wrong="not usable", right=right)
