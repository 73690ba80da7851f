"""What a command works with: the settings, the agent, the output."""

import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typer import Context

from agent.cli.errors import Ambiguous, Declined, NothingNamed, Refused
from agent.cli.lazy import module_named
from agent.cli.output import Output
from agent.cli.text import clean

if TYPE_CHECKING:
    from agent.cli.client import AgentClient
    from agent.settings import Settings

NOT_FOUND = 404


@dataclass
class Session:
    """One run of the command line. Settings, and what reads them, are loaded when a command first needs them."""

    config: Path | None
    output: Output

    @cached_property
    def settings(self) -> "Settings":
        """Raises SettingsInvalid."""
        read: Settings = module_named("agent.setup.loading").read_settings(self.config)
        return read

    @cached_property
    def client(self) -> "AgentClient":
        """The agent at the settings' socket."""
        client: AgentClient = module_named("agent.cli.client").AgentClient(self.settings.socket_path)
        return client

    def device(self, named: str) -> dict[str, Any]:
        """The device with this serial number, name or ID; "" is the agent's own."""
        if named:
            return self._named_device(named)
        devices: list[dict[str, Any]] = self.client.get("/v1/device/list")
        if not devices:
            raise NothingNamed(what="device", name="own", hint="the agent knows none yet")
        if len(devices) == 1:
            return devices[0]
        own = self.client.get("/v1/status")["deviceID"]
        return next(device for device in devices if device["key"] == own)

    def presets(self, device: str) -> list[dict[str, Any]]:
        """The presets of a device, which is named as for `device`."""
        found: list[dict[str, Any]] = self.client.get(f"/v1/eventpreset/list/device/{self.device(device)['key']}")
        return found

    def preset_id(self, named: str) -> int:
        """The key of the preset with this ID, else with this name (case does not matter) on this device."""
        if named.isdecimal():
            return int(named)
        found = [preset for preset in self.presets("") if preset["eventPresetName"].casefold() == named.casefold()]
        if not found:
            raise NothingNamed(what="preset", name=named, hint="the names are in: cuelight preset list")
        if len(found) > 1:
            candidates = ", ".join(str(preset["key"]) for preset in found)
            raise Ambiguous(name=named, what="presets", candidates=candidates)
        return int(found[0]["key"])

    def preset(self, named: str) -> dict[str, Any]:
        """The preset's record; named as for `preset_id`."""
        found: dict[str, Any] = self.client.get(f"/v1/eventpreset/{self.preset_id(named)}")
        return found

    def confirm(self, question: str, *, yes: bool) -> None:
        """Asks whoever sits at a terminal; without one, and with `yes`, the answer is yes. Raises Declined."""
        if yes or not sys.stdin.isatty():
            return
        sys.stderr.write(f"{clean(question)} [y/N] ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().casefold() not in ("y", "yes"):
            raise Declined

    def _named_device(self, named: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = self.client.post("/v1/device/name", {"deviceName": named})
        except Refused as refused:
            if refused.status != NOT_FOUND or not named.isdecimal():
                raise
            found = self.client.get(f"/v1/device/{int(named)}")
        return found


def session_of(context: Context) -> Session:
    """The session that the command line's root made."""
    session = context.obj
    if not isinstance(session, Session):
        raise TypeError("a command was called without the root of the command line")
    return session
