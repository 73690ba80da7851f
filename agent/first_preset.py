"""`run --first-preset`: the whole path once, the way a stranger would go it: by signed requests over TCP."""

import asyncio
import json
import sys
from typing import Any, TextIO

from agent.errors import UpstreamRefused, UpstreamUnreachable
from agent.upstream.client import SignedClient
from presets_store.protocol.statuses import EventStatus

NAME = "First preset"
SECONDS = 10
BAR = 32
LOOK_EVERY = 0.25


async def show_first_preset(client: SignedClient, device_key: int, media_folder: str, out: TextIO = sys.stdout) -> bool:
    """Creates the preset unless it is there, runs it, shows its progress and its clip; True when it ended Complete."""
    try:
        preset = await _preset(client, device_key)
        answer = await client.request("POST", f"/v1/eventpreset/run/{preset}", {})
        event = int(answer.json()["EventID"])
        _say(out, f"preset {preset} ({NAME}: record {SECONDS} s) was triggered by a signed request: event {event}")
        ended = await _followed(client, event, out)
        return _told(event, ended, media_folder, out)
    except (UpstreamRefused, UpstreamUnreachable) as error:
        _say(out, f"the first preset could not be run: {error}")
        return False


async def _preset(client: SignedClient, device_key: int) -> int:
    listed = (await client.request("GET", f"/v1/eventpreset/list/device/{device_key}")).json()
    for preset in listed:
        if preset["eventPresetName"] == NAME and preset["deviceID"] == device_key:  # not one of its groups
            return int(preset["key"])
    body = {
        "eventPresetName": NAME,
        "deviceID": device_key,
        "deviceGroupID": 0,
        "agentType": "Video",
        "eventType": "Video_Start_recording",
        "eventParameters": json.dumps({"durationSeconds": SECONDS}),
        "priority": 1,
        "maxAttempts": 3,
        "expirationEpoch": 0,
    }
    return int((await client.request("POST", "/v1/eventpreset", body)).json()["key"])


async def _followed(client: SignedClient, event: int, out: TextIO) -> dict[str, Any]:
    """Shows a bar until the event has ended; answers its last record."""
    shown = -1
    while True:
        record: dict[str, Any] = (await client.request("GET", f"/v1/event/{event}")).json()
        ended = EventStatus(record["eventStatus"]).terminal
        percent = 100 if ended else min(99, int(record["percentComplete"]))
        if percent != shown:
            shown = percent
            _bar(out, percent)
        if ended:
            return record
        await asyncio.sleep(LOOK_EVERY)


def _bar(out: TextIO, percent: int) -> None:
    if not out.isatty():
        return
    done = BAR * percent // 100
    out.write(f"\r  [{'#' * done}{'.' * (BAR - done)}] {percent:3d} %")
    if percent == 100:
        out.write("\n")
    out.flush()


def _told(event: int, ended: dict[str, Any], media_folder: str, out: TextIO) -> bool:
    status = EventStatus(ended["eventStatus"])
    result = json.loads(ended["result"] or "{}")
    if status is not EventStatus.COMPLETE:
        _say(out, f"event {event} ended as {status.wire_name}: {result.get('message', ended['result'])}")
        return False
    for clip in result["clips"]:
        facts = f"{clip['seconds']:.1f} s, {clip['frames']} frames, {clip['size'] / 1e6:.1f} MB"
        _say(out, f"clip: {media_folder}/{clip['file']}  ({facts})")
    for note in result["notes"]:
        _say(out, f"note: {note}")
    _say(
        out,
        "The agent stays up until Ctrl-C. In another terminal: cuelight preset list, clip list, doctor.",
    )
    return True


def _say(out: TextIO, text: str) -> None:
    print(text, file=out, flush=True)  # what this module is for
