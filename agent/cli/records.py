"""How the API's records read for people: columns of tables, lines of descriptions. Pure."""

import json
from pathlib import Path
from typing import Any

from agent.cli.output import Column, Fact, Record, status_name, status_style
from agent.cli.text import NONE, clean, human_seconds, local_time, percent, shortened
from agent.sizes import human_size
from presets_store.protocol.event_types import EVENT_TYPES
from presets_store.protocol.statuses import EventStatus
from presets_store.redaction import redact

MAX_OUTCOME = 80
DAY, MINUTE = len("2026-07-01"), len("2026-07-01 12:00")
CAMERA_STYLES = {"open": "green", "closed": "dim", "opening": "cyan", "unavailable": "bold red", "stalled": "bold red"}
MODE_STYLES = {"online": "green", "standalone": "bold yellow", "starting": "cyan"}
KEY_STYLES = {"active": "green", "revoked": "dim"}
CLIP_STYLES = {
    "closed": "green", "recording": "bold cyan", "recovered": "yellow", "missing": "bold red", "removed": "dim",
}  # fmt: skip


def event_type_name(record: Record) -> str:
    """The wire name, from the record or from its number."""
    number = record.get("eventTypeID", 0)
    known = EVENT_TYPES.get(number)
    return str(record.get("eventType") or (known.wire_name if known else f"type {number}"))


def attempts(record: Record) -> str:
    """`1/3`: the first of three; 0 and 1 allow one."""
    return f"{record['attemptNumber']}/{max(1, record['maxAttempts'])}"


def outcome(record: Record) -> str:
    """An event's result in a few words: its message, note or clips; text that is not JSON as it is."""
    text = record.get("result") or ""
    try:
        result = json.loads(text)
    except ValueError:
        return shortened(clean(text), MAX_OUTCOME)
    if not isinstance(result, dict):
        return shortened(clean(text), MAX_OUTCOME)
    words = [str(result[name]) for name in ("message", "note") if result.get(name)]
    clips = result.get("clips")
    if isinstance(clips, list) and clips:
        words.append(f"{len(clips)} clip{'s' if len(clips) > 1 else ''}, {_length(clips)}")
    return shortened(clean("; ".join(words)), MAX_OUTCOME)


def _length(clips: list[Any]) -> str:
    seconds = [clip.get("seconds", 0) for clip in clips if isinstance(clip, dict)]
    return human_seconds(sum(value for value in seconds if isinstance(value, int | float)))


def pretty_json(text: str | None) -> str:
    """A JSON text over several lines, without secrets; any other text as it is."""
    try:
        return json.dumps(redact(json.loads(text or "")), indent=2, ensure_ascii=False)
    except ValueError:
        return text or NONE


def short_parameters(text: str | None) -> str:
    """Event parameters on one line, without secrets: `width=1280 encoding=copy`; any other JSON as it is."""
    try:
        values = redact(json.loads(text or "{}"))
    except ValueError:
        return text or NONE
    if not isinstance(values, dict):
        return json.dumps(values, ensure_ascii=False)
    return " ".join(f"{name}={_value(value)}" for name, value in values.items())


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _status(record: Record) -> str:
    return status_name(record["eventStatus"])


def _status_style(record: Record) -> str:
    return status_style(record["eventStatus"])


def _status_and_progress(record: Record) -> str:
    done = record["percentComplete"] if record["eventStatus"] == EventStatus.PROCESSING else 0
    return f"{_status(record)} {percent(done)}" if done else _status(record)


EVENTS = (
    Column("ID", lambda event: str(event["key"]), right=True),
    Column("type", event_type_name),
    Column("status", _status_and_progress, _status_style),
    Column("try", attempts),
    Column("created", lambda event: local_time(event.get("creationDate"))),
    Column("outcome", outcome, lambda _: "dim", wide=True),
)


def start_of(preset: Record, device: Record) -> list[str]:
    """The starts of `device` at which the preset runs: of `online` and `standalone`."""
    bindings = {"online": "deviceReadyEventPresetID", "standalone": "standaloneEventPresetID"}
    return [state for state, member in bindings.items() if device.get(member) == preset["key"]]


PRESETS = (
    Column("ID", lambda preset: str(preset["key"]), right=True),
    Column("name", lambda preset: preset.get("eventPresetName") or NONE, lambda _: "bold"),
    Column("type", event_type_name),
    Column("start", lambda preset: ", ".join(preset["startup"]) or NONE, lambda _: "cyan"),
    Column("prio", lambda preset: str(preset["priority"]), right=True),
    Column("tries", lambda preset: str(max(1, preset["maxAttempts"])), right=True),
    Column("parameters", lambda preset: short_parameters(preset.get("eventParameters")), lambda _: "dim", wide=True),
)

CAMERAS = (
    Column("ID", lambda camera: str(camera["key"]), right=True),
    Column("index", lambda camera: str(camera["cameraIndex"]), right=True),
    Column("name", lambda camera: camera.get("name") or NONE, lambda _: "bold"),
    Column("state", lambda camera: camera.get("state") or NONE, lambda camera: CAMERA_STYLES.get(camera["state"], "")),
    Column("source", lambda camera: camera.get("backend") or NONE),
    Column("address", lambda camera: camera.get("address") or NONE, lambda _: "dim", wide=True),
)

