"""A NetworkManager of the tests' own on a private bus of the real dbus-daemon: what it keeps, tells and refuses."""

import asyncio
import copy
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

NAME = "org.freedesktop.NetworkManager"
ROOT = "/org/freedesktop/NetworkManager"

_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
</policy></busconfig>
"""

Settings = dict[str, dict[str, Variant]]
_SECRETS = {"802-11-wireless-security": ("psk",), "802-1x": ("password",)}


class Refusal(Exception):
    """What the service answers as an error: its name on the bus, and a text."""

    def __init__(self, error: str, text: str) -> None:
        super().__init__(text)
        self.error = error
        self.text = text


class FakeNetworkManager:
    """`saved`: settings with secrets by path; `active`: by the path of the active connection, what it is of.

    `refuse`: the method (`AddConnection`) that answers with NetworkManager's PermissionDenied.
    """

    def __init__(self) -> None:
        self.saved: dict[str, Settings] = {}
        self.active: dict[str, str] = {}
        self.primary = "/"
        self.metered = 0
        self.access_point: dict[str, Variant] = {}
        self.refuse = ""
        self.added = 0

    def save(self, settings: Settings) -> str:
        """Keeps a connection; its path."""
        self.added += 1
        path = f"{ROOT}/Settings/{self.added}"
        self.saved[path] = settings
        return path

    def save_by_hand(self, ssid: str, *, alias: str = "", kind: str = "802-11-wireless") -> str:
        """Keeps one as an installer would have made it."""
        named = {"id": Variant("s", alias or ssid), "type": Variant("s", kind), "uuid": Variant("s", f"hand-{ssid}")}
        fixed = {"method": Variant("s", "manual"), "dns-priority": Variant("i", 7)}
        secured = {"key-mgmt": Variant("s", "wpa-psk"), "psk": Variant("s", "by hand, long ago")}
        wireless = {"ssid": Variant("ay", ssid.encode()), "mode": Variant("s", "infrastructure")}
        sections = {"802-11-wireless": wireless, "802-11-wireless-security": secured}
        return self.save({"connection": named, "ipv4": fixed, **(sections if kind == "802-11-wireless" else {})})

    def join(self, path: str, *, primary: bool = True) -> None:
        """The connection is in use; `primary`: the way out goes through it."""
        active = f"{ROOT}/ActiveConnection/{len(self.active) + 1}"
        self.active[active] = path
        if primary:
            self.primary = active

    def secret_of(self, ssid: str) -> str:
        """The password that is kept for a network."""
        settings = self.of(ssid)
        section, (name,) = next((s, names) for s, names in reversed(_SECRETS.items()) if s in settings)
        return str(settings[section][name].value)

    def of(self, ssid: str) -> Settings:
        """The settings that are kept for a network."""
        return next(
            settings
            for settings in self.saved.values()
            if (named := settings.get("802-11-wireless", {}).get("ssid")) and named.value == ssid.encode()
        )

    def ssids(self) -> list[str]:
        return [
            bytes(settings["802-11-wireless"]["ssid"].value).decode()
            for settings in self.saved.values()
            if "802-11-wireless" in settings
        ]

    def answer(self, message: Message) -> Message | bool:
        """For the bus: an answer to a call of ours, else False."""
        if message.message_type is not MessageType.METHOD_CALL or not (message.path or "").startswith(ROOT):
            return False
        try:
            signature, body = self._call(message)
        except Refusal as refusal:
            return Message.new_error(message, refusal.error, refusal.text)
        return Message.new_method_return(message, signature, body)

    def _call(self, message: Message) -> tuple[str, list[Any]]:
        member = message.member or ""
        if member == self.refuse:
            raise Refusal(f"{NAME}.PermissionDenied", "Insufficient privileges")
        calls: dict[str, Callable[[str, list[Any]], tuple[str, list[Any]]]] = {
            "GetAll": self._properties,
            "GetDevices": lambda _path, _body: ("ao", [[f"{ROOT}/Devices/1", f"{ROOT}/Devices/2"]]),
            "ListConnections": lambda _path, _body: ("ao", [list(self.saved)]),
            "AddConnection": lambda _path, body: ("o", [self.save(_valid(body[0]))]),
            "GetSettings": lambda path, _body: ("a{sa{sv}}", [_without_secrets(self._kept(path))]),
            "Update": self._update,
            "Delete": self._delete,
        }
        return calls[member](message.path or "", message.body)

    def _kept(self, path: str) -> Settings:
        if path not in self.saved:
            raise Refusal("org.freedesktop.DBus.Error.UnknownMethod", f"Object does not exist at path {path!r}")
        return self.saved[path]

    def _update(self, path: str, body: list[Any]) -> tuple[str, list[Any]]:
        self._kept(path)
        self.saved[path] = _valid(body[0])
        return "", []

    def _delete(self, path: str, _body: list[Any]) -> tuple[str, list[Any]]:
        self._kept(path)
        del self.saved[path]
        for active in [active for active, of in self.active.items() if of == path]:
            del self.active[active]
            self.primary = "/" if self.primary == active else self.primary
        return "", []

    def _properties(self, path: str, body: list[Any]) -> tuple[str, list[Any]]:
        objects: dict[str, dict[str, dict[str, Variant]]] = {
            ROOT: {
                NAME: {
                    "ActiveConnections": Variant("ao", list(self.active)),
                    "PrimaryConnection": Variant("o", self.primary),
                    "Metered": Variant("u", self.metered),
                }
            },
            f"{ROOT}/Devices/1": {f"{NAME}.Device": {"DeviceType": Variant("u", 1), "State": Variant("u", 100)}},
            f"{ROOT}/Devices/2": self._radio(),
            f"{ROOT}/AccessPoint/1": {f"{NAME}.AccessPoint": self.access_point},
            **{
                active: {f"{NAME}.Connection.Active": {"Connection": Variant("o", of)}}
                for active, of in self.active.items()
            },
        }
        if path not in objects:
            raise Refusal("org.freedesktop.DBus.Error.UnknownMethod", f"Object does not exist at path {path!r}")
        return "a{sv}", [objects[path][body[0]]]

    def _radio(self) -> dict[str, dict[str, Variant]]:
        state, point = (100, f"{ROOT}/AccessPoint/1") if self.access_point else (30, "/")
        device = {"DeviceType": Variant("u", 2), "State": Variant("u", state), "Interface": Variant("s", "wlan0")}
        radio = {"ActiveAccessPoint": Variant("o", point), "Bitrate": Variant("u", 65_000)}
        return {f"{NAME}.Device": device, f"{NAME}.Device.Wireless": radio}


def _valid(settings: Settings) -> Settings:
    """As the real one looks at what it is given, as far as we may get it wrong."""
    connection = settings["connection"]
    assert connection["type"].value == "802-11-wireless"
    assert connection["uuid"].value
    secured = settings["802-11-wireless-security"]
    if secured["key-mgmt"].value == "wpa-psk" and not 8 <= len(secured["psk"].value) <= 64:
        raise Refusal(f"{NAME}.Settings.InvalidConnection", "802-11-wireless-security.psk: property is invalid")
    if secured["key-mgmt"].value == "wpa-eap":
        assert settings["802-1x"]["identity"].value
    return settings


def _without_secrets(settings: Settings) -> Settings:
    shown = copy.copy(settings)
    for section, names in _SECRETS.items():
        if section in shown:
            shown[section] = {name: value for name, value in shown[section].items() if name not in names}
    return shown


@asynccontextmanager
async def private_bus(folder: Path) -> AsyncIterator[str]:
    """A dbus-daemon of its own; its address."""
    socket = folder / "bus"
    configuration = folder / "bus.conf"
    configuration.write_text(_BUS.format(socket=socket))
    daemon = await asyncio.create_subprocess_exec(
        "dbus-daemon",
        "--nofork",
        "--nopidfile",
        "--print-address",
        f"--config-file={configuration}",
        stdout=asyncio.subprocess.PIPE,
    )
    assert daemon.stdout is not None
    try:
        async with asyncio.timeout(10):
            address = (await daemon.stdout.readline()).decode().strip()  # it listens by then
        assert address, "the daemon ended"
        yield address
    finally:
        with suppress(ProcessLookupError):
            daemon.terminate()
        await daemon.wait()


@asynccontextmanager
async def network_manager(address: str) -> AsyncIterator[FakeNetworkManager]:
    """It answers on the bus until the end."""
    manager = FakeNetworkManager()
    bus = await MessageBus(bus_address=address).connect()
    bus.add_message_handler(manager.answer)
    await bus.request_name(NAME)
    try:
        yield manager
    finally:
        bus.disconnect()
        await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
