"""The box's networks, which NetworkManager keeps: what is saved, what is changed, and the link in use.

It keeps the passwords itself, readable for root alone, and never gives them back. A network that is added is joined
when the device has no other: NetworkManager leaves no connection that works for one that is new.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

from dbus_fast import unpack_variants

from hardware.box.dbus import Service, system_service
from hardware.box.errors import (
    NetworkInUse,
    NetworkManagerAbsent,
    NetworkRefused,
    NetworkUnknown,
    ServiceAbsent,
    ServiceRefused,
)
from hardware.box.wifi import SavedNetwork, Settings, WifiNetwork, network_of, settings_for
from hardware.models import Model

NAME = "org.freedesktop.NetworkManager"
ROOT = "/org/freedesktop/NetworkManager"
SETTINGS = f"{NAME}.Settings"
SETTINGS_PATH = f"{ROOT}/Settings"
CONNECTION = f"{SETTINGS}.Connection"
ACTIVE = f"{NAME}.Connection.Active"
DEVICE = f"{NAME}.Device"
WIRELESS_DEVICE = f"{DEVICE}.Wireless"
ACCESS_POINT = f"{NAME}.AccessPoint"

_WIFI = 2
_ACTIVATED = 100
_METERED = (1, 3)
"""Yes, and guessed yes."""
_NOTHING = "/"
_UNKNOWN = ("org.freedesktop.DBus.Error.UnknownObject", "org.freedesktop.DBus.Error.UnknownMethod")


class Wireless(Model):
    """The wireless link in use. `frequency` in MHz, `bitrate` in Mbit/s, `strength` in percent; 0: not told."""

    interface: str
    ssid: str
    bssid: str
    frequency: int
    bitrate: float
    strength: int


class Replaced(Model):
    """What became of a list of networks, by SSID. `kept`: not on the list, but the device would be cut off."""

    added: list[str]
    updated: list[str]
    removed: list[str]
    kept: list[str]


@dataclass(frozen=True, slots=True)
class _Kept:
    """A saved wireless network where NetworkManager has it."""

    path: str
    settings: Settings
    network: SavedNetwork


class Networks:
    """Changes of the saved networks, one at a time. Each raises NetworkManagerAbsent, NetworkRefused."""

    def __init__(self) -> None:
        self._one_at_a_time = asyncio.Lock()

    async def saved(self) -> list[SavedNetwork]:
        """All wireless networks that are saved, the preferred ones first."""
        async with _manager("the list of networks") as manager:
            found = [kept.network for kept in await _kept(manager)]
        return sorted(found, key=lambda network: (-network.priority, network.alias))

    async def add(self, network: WifiNetwork) -> bool:
        """Saves the network; one with the same SSID is changed instead, and then the answer is False."""
        async with self._one_at_a_time, _manager(f"to add {network.ssid!r}") as manager:
            return await _save(manager, network, await _kept(manager))

    async def remove(self, *, ssid: str = "", alias: str = "", force: bool = False) -> list[str]:
        """Forgets what has this SSID and this alias (an empty one does not matter); the SSIDs.

        Raises NetworkUnknown, and NetworkInUse for one that carries the connection, unless with `force`.
        """
        async with self._one_at_a_time, _manager(f"to remove {ssid or alias!r}") as manager:
            found = [
                kept
                for kept in await _kept(manager)
                if ssid in ("", kept.network.ssid) and alias in ("", kept.network.alias)
            ]
            if not found:
                raise NetworkUnknown(network=ssid or alias)
            carrier = "" if force else await _carrier(manager)
            for kept in found:
                if kept.network.active and carrier in (_NOTHING, kept.path):
                    raise NetworkInUse(network=kept.network.ssid)
            for kept in found:
                await manager.call(kept.path, CONNECTION, "Delete")
            return [kept.network.ssid for kept in found]

    async def replace(self, networks: Sequence[WifiNetwork]) -> Replaced:
        """Saves these, and forgets what events had added and is none of them; what was saved by hand stays.

        The one that carries the connection stays in any case.
        """
        async with self._one_at_a_time, _manager("the list of networks") as manager:
            before = await _kept(manager)
            new = [network.ssid for network in networks if await _save(manager, network, before)]
            wanted = {network.ssid for network in networks}
            leaving = [kept for kept in before if kept.network.ours and kept.network.ssid not in wanted]
            carrier = await _carrier(manager)
            stay = [kept for kept in leaving if kept.network.active and carrier in (_NOTHING, kept.path)]
            gone = [kept for kept in leaving if kept not in stay]
            for kept in gone:
                await manager.call(kept.path, CONNECTION, "Delete")
        return Replaced(
            added=new,
            updated=[network.ssid for network in networks if network.ssid not in new],
            removed=[kept.network.ssid for kept in gone],
            kept=[kept.network.ssid for kept in stay],
        )


async def saved_networks() -> list[SavedNetwork]:
    """All wireless networks that are saved. Raises NetworkManagerAbsent, NetworkRefused."""
    return await Networks().saved()


async def metered() -> bool:
    """Whether what is sent costs money, as far as NetworkManager knows; False when that is not known."""
    try:
        async with system_service(NAME) as manager:
            told = await manager.properties(ROOT, NAME)
    except (ServiceAbsent, ServiceRefused):
        return False
    return told.get("Metered") in _METERED


async def wireless() -> Wireless | None:
    """The wireless link in use; None without one, or without NetworkManager."""
    try:
        async with system_service(NAME) as manager:
            for path in await manager.call(ROOT, NAME, "GetDevices") or []:
                device = await manager.properties(path, DEVICE)
                if device.get("DeviceType") == _WIFI and device.get("State") == _ACTIVATED:
                    return await _link(manager, path, device)
    except (ServiceAbsent, ServiceRefused):
        return None
    return None


async def _link(manager: Service, path: str, device: dict[str, Any]) -> Wireless | None:
    radio = await manager.properties(path, WIRELESS_DEVICE)
    point = radio.get("ActiveAccessPoint", _NOTHING)
    if point == _NOTHING:
        return None
    told = await manager.properties(point, ACCESS_POINT)
    return Wireless(
        interface=device.get("Interface", ""),
        ssid=bytes(told.get("Ssid", b"")).decode("utf-8", "replace"),
        bssid=told.get("HwAddress", ""),
        frequency=told.get("Frequency", 0),
        bitrate=radio.get("Bitrate", 0) / 1000,
        strength=told.get("Strength", 0),
    )


@asynccontextmanager
async def _manager(what: str) -> AsyncIterator[Service]:
    """NetworkManager; its errors become ours, with `what` was asked of it."""
    try:
        async with system_service(NAME) as manager:
            yield manager
    except ServiceAbsent as error:
        raise NetworkManagerAbsent(reason=error.fields["reason"]) from error
    except ServiceRefused as error:
        raise NetworkRefused(what=what, reason=error.fields["reason"]) from error


async def _kept(manager: Service) -> list[_Kept]:
    """The saved wireless networks."""
    active = await _active(manager)
    found = []
    for path in await manager.call(SETTINGS_PATH, SETTINGS, "ListConnections") or []:
        with _gone_meanwhile():
            settings: Settings = await manager.call(path, CONNECTION, "GetSettings") or {}
            network = network_of(unpack_variants(settings), active=path in active)
            if network is not None:
                found.append(_Kept(path, settings, network))
    return found


async def _active(manager: Service) -> set[str]:
    """The saved connections that are in use."""
    found = set()
    for path in (await manager.properties(ROOT, NAME)).get("ActiveConnections", []):
        with _gone_meanwhile():
            found.add((await manager.properties(path, ACTIVE)).get("Connection", _NOTHING))
    return found


@contextmanager
def _gone_meanwhile() -> Iterator[None]:
    """What was listed a moment ago may have been removed since."""
    try:
        yield
    except ServiceRefused as error:
        if error.fields["error"] not in _UNKNOWN:
            raise


async def _save(manager: Service, network: WifiNetwork, saved: Sequence[_Kept]) -> bool:
    """Adds the network, or changes the saved one of its SSID; whether it was added."""
    before = next((kept for kept in saved if kept.network.ssid == network.ssid), None)
    if before is None:
        await manager.call(SETTINGS_PATH, SETTINGS, "AddConnection", "a{sa{sv}}", settings_for(network))
        return True
    settings = settings_for(network, before.settings)
    await manager.call(before.path, CONNECTION, "Update", "a{sa{sv}}", settings)
    return False


async def _carrier(manager: Service) -> str:
    """The saved connection that has the way out; "/" when none has."""
    primary: str = (await manager.properties(ROOT, NAME)).get("PrimaryConnection", _NOTHING)
    if primary == _NOTHING:
        return _NOTHING
    connection: str = (await manager.properties(primary, ACTIVE)).get("Connection", _NOTHING)
    return connection
