"""`cuelight status`: what the agent does, and why."""

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from agent.cli.errors import Refused
from agent.cli.output import Fact, Record, status_name, status_style
from agent.cli.records import CAMERA_STYLES, MODE_STYLES, event_type_name
from agent.cli.session import session_of
from agent.cli.text import human_age, local_time, percent
from agent.setup.report import unfinished
from agent.sizes import human_size

UPSTREAM_STYLES = {"reached": "green", "unreachable": "yellow", "refused": "bold red"}
MANY_INCIDENTS = 5
"""So many of the newest incidents are told; --json has all."""


def status(context: typer.Context) -> None:
    """Show what the agent does, and why."""
    session = session_of(context)
    record = session.client.get("/v1/status")
    event = record["startup"]["eventID"]
    started = None
    if event and not session.output.as_json:
        with suppress(Refused):  # its row may be gone; all else is told all the same
            started = session.client.get(f"/v1/event/{event}")
    session.output.description(record, status_facts(record, started) + setup_facts(session.settings.state_folder))


def status_facts(record: Record, started: Record | None) -> list[Fact]:
    """The answer of `GET /v1/status`, described. `started`: the event of the start-up preset, where there is one."""
    return [
        Fact("agent", f"{record['version']} on {record['deviceName']} ({record['serial']}), {_since(record)}"),
        _mode(record),
        _startup(record["startup"], started),
        _upstream(record["upstream"]),
        _outbox(record["outbox"], record["clock"]["now"]),
        *[_camera(camera) for camera in record["cameras"]],
        *([_running(event) for event in record["running"]] or [Fact("runs", "nothing")]),
        *[_stream(stream) for stream in record["streams"]],
        _clock(record["clock"]),
        _disk(record["media"]),
        _chain(record["chain"]),
        *_incidents(record["incidents"]),
    ]


def setup_facts(folder: Path) -> list[Fact]:
    """What `cuelight setup` left undone, by the files in the state folder."""
    found = unfinished(folder)
    return [Fact("set-up", found, "yellow")] if found else []


def _stream(stream: Record) -> Fact:
    text = f"event {stream['eventID']}, {stream['camera']} to {stream['target']}: {stream['state']}"
    if stream["state"] == "live":
        text += f", {stream['bitrate'] / 1000:,.0f} kbit/s"
    if stream["reason"]:
        text += f" ({stream['reason']})"
    if stream["dropped"]:
        text += f", {stream['dropped']} frames dropped"
    return Fact("stream", text, "green" if stream["state"] == "live" else "yellow")


def _since(record: Record) -> str:
    return f"since {local_time(record['startedDate'])}"


def _mode(record: Record) -> Fact:
    text = f"{record['mode']}: {record['reason']}\nsince {local_time(record['modeDate'])}"
    return Fact("mode", text, MODE_STYLES.get(record["mode"], ""))


def _startup(startup: dict[str, Any], event: Record | None) -> Fact:
    if not startup["binding"]:
        return Fact("start-up", startup["note"] or "no preset is bound")
    text = f"preset {startup['presetID']} ({startup['presetName']}), bound as {startup['binding']}"
    if startup["source"]:
        text += f", from the {startup['source']}"
    if startup["eventID"]:
        text += f": event {startup['eventID']}"
    if event is not None:
        text += f" is {status_name(event['eventStatus'])}"
    if startup["note"]:
        text += f"\n{startup['note']}"
    return Fact("start-up", text, status_style(event["eventStatus"]) if event else "")


def _upstream(upstream: dict[str, Any]) -> Fact:
    if not upstream["url"]:
        return Fact("upstream", "none: nothing leaves the device")
    text = f"{upstream['url']} {upstream['state']} since {local_time(upstream['sinceDate'])}"
    text += f": {upstream['reason']}" if upstream["reason"] else ""
    return Fact("upstream", text, UPSTREAM_STYLES.get(upstream["state"], ""))


def _outbox(outbox: dict[str, Any], now: str) -> Fact:
    waiting, rest = outbox["waiting"], _of_reports(outbox)
    if not waiting:
        return Fact("outbox", f"empty{rest}", "yellow" if outbox["dropped"] else "")
    words = "1 report waits" if waiting == 1 else f"{waiting} reports wait, the oldest"
    age = _age(outbox["oldestDate"], now)
    since = f"{words} since {local_time(outbox['oldestDate'])}" + (f" ({age})" if age else "")
    return Fact("outbox", since + rest, "yellow")


def _of_reports(outbox: dict[str, Any]) -> str:
    """What waits, and was dropped, of health and log messages; "" for nothing."""
    parts = [f"{outbox['reports']} health and log messages wait"] if outbox["reports"] else []
    parts += [f"{outbox['dropped']} were dropped for want of room"] if outbox["dropped"] else []
    return f"; {', '.join(parts)}" if parts else ""


def _age(date: str | None, now: str) -> str:
    """How long ago `date` was by the agent's clock; "" when that clock was set back since."""
    try:
        seconds = (_moment(now) - _moment(date or now)).total_seconds()
    except ValueError:
        return ""
    return human_age(seconds) if seconds > 0 else ""


def _moment(wire: str) -> datetime:
    date = datetime.fromisoformat(wire)
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _camera(camera: Record) -> Fact:
    name = camera["name"] if camera["name"] == camera["cameraID"] else f"{camera['name']} ({camera['cameraID']})"
    return Fact("camera", f"{name} is {camera['state'] or 'not known yet'}", CAMERA_STYLES.get(camera["state"], ""))


def _running(event: Record) -> Fact:
    done = f", {percent(event['percentComplete'])}" if event["percentComplete"] else ""
    return Fact("runs", f"event {event['key']}, {event_type_name(event)}{done}", status_style(event["eventStatus"]))


def _clock(clock: dict[str, Any]) -> Fact:
    trusted = clock["quality"] in ("synchronised", "upstream")
    within = f", within {clock['error']:.1f} s" if clock["error"] else ""
    return Fact("clock", f"{local_time(clock['now'])}, {clock['quality']}{within}", "" if trusted else "yellow")


def _chain(chain: dict[str, Any]) -> Fact:
    text = f"{chain['links']} links, signed with the key {chain['key']}" if chain["key"] else "not read yet"
    return Fact("chain", text)


def _disk(media: dict[str, Any]) -> Fact:
    text = f"{human_size(media['freeBytes'])} free in {media['folder']}, media take {human_size(media['usedBytes'])}"
    if media["limitBytes"]:
        text += f" of {human_size(media['limitBytes'])}"
    if media["protectedBytes"]:
        text += f", {human_size(media['protectedBytes'])} of them protected"
    if last := media["lastRemoved"]:
        text += f"\n{media['removed']} removed, the last {local_time(last['date'])}: {last['file']} ({last['reason']})"
    text += "".join(f"\n{unmet}" for unmet in media["unmet"])
    if media["fullSince"]:
        text += f"\nrecordings wait for room since {local_time(media['fullSince'])}"
    return Fact("disk", text, "bold red" if media["fullSince"] else "yellow" if media["unmet"] else "")


def _incidents(incidents: list[dict[str, Any]]) -> list[Fact]:
    if not incidents:
        return [Fact("incidents", "none")]
    newest = sorted(incidents, key=lambda item: item["date"] or "", reverse=True)
    facts = [
        Fact("incident", f"{local_time(item['date'])} {item['code']}: {item['message']}", "yellow")
        for item in newest[:MANY_INCIDENTS]
    ]
    more = len(newest) - MANY_INCIDENTS
    return facts + ([Fact("", f"and {more} more, in: cuelight status --json")] if more > 0 else [])
