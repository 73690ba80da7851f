"""What may stand where a line is being typed: what there is, and what a running agent has. Silent without it."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import typer

from agent.cli.client import AgentClient
from agent.cli.output import Output
from agent.cli.session import Session
from agent.setup.installed import settings_file
from presets_store.protocol.event_types import EVENT_TYPES
from presets_store.rules.scripts.analytics import ANALYSERS

PATIENCE = 0.5
"""Seconds that the agent may take: whoever presses the tab key waits."""

_PLAIN = re.compile(r"(?!\d+$)\w[\w.@%+,-]*")
"""Names that need no quotes in any shell, and are no ID and no option."""

_NOT_HARMLESS = re.compile(r"[^\w .,@%+/:-]")
"""What must not reach a shell: zsh evaluates what it is answered, and names come from peers."""

Candidate = tuple[str, str]
"""What may stand there, and a few words about it, which some shells show."""


def preset_names(context: typer.Context) -> list[Candidate]:
    """The presets of this device: by name where no shell needs quotes for it, else by ID."""
    return _asked(context, _presets)


def device_names(context: typer.Context) -> list[Candidate]:
    """The devices: by serial number where no shell needs quotes for it, else by ID."""
    return _asked(context, _devices)


def script_titles(context: typer.Context) -> list[Candidate]:
    """The scripts: by title where no shell needs quotes for it, else by ID."""
    return _asked(context, lambda session: _page(session, "/api/v1/scripts", "title"))


def script_events(context: typer.Context) -> list[Candidate]:
    """What scripts may wait for."""
    return _asked(context, _script_events)


def channel_names(context: typer.Context) -> list[Candidate]:
    """The channels: by name where no shell needs quotes for it, else by ID."""
    return _asked(context, lambda session: _page(session, "/api/v1/channels", "name"))


def case_names(context: typer.Context) -> list[Candidate]:
    """The analytic cases: by name where no shell needs quotes for it, else by ID."""
    return _asked(context, lambda session: _page(session, "/api/v1/analytic-cases", "name"))


def analytic_types() -> list[Candidate]:
    """What can be looked for."""
    return [(name, analyser.description) for name, analyser in ANALYSERS.items()]


def event_types() -> list[Candidate]:
    """The event types that are carried out here."""
    return [(kind.wire_name, kind.description) for kind in EVENT_TYPES.values() if kind.supported]


def _asked(context: typer.Context, find: Callable[[Session], Iterable[Candidate]]) -> list[Candidate]:
    config = context.find_root().params.get("config")
    try:
        session = Session(settings_file(config if isinstance(config, Path) else None), Output(as_json=False))
        session.client = AgentClient(session.settings.socket_path, PATIENCE)
        return list(find(session))
    except Exception:  # noqa: BLE001  # boundary: a traceback in the middle of a line that somebody types helps nobody
        return []


def _presets(session: Session) -> Iterable[Candidate]:
    for preset in session.presets(""):
        name = preset["eventPresetName"]
        yield _typed(name, preset), _harmless(f"{name}: {EVENT_TYPES[preset['eventTypeID']].wire_name}")


def _devices(session: Session) -> Iterable[Candidate]:
    for device in session.client.get("/v1/device/list"):
        yield _typed(device["serialNumber"], device), _harmless(device["deviceName"])


def _script_events(session: Session) -> Iterable[Candidate]:
    for event in session.client.get("/api/v1/basic-configurations")["events"]:
        yield event["name"], _harmless(event["description"])


def _page(session: Session, path: str, member: str) -> Iterable[Candidate]:
    """A screen that is full of them helps nobody: the first page is enough."""
    for record in session.client.get(path, {"page": 1, "per_page": 100})["data"]:
        yield _typed(record[member], record), _harmless(record[member])


def _harmless(text: str) -> str:
    return _NOT_HARMLESS.sub("?", text)


def _typed(name: str, record: dict[str, Any]) -> str:
    return name if _PLAIN.fullmatch(name) else str(record.get("key") or record["id"])