DEVICES = (
    Column("ID", lambda device: str(device["key"]), right=True),
    Column("name", lambda device: device.get("deviceName") or NONE, lambda _: "bold"),
    Column("serial number", lambda device: device.get("serialNumber") or NONE),
    Column("last heard from", lambda device: local_time(device.get("lastHeardFromDate"))[:MINUTE]),
)

KEYS = (
    Column("ID", lambda key: str(key["key"]), right=True),
    Column("access key", lambda key: key["accessKey"], lambda _: "bold"),
    Column("status", lambda key: key["status"], lambda key: KEY_STYLES.get(key["status"], "")),
    Column("created", lambda key: local_time(key.get("creationDate"))[:DAY]),
    Column("last used", lambda key: local_time(key.get("lastAccessDate"))[:MINUTE]),
    Column("description", lambda key: key.get("aPIKeyDescription") or NONE, wide=True),
)

USERS = (
    Column("ID", lambda user: str(user["key"]), right=True),
    Column("name", lambda user: user["userName"], lambda _: "bold"),
    Column("role", lambda user: user["role"]),
    Column("scope", lambda user: "all" if user["scope"] == "all" else f"{user['scope']} {user['scopeID']}"),
    Column("status", lambda user: user["status"], lambda user: KEY_STYLES.get(user["status"], "dim")),
    Column("signs in by", lambda user: "password, keys" if user["hasPassword"] else "keys"),
    Column("created", lambda user: local_time(user.get("creationDate"))[:DAY]),
    Column("e-mail", lambda user: user.get("email") or NONE, wide=True),
)


def _clip_state(clip: Record) -> str:
    state = str(clip.get("state") or NONE)
    return f"{state}, protected" if clip.get("protected") else state


CLIPS = (
    Column("ID", lambda clip: str(clip["key"]), right=True),
    Column("event", lambda clip: str(clip.get("eventID") or NONE), right=True),
    Column("camera", lambda clip: clip.get("cameraID") or NONE),
    Column("started", lambda clip: local_time(clip.get("startDate"))),
    Column("length", lambda clip: human_seconds(clip["clipLengthInSeconds"]), right=True),
    Column("size", lambda clip: human_size(clip["fileSize"]), right=True),
    Column("state", _clip_state, lambda clip: CLIP_STYLES.get(clip["state"], "")),
    Column("file", lambda clip: clip.get("file") or NONE, lambda _: "dim", wide=True),
)


def event_facts(event: Record, clips: list[dict[str, Any]]) -> list[Fact]:
    """An event, described. Members that the reduced record lacks are left out."""
    facts = [Fact("event", str(event["key"]), "bold")]
    if event.get("eventTypeID"):
        facts.append(Fact("type", event_type_name(event)))
    facts += [
        Fact("status", _status(event), _status_style(event)),
        Fact("done", percent(event["percentComplete"])),
        Fact("attempt", attempts(event)),
        Fact("priority", str(event["priority"])),
    ]
    if event.get("creationDate"):
        facts.append(Fact("created", local_time(event["creationDate"])))
    facts.append(Fact("parameters", pretty_json(event.get("eventParameters"))))
    facts += [
        Fact("clip", f"{clip['key']}: {clip['file']} ({human_seconds(clip['clipLengthInSeconds'])})") for clip in clips
    ]
    return [*facts, Fact("result", pretty_json(event.get("result")))]


def preset_facts(preset: Record) -> list[Fact]:
    """A preset, described."""
    return [
        Fact("preset", str(preset["key"]), "bold"),
        Fact("name", preset.get("eventPresetName") or NONE),
        Fact("type", event_type_name(preset)),
        Fact("device", str(preset["deviceID"])) if preset["deviceID"] else _group(preset),
        Fact("start", ", ".join(preset["startup"]) or NONE),
        Fact("priority", str(preset["priority"])),
        Fact("attempts", str(max(1, preset["maxAttempts"]))),
        Fact("created", local_time(preset.get("creationDate"))),
        Fact("parameters", pretty_json(preset.get("eventParameters"))),
    ]


def _group(preset: Record) -> Fact:
    return Fact("device group", str(preset["deviceGroupID"]))


def clip_facts(clip: Record, media_folder: Path) -> list[Fact]:
    """A clip, described, with the whole path of its file."""
    picture = f"{clip['width']} x {clip['height']}, {clip['framesPerSecond']:g} per second, {clip['codec']}"
    frames = f"{clip['frames']}" + (f" ({clip['droppedFrames']} dropped)" if clip["droppedFrames"] else "")
    return [
        Fact("clip", str(clip["key"]), "bold"),
        Fact("state", _clip_state(clip), CLIP_STYLES.get(clip["state"], "")),
        Fact("file", str(media_folder / clip["file"])),
        Fact("event", f"{clip['eventID'] or NONE}, attempt {clip['attemptNumber']}"),
        Fact("camera", clip["cameraID"]),
        Fact("started", f"{local_time(clip['startDate'])} (clock: {clip['clockQuality'] or NONE})"),
        Fact("length", human_seconds(clip["clipLengthInSeconds"])),
        Fact("picture", picture + (", encoded here" if clip["encoded"] else "")),
        Fact("frames", frames),
        Fact("size", human_size(clip["fileSize"])),
        Fact("SHA-256", clip["sHA256Hash"] or NONE),
    ]
