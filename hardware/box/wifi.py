"""Wireless networks as NetworkManager keeps them: its settings from ours, and ours from its settings. Pure."""

import uuid
from collections.abc import Mapping
from typing import Any, Literal

from dbus_fast import Variant
from pydantic import SecretStr

from hardware.models import Model

WIRELESS = "802-11-wireless"
SECURITY = "802-11-wireless-security"
EAP = "802-1x"

Settings = dict[str, dict[str, Variant]]
"""A connection's settings as they go over the bus: `{section: {property: value}}`."""

SecurityType = Literal["WPA-PSK", "WPA-EAP", "WPA-PSK-SHA256"]

_KEY = "cuelight.key"
"""In the connection's user data: which network of whoever sent it this is. Only what we added has it."""

_PMF_REQUIRED = 3
"""Protected management frames are a must: then NetworkManager offers the SHA-256 forms alone."""

_OPEN = "open"
_TOLD = {"wpa-psk": "WPA-PSK", "wpa-eap": "WPA-EAP", "sae": "SAE"}


class WifiNetwork(Model):
    """A network to be kept. `key`: its number with whoever sends it, 0 without one.

    `identity` is the user of WPA-EAP (PEAP with MSCHAPv2). `password` never leaves this object in a text.
    """

    ssid: str
    alias: str = ""
    security: SecurityType = "WPA-PSK"
    password: SecretStr
    identity: str = ""
    priority: int = 0
    key: int = 0


class SavedNetwork(Model):
    """A network that is kept, without its secret. `ours`: an event added it. `security`: see `security_of`."""

    ssid: str
    alias: str
    security: str
    priority: int
    autoconnect: bool
    active: bool
    ours: bool
    key: int


def settings_for(network: WifiNetwork, before: Settings | None = None) -> Settings:
    """The settings to store. Of `before`, what is kept of the same network, all stays that is not told here."""
    settings = {section: dict(values) for section, values in (before or {}).items()}
    connection = settings.setdefault("connection", {"uuid": Variant("s", str(uuid.uuid4()))})
    connection |= {
        "id": Variant("s", network.alias or network.ssid),
        "type": Variant("s", WIRELESS),
        "autoconnect": Variant("b", True),
        "autoconnect-priority": Variant("i", network.priority),
    }
    wireless = settings.setdefault(WIRELESS, {"mode": Variant("s", "infrastructure")})
    wireless["ssid"] = Variant("ay", network.ssid.encode())
    settings.pop(EAP, None)
    settings |= _secured(network)
    data = dict(settings["user"]["data"].value) if "data" in settings.get("user", {}) else {}
    if before is None or _KEY in data:
        settings["user"] = {"data": Variant("a{ss}", {**data, _KEY: str(network.key)})}
    return settings


def _secured(network: WifiNetwork) -> Settings:
    secret = network.password.get_secret_value()
    if network.security == "WPA-EAP":
        peap = {
            "eap": Variant("as", ["peap"]),
            "phase2-auth": Variant("s", "mschapv2"),
            "identity": Variant("s", network.identity),
            "password": Variant("s", secret),
        }
        return {SECURITY: {"key-mgmt": Variant("s", "wpa-eap")}, EAP: peap}
    security = {"key-mgmt": Variant("s", "wpa-psk"), "psk": Variant("s", secret)}
    if network.security == "WPA-PSK-SHA256":
        security["pmf"] = Variant("i", _PMF_REQUIRED)
    return {SECURITY: security}


def network_of(settings: Mapping[str, Mapping[str, Any]], *, active: bool) -> SavedNetwork | None:
    """What plain (unpacked) settings keep; None for a connection of another kind."""
    connection = settings.get("connection", {})
    if connection.get("type") != WIRELESS:
        return None
    number = settings.get("user", {}).get("data", {}).get(_KEY)
    return SavedNetwork(
        ssid=bytes(settings.get(WIRELESS, {}).get("ssid", b"")).decode("utf-8", "replace"),
        alias=connection.get("id", ""),
        security=security_of(settings.get(SECURITY, {})),
        priority=connection.get("autoconnect-priority", 0),
        autoconnect=connection.get("autoconnect", True),
        active=active,
        ours=number is not None,
        key=int(number) if str(number).isdecimal() else 0,
    )


def security_of(section: Mapping[str, Any]) -> str:
    """The contract's word for it; `open` without any, NetworkManager's own word for what the contract does not know."""
    kind = section.get("key-mgmt")
    if kind == "wpa-psk" and section.get("pmf") == _PMF_REQUIRED:
        return "WPA-PSK-SHA256"
    return _TOLD.get(kind, kind) if kind else _OPEN
