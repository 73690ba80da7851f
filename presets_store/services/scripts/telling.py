"""The words in which scripts tell of what was seen."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from presets_store.protocol.fields import format_moment
from presets_store.rules.scripts.placeholders import fill
from presets_store.storage.scripts.records import Script, Trigger


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What scripts look at. `values`: what placeholders stand for, but for the script's title."""

    trigger: Trigger
    camera_name: str
    device_name: str
    event_description: str
    values: Mapping[str, Any]

    def values_for(self, script: Script) -> dict[str, Any]:
        """What the placeholders of this script stand for."""
        return {**self.values, "script": script.title}


def title_of(script: Script, seen: Seen) -> str:
    """One line: which script, and where."""
    return f"{script.title or seen.event_description or seen.trigger.event_name}: {seen.camera_name}"


def words_of(script: Script, extra: Mapping[str, Any], seen: Seen) -> str:
    """The script's own text with its placeholders filled, else what was seen, where and when."""
    if extra.get("text"):
        return str(fill(extra["text"], seen.values_for(script)))
    what = seen.event_description or seen.trigger.event_name
    count = f" ({seen.values['count']})" if "count" in seen.values else ""
    return f"{what}{count}\n{seen.camera_name}, {seen.device_name}\n{seen.values['time']}"


def webhook_body(script: Script, extra: Mapping[str, Any], seen: Seen) -> str:
    """The JSON that a webhook gets."""
    trigger = seen.trigger
    body = {
        "trigger_id": trigger.uuid,
        "script": {"id": script.remote_id or script.key, "uuid": script.uuid, "title": script.title},
        "event": trigger.event_name,
        "camera": {"id": trigger.camera_key, "name": seen.camera_name},
        "device": {"id": trigger.device_key, "name": seen.device_name},
        "occurred_at": format_moment(trigger.occurred),
        "attributes": json.loads(trigger.attributes or "{}"),
        "text": words_of(script, extra, seen),
    }
    return json.dumps(body, ensure_ascii=False)
