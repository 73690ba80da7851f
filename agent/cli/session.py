"""What a command works with: the settings, the agent, the output."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from typer import Context

from agent.cli.client import AgentClient
from agent.cli.errors import Ambiguous, NothingNamed, Refused
from agent.cli.output import Output
from agent.settings import Settings, read_settings

NOT_FOUND = 404


@dataclass
class Session:
    """One run of the command line. Settings are read when a command first needs them."""

    config: Path | None
    output: Output

    @cached_property
    def settings(self) -> Settings:
        """Raises SettingsInvalid."""
        return read_settings(self.config)

    @cached_property
    def client(self) -> AgentClient:
        """The agent at the settings' socket."""
        return AgentClient(self.settings.socket_path)

    def device(self, named: str) -> dict[str, Any]:
        """The device with this serial number, name or ID; "" is the agent's own, which must then be the only one."""
        if named:
            return self._named_device(named)
        devices: list[dict[str, Any]] = self.client.get("/v1/device/list")
        if not devices:
            raise NothingNamed(what="device", name="own", hint="the agent knows none yet")
        if len(devices) > 1:
            known = ", ".join(f"{device['key']} ({device['deviceName']})" for device in devices)
            raise Ambiguous(name="no --device", what="devices", candidates=known)
        return devices[0]

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
