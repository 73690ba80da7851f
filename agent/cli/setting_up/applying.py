"""Carries a set-up out: first whatever may be refused, and `setup.toml` last."""

import asyncio
import importlib
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.cli.client import AgentClient
from agent.cli.errors import AgentUnreachable, Refused
from agent.cli.setting_up.planning import Change, changes, planned, require_effective
from agent.cli.setting_up.system_files import SystemFiles, takes_root
from agent.cli.setting_up.wanted import Wanted, Wifi
from agent.enrolment.errors import EnrolmentOverruled
from agent.errors import UpstreamUnreachable
from agent.settings import Settings
from agent.setup.document import as_toml, write_setup
from agent.setup.errors import SetupFailed, SetupInvalid
from agent.setup.layers import Layer, combined, layer_of, read_layer
from agent.setup.loading import SETUP, require_mounted, setup_layer, state_folder_of
from agent.setup.owner import as_owner, may_write, of_another, seen_by_owner
from hardware.errors import HardwareError
from presets_store.process.errors import SettingsInvalid

KEEPING = "/v1/setup"
ENROLMENT = "/v1/upstream/enrolment"
ENROLMENT_WITHIN = 75.0
_LATER = (UpstreamUnreachable.code, EnrolmentOverruled.code)
"""What the running agent may say of a token that another one, under the new settings, does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """What is before the set-up. `upper`: the files that win over it; `values`: what `setup.toml` says."""

    settings: Settings
    upper: Sequence[Layer]
    values: dict[str, Any]

    @property
    def folder(self) -> Path:
        return self.settings.state_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What will be. `values`: what `setup.toml` will say."""

    present: Present
    wanted: Wanted
    settings: Settings
    values: dict[str, Any]

    @property
    def changes(self) -> list[Change]:
        """All that will be different, for people."""
        wanted = self.wanted
        more = [Change("token", "", "kept sealed when the upstream has taken it")] if wanted.token else []
        more += [Change("network", "", f"{wanted.wifi.ssid}, with its password")] if wanted.wifi else []
        if wanted.sd_card is not None:
            more.append(Change("journal", "", "in memory" if wanted.sd_card else "as the system has it"))
        return changes(self.present.settings, self.settings) + more


def present(config: Path | None) -> Present:
    """Raises SettingsInvalid, PlaceUnusable."""
    upper = [] if config is None else [read_layer(config)]
    folder = state_folder_of(upper)
    with seen_by_owner(folder):
        lower = setup_layer(folder / SETUP)
    settings = combined(Settings, [*upper, *lower])
    require_mounted(settings)
    return Present(settings=settings, upper=upper, values=lower[0].values if lower else {})


def plan(now: Present, wanted: Wanted, source: str) -> Plan:
    """Checks all that can be known before. `source`: who wants it. Raises SetupInvalid, SetupOverruled."""
    values = planned(now.values, wanted)
    layers = [*now.upper, layer_of(source, as_toml(values))]
    try:
        after = combined(Settings, layers)
    except SettingsInvalid as error:
        raise SetupInvalid(source=error.fields["source"], problems=error.fields["problems"]) from None
    require_effective(wanted, after, layers)
    if wanted.token is not None and not after.upstream.url:
        raise SetupInvalid(source=source, problems="  token: is of an upstream: say which")
    return Plan(present=now, wanted=wanted, settings=after, values=values)


def apply(plan: Plan, system: SystemFiles | None) -> list[str]:
    """Does it; what there is to tell besides.

    Raises SetupFailed, StateOfAnother, Refused; `setup.toml` is as before then.
    """
    wanted, folder = plan.wanted, plan.present.folder
    if wanted.sd_card is not None and system is None:
        raise SetupFailed(what="the journal", reason="that takes root, and the installed package")
    if wanted.media is not None and (takes_root() or not may_write(folder)):
        raise SetupFailed(what="the media folder", reason="that takes root")
    require_way(plan.present)
    if may_write(folder):
        with as_owner(folder):
            _require_writable(folder, "the state folder")
    notes = []
    if wanted.wifi is not None:
        notes.append(_save_network(wanted.wifi))
    if wanted.media:
        _make_media(Path(wanted.media), folder)
    if wanted.sd_card is not None and system is not None:
        system.spare_card(wanted.sd_card)
    if wanted.media is not None and system is not None:
        system.let_write(wanted.media)
    if wanted.token is not None:
        notes.append(_give_token(plan))
    if plan.values != plan.present.values:
        _keep(plan)
    return notes


def require_way(now: Present) -> None:
    """Who may not write the state folder needs an agent that does it. Raises StateOfAnother, AgentForbidden."""
    if not may_write(now.folder):
        try:
            AgentClient(now.settings.socket_path).get("/v1/version")
        except AgentUnreachable:
            raise of_another(now.folder) from None


def _keep(plan: Plan) -> None:
    folder = plan.present.folder
    if may_write(folder):
        with as_owner(folder):
            write_setup(folder, plan.values)
    else:
        body = {"settings": as_toml(plan.values)}
        AgentClient(plan.present.settings.socket_path).request("PUT", KEEPING, body)


def _require_writable(folder: Path, what: str) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise SetupFailed(what=f"{what} {folder}", reason=error.strerror or error) from error


def _make_media(media: Path, state: Path) -> None:
    """The folder is there, and whoever runs the agent can write to it."""
    try:
        if not media.exists():
            media.mkdir(parents=True)
            if os.geteuid() == 0:
                owner = state.stat()
                os.chown(media, owner.st_uid, owner.st_gid)
                media.chmod(0o750)
    except OSError as error:
        raise SetupFailed(what=f"the media folder {media}", reason=error.strerror or error) from error
    with as_owner(state):
        _require_writable(media, "the media folder")


def _save_network(wifi: Wifi) -> str:
    network, models = (importlib.import_module(f"hardware.box.{name}") for name in ("network", "wifi"))
    wanted = models.WifiNetwork(ssid=wifi.ssid, password=wifi.password)
    try:
        new = asyncio.run(network.Networks().add(wanted))
    except HardwareError as error:
        raise SetupFailed(what=f"the network {wifi.ssid}", reason=error) from error
    return f"the network {wifi.ssid} is {'saved' if new else 'changed'}; it is joined when there is no other"


def _give_token(plan: Plan) -> str:
    """To the agent that runs; if that cannot spend it now, it waits in the state folder for the next start."""
    awaited = importlib.import_module("agent.enrolment.awaited")
    token, url, folder = plan.wanted.token, plan.settings.upstream.url, plan.present.folder
    if token is None:
        raise TypeError("there is no token")
    body = {"url": url, "token": token.get_secret_value()}
    try:
        AgentClient(plan.present.settings.socket_path, ENROLMENT_WITHIN).post(ENROLMENT, body)
    except AgentUnreachable:
        pass
    except Refused as refused:
        if refused.problem not in _LATER:
            raise
    else:
        return f"this device is enrolled at {url}"
    with as_owner(folder):
        awaited.keep_token(folder, awaited.AwaitedToken(url, token))
    return f"the token is kept; the agent spends it when {url} answers"
