"""Presets to files and back. Loads the models of all parameters: only for the two commands that need them."""

import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from agent.cli.client import AgentClient
from agent.cli.errors import FileExists, FileUnusable, NotExportable, PresetFileInvalid, Refused
from agent.cli.presets.exchange import STANDARD_STREAM
from agent.cli.presets.files import MemberFile, PresetFile, file_of, member_of, read_file
from agent.cli.session import NOT_FOUND, Session
from presets_store.durable import write_durably
from presets_store.errors import CuelightError
from presets_store.protocol.errors import FieldProblem
from presets_store.protocol.parameters import WORKFLOW

LARGEST_FILE = 32 << 20
"""Bytes of a preset file that are read; a workflow of 100 presets of the largest size has less."""

Record = dict[str, Any]


def export(session: Session, preset: str, file: Path, *, force: bool) -> None:
    """Writes the preset to the file. Raises NotExportable, FileExists, FileUnusable."""
    record = session.preset(preset)
    document = file_of(record, _steps(session.client, record) if record["eventTypeID"] == WORKFLOW else None)
    if file == STANDARD_STREAM:
        session.output.document(document)
        return
    _write(file, json.dumps(document, indent=2, ensure_ascii=False) + "\n", force=force)
    key = record["key"]
    session.output.answer({"key": key, "file": str(file)}, f"preset {key} ({record['eventPresetName']}) is in {file}")


def store(session: Session, file: Path, device: str) -> None:
    """Stores the preset of the file. Raises FileUnusable, BadJson, PresetFileInvalid: nothing is stored then."""
    source = "the standard input" if file == STANDARD_STREAM else str(file)
    wanted = read_file(_read(file), source)
    home = session.device(device)
    devices = _devices(session, wanted, source, home["key"])
    stored, members = _store(session.client, wanted, home["key"], devices)
    text = f"preset {stored['key']} ({stored['eventPresetName']}) is stored on {home['deviceName']}"
    if members:
        text += f", with the presets of its steps: {', '.join(map(str, members))}"
    session.output.answer(stored | {"members": members}, text)


def _steps(client: AgentClient, workflow: Record) -> list[Record]:
    """Raises NotExportable for a step whose preset is not there, or is a workflow itself."""
    steps: list[Record] = []
    for number, step in enumerate(json.loads(workflow["eventParameters"] or "[]"), 1):
        try:
            preset = client.get(f"/v1/eventpreset/{step['eventPresetID']}")
            owner = step.get("deviceID") or preset["deviceID"]
            elsewhere = owner != workflow["deviceID"]
            device = {"device": client.get(f"/v1/device/{owner}")["serialNumber"]} if elsewhere else {}
        except Refused as refused:
            raise NotExportable(preset=workflow["key"], reason=f"step {number}: {refused.message}") from refused
        if preset["eventTypeID"] == WORKFLOW:
            raise NotExportable(preset=workflow["key"], reason=f"step {number} is a workflow itself")
        steps.append(device | {"preset": member_of(preset)})
    return steps


def _write(file: Path, text: str, *, force: bool) -> None:
    try:
        # For the owner only, which is the default: parameters may hold a stream's key.
        write_durably(file, text.encode(), exclusive=not force)
    except FileExistsError:
        raise FileExists(path=file) from None
    except OSError as error:
        raise FileUnusable(path=file, done="written", reason=error.strerror) from error


def _read(file: Path) -> bytes:
    try:
        with sys.stdin.buffer if file == STANDARD_STREAM else file.open("rb") as opened:
            text = opened.read(LARGEST_FILE + 1)
    except OSError as error:
        raise FileUnusable(path=file, done="read", reason=error.strerror) from error
    if len(text) > LARGEST_FILE:
        raise FileUnusable(path=file, done="read", reason=f"it has more than {LARGEST_FILE} bytes")
    return text


def _devices(session: Session, wanted: PresetFile, source: str, home: int) -> dict[str, int]:
    """The key of each device that the file names. Raises PresetFileInvalid when there is no such device."""
    keys, problems = {"": home}, []
    for index, step in enumerate(wanted.members):
        if step.device in keys:
            continue
        try:
            keys[step.device] = session.device(step.device)["key"]
        except Refused as refused:
            if refused.status != NOT_FOUND:
                raise
            expected = "the serial number of a device that the agent knows"
            problems.append(FieldProblem(f"steps[{index}].device", f"is unknown ({refused.message})", expected))
    if problems:
        raise PresetFileInvalid(source, problems)
    return keys


def _store(client: AgentClient, wanted: PresetFile, home: int, devices: dict[str, int]) -> tuple[Record, list[int]]:
    """The stored preset and the keys of the presets of its steps. All or nothing: what was begun is taken back."""
    stored: list[int] = []
    made: dict[tuple[str, str], int] = {}
    steps: list[Record] = []
    try:
        for step in wanted.members:
            same = (step.device, json.dumps(step.preset.dump(), sort_keys=True))
            if same not in made:
                made[same] = _create(client, step.preset, step.preset.parameters, devices[step.device], stored)["key"]
            steps.append({"deviceID": devices[step.device], "eventPresetID": made[same]})
        parameters = wanted.parameters if wanted.steps is None else steps
        return _create(client, wanted, parameters, home, stored), list(made.values())
    except CuelightError:
        for key in reversed(stored):
            with suppress(CuelightError):  # the first failure is the one to tell
                client.request("DELETE", f"/v1/eventpreset/{key}")
        raise


def _create(client: AgentClient, member: MemberFile, parameters: Any, device: int, stored: list[int]) -> Record:
    body = {
        "eventPresetName": member.name,
        "deviceID": device,
        "deviceGroupID": 0,
        "eventType": member.kind.wire_name,
        "eventParameters": json.dumps(parameters),
        "priority": member.priority,
        "maxAttempts": member.max_attempts,
        "expirationEpoch": member.expiration_epoch,
    }
    record: Record = client.post("/v1/eventpreset", body)
    stored.append(record["key"])
    if not member.tag_string and not member.tag_number:
        return record
    # The contract's way to tags: a preset is made without them.
    tagged = record | {"tagString": member.tag_string, "tagNumber": member.tag_number}
    client.request("PUT", f"/v1/eventpreset/{record['key']}", tagged)
    return tagged
