"""`cuelight doctor`: all self-checks, and what to do about what they find."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from agent.checks import CHECKS, Check, Finding, NoAnswer, Subject, Verdict
from agent.checks.base import Ask, broken, warning
from agent.cli.client import AgentClient
from agent.cli.errors import AgentForbidden, AgentUnreachable, Refused
from agent.cli.exit_codes import ExitCode
from agent.cli.output import Fact, Output
from agent.cli.session import session_of
from agent.settings import Settings
from agent.setup.loading import load_settings, read_settings, require_mounted
from presets_store.process.errors import PlaceUnusable, SettingsInvalid

STYLES = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.BROKEN: "bold red"}


def doctor(context: typer.Context) -> None:
    """Check everything, and say what to do about it.

    Settings, set-up, agent, start-up, database, incidents, media folder, cameras, clock, keys and outbox.
    """
    session = session_of(context)
    findings = dict(_examine(session.config))
    _tell(session.output, findings)
    healthy = all(finding.verdict is not Verdict.BROKEN for finding in findings.values())
    raise typer.Exit(ExitCode.OK if healthy else ExitCode.UNHEALTHY)


def _examine(config: Path | None) -> Iterator[tuple[str, Finding]]:
    settings, problem = _settings(config)
    if settings is None:
        yield "settings", broken(f"{problem}\nCorrect them; the other checks need them.")
        return
    subject = Subject(settings, problem, _asking(AgentClient(settings.socket_path)))
    for name, check in CHECKS.items():
        yield name, _looked_at(check, subject)


def _settings(config: Path | None) -> tuple[Settings | None, str]:
    """The settings as given, or why they cannot be used and the last good ones, as the agent takes them."""
    try:
        settings = read_settings(config)
        require_mounted(settings)
    except (SettingsInvalid, PlaceUnusable) as error:
        problem = error.message
    else:
        return settings, ""
    try:
        return load_settings(config), problem
    except (SettingsInvalid, PlaceUnusable, OSError):
        return None, problem


def _asking(client: AgentClient) -> Ask:
    def ask(path: str) -> Any:
        try:
            return client.get(path)
        except (AgentUnreachable, AgentForbidden, Refused) as error:
            raise NoAnswer(error.message) from error

    return ask


def _looked_at(check: Check, subject: Subject) -> Finding:
    try:
        return check(subject)
    except PermissionError as error:
        return warning(f"this user may not look at {error.filename}; run the command as the agent's user")
    except Exception as error:  # noqa: BLE001  # boundary: one check that fails must not keep the others from their turn
        return broken(f"the check itself failed: {type(error).__name__}: {error}")


def _tell(output: Output, findings: dict[str, Finding]) -> None:
    document = [{"check": name, "verdict": found.verdict, "text": found.text} for name, found in findings.items()]
    facts = [
        Fact(name, found.text, mark=found.verdict, style=STYLES[found.verdict]) for name, found in findings.items()
    ]
    output.description(document, facts)
