"""`cuelight setup`."""

import getpass
import sys
from collections.abc import Callable
from typing import Any

import typer

from agent.cli.cameras.finding import DevicesOption
from agent.cli.errors import BadParameters
from agent.cli.options import YesOption
from agent.cli.session import Session, session_of
from agent.cli.setting_up.applying import Plan, Present, apply, plan, present, require_way
from agent.cli.setting_up.asking import Dialogue
from agent.cli.setting_up.options import (
    CameraOption,
    CardOption,
    FileOption,
    MediaOption,
    NameOption,
    QuietOption,
    TokenOption,
    UpstreamOption,
    WifiOption,
    ZoneOption,
)
from agent.cli.setting_up.provisioning import provision, provisioning_file
from agent.cli.setting_up.restarting import restart
from agent.cli.setting_up.system_files import system_files
from agent.cli.setting_up.wanted import Wanted, wanted_of
from agent.setup.errors import NothingAsked
from presets_store.process.lifecycle import usable_places

SOURCE = "this set-up"

Say = Callable[[str], None]


def setup(
    context: typer.Context,
    name: NameOption = None,
    zone: ZoneOption = None,
    camera: CameraOption = None,
    media: MediaOption = None,
    upstream: UpstreamOption = None,
    token: TokenOption = False,
    wifi: WifiOption = None,
    sd_card: CardOption = None,
    file: FileOption = "",
    devices: DevicesOption = "/dev",
    quiet: QuietOption = False,
    yes: YesOption = False,
) -> None:
    """Say once what this device is: name, time zone, camera, upstream, network.

    Without options it asks. What is not told stays as it is; "" clears it. Secrets are never options: they are asked
    for, or read from standard input, a line each, the token first.
    """
    session = session_of(context)
    given = {"name": name, "zone": zone, "camera": camera, "media": media, "upstream": upstream, "sd_card": sd_card}
    given = {key: value for key, value in given.items() if value not in (None, [])}
    by_options = bool(given or token or wifi is not None)
    told: list[str] = []
    say: Say = told.append if quiet or session.output.as_json else session.output.line
    if file and by_options:
        raise BadParameters(given="--from FILE", problem="says everything: it goes with no other option")
    with usable_places():
        if file:
            _provision(session, file, say)
        else:
            now = present(session.config)
            require_way(now)
            wanted = _by_options(given, token=token, wifi=wifi) if by_options else _by_answers(now, devices)
            _carry_out(session, plan(now, wanted, SOURCE), say, yes=yes)
    if session.output.as_json:
        session.output.document({"told": told})


def _provision(session: Session, named: str, say: Say) -> None:
    file = provisioning_file(named)
    if provision(session.config, file, system_files(), say):
        say(restart(session))


def _carry_out(session: Session, planned: Plan, say: Say, *, yes: bool) -> None:
    if not planned.changes:
        say("nothing changes")
        return
    width = max(len(change.title) for change in planned.changes)
    for change in planned.changes:
        before = f"{change.before} -> " if change.before else ""
        say(f"  {change.title:<{width}}  {before}{change.after}")
    session.confirm("Do it?", yes=yes)
    for note in apply(planned, system_files()):
        say(note)
    say(restart(session))


def _by_options(given: dict[str, Any], *, token: bool, wifi: str | None) -> Wanted:
    if token:
        given["token"] = _secret("Token")
    if wifi is not None:
        given["wifi"] = {"ssid": wifi, "password": _secret(f"Password of {wifi}")}
    return wanted_of(SOURCE, given)


def _by_answers(now: Present, devices: str) -> Wanted:
    if not sys.stdin.isatty():
        raise NothingAsked
    system = system_files()
    sd_card = None if system is None else system.spares_card
    return Dialogue(now.settings, now.upper, devices, sd_card=sd_card).held()


def _secret(question: str) -> str:
    """One line, without an echo at a terminal."""
    line = getpass.getpass(f"{question}: ") if sys.stdin.isatty() else sys.stdin.readline()
    return line.strip()
